import { destination, pino, type DestinationStream, type Level, type Logger } from 'pino';

const SECRETS = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'approval_token',
  'approvalToken',
  'POSTGRES_URL',
  '*.authorization',
  '*.cookie',
  '*.password',
  '*.secret',
  '*.token',
  '*.approval_token',
  '*.approvalToken',
  'req.headers',
  'err.config',
];

export interface LoggerOptions {
  readonly service: string;
  readonly level: Level | 'silent';
  /** Default: standard output, buffered by the kernel's pace. */
  readonly stream?: DestinationStream;
}

/** Structured JSON, one line per message, times in UTC; well-known secret members are never written. */
export const createLogger = ({ service, level, stream }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS, censor: '[redacted]' },
    },
    stream ?? destination({ dest: 1, sync: false }),
  );
