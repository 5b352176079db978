import { destination, pino, type DestinationStream, type Level, type Logger } from 'pino';
import { redactMembers } from './redact-members.js';

/** A line waits at most this long, and not at all when the process ends or the buffer is full. */
const FLUSH_MS = 500;
const BUFFER_BYTES = 8192;

export interface LoggerOptions {
  readonly service: string;
  readonly level: Level | 'silent';
  /** Default: standard output, through a small buffer. */
  readonly stream?: DestinationStream;
}

/** Structured JSON, one line per message, times in UTC; well-known secret members are never written. */
export const createLogger = ({ service, level, stream }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (members) => redactMembers(members) },
    },
    stream ?? destination({ dest: 1, sync: false, minLength: BUFFER_BYTES, periodicFlush: FLUSH_MS }),
  );
