import { type Admin, Kafka, type ISocketFactory, type LogEntry, logLevel } from 'kafkajs';
import type { ConnectionOptions } from 'node:tls';

type Mechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

export type KafkaCredentials = {
  readonly [M in Mechanism]: { readonly mechanism: M; readonly username: string; readonly password: string };
}[Mechanism];

/** One line of the client's own log. The fields are names and numbers, never keys, values or credentials. */
export interface KafkaLogLine {
  readonly level: 'error' | 'warn' | 'info';
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

export interface KafkaConnectionOptions {
  /** `host:port`; one that answers names the others. */
  readonly brokers: readonly string[];
  /** Shown in the brokers' logs and quotas. Default: `verdict`. */
  readonly clientId?: string;
  /** TLS: true for the system's authorities, or what node:tls takes. Default: none. */
  readonly ssl?: ConnectionOptions | boolean;
  readonly sasl?: KafkaCredentials;
  /** Default: nothing is logged. */
  readonly log?: (line: KafkaLogLine) => void;
  /** Makes sockets, for instance through a proxy. Default: node:net and node:tls. */
  readonly socketFactory?: ISocketFactory;
}

const CONNECT_MS = 3_000;
const REQUEST_MS = 10_000;
const LEVELS: ReadonlyMap<logLevel, KafkaLogLine['level']> = new Map([
  [logLevel.ERROR, 'error'],
  [logLevel.WARN, 'warn'],
  [logLevel.INFO, 'info'],
]);
/** What the client adds to its lines may hold payloads; these members do not. */
const FIELDS = ['broker', 'error', 'groupId', 'memberId', 'partition', 'retryCount', 'retryTime', 'topic'];

const fieldsOf = (log: Readonly<Record<string, unknown>>): Record<string, string | number> => {
  const fields: Record<string, string | number> = {};
  for (const name of FIELDS) {
    const value = log[name];
    if (typeof value === 'string' || typeof value === 'number') fields[name] = value;
  }
  return fields;
};

const lineOf = ({ level, log, namespace }: LogEntry): KafkaLogLine => ({
  level: LEVELS.get(level) ?? 'info',
  message: namespace === '' ? log.message : `${namespace}: ${log.message}`,
  fields: fieldsOf(log),
});

/**
 * A client of its own for whoever asks: the driver keeps committed offsets per client and group, and two members of one
 * group would overwrite each other's.
 */
export const connectTo = (options: KafkaConnectionOptions): Kafka => {
  const { log = () => undefined, socketFactory, ssl, sasl } = options;
  return new Kafka({
    clientId: options.clientId ?? 'verdict',
    brokers: [...options.brokers],
    connectionTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    // Short: who uses the client tries again, and tells the operators meanwhile.
    retry: { initialRetryTime: 50, maxRetryTime: 300 },
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => {
      log(lineOf(entry));
    },
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    ...(socketFactory === undefined ? {} : { socketFactory }),
  });
};

/** Runs `work` on an administrative connection of its own. */
export const withAdmin = async <T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> => {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
};
