import { readFileSync } from 'node:fs';
import { ConfigError } from '@verdict/nest-kit';
import type { ServiceConfig } from './config.js';
import type { BusChoice } from './open-bus.js';
import type { LogChoice } from './open-log.js';

const needed = <T>(value: T | undefined, variable: string, because: string): T => {
  if (value === undefined) throw new ConfigError([`${variable}: needed with ${because}`]);
  return value;
};

const fileOf = (path: string, variable: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError([`${variable}: names a file that cannot be read`]);
  }
};

const saslOf = (config: ServiceConfig): Partial<Pick<Extract<BusChoice, { kind: 'kafka' }>, 'sasl'>> => {
  const mechanism = config.KAFKA_SASL_MECHANISM;
  if (mechanism === undefined) return {};
  const username = needed(config.KAFKA_SASL_USERNAME, 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_MECHANISM');
  const file = needed(config.KAFKA_SASL_PASSWORD_FILE, 'KAFKA_SASL_PASSWORD_FILE', 'KAFKA_SASL_MECHANISM');
  const password = fileOf(file, 'KAFKA_SASL_PASSWORD_FILE').trim();
  return { sasl: { mechanism, username, password } };
};

const sslOf = (config: ServiceConfig): Partial<Pick<Extract<BusChoice, { kind: 'kafka' }>, 'ssl'>> => {
  if (!config.KAFKA_TLS) return {};
  const { KAFKA_CA_FILE: file } = config;
  return { ssl: file === undefined ? true : { ca: fileOf(file, 'KAFKA_CA_FILE') } };
};

/** The user in a connection string: `esdb://user:password@host`. */
const USER = /^esdb(?:\+discover)?:\/\/([^:@/]+):[^@/]*@/;

/** Without TLS the store knows no users, so an access list asks for both. */
const accessOf = (
  url: string,
  readers: readonly string[],
): { readonly writer: string; readonly readers: readonly string[] } => {
  const [, writer] = USER.exec(url) ?? [];
  if (writer === undefined || /[?&]tls=false/.test(url))
    throw new ConfigError(['EVENTSTORE_URL: needs a user and TLS with EVENTSTORE_READERS']);
  return { writer: decodeURIComponent(writer), readers };
};

/** Which log the environment chooses. @throws ConfigError that names what is missing, never a value. */
export const logChoiceOf = (config: ServiceConfig): LogChoice => {
  if (config.VERDICT_LOG === 'postgres')
    return { kind: 'postgres', url: config.POSTGRES_URL, commitDelayMs: config.VERDICT_COMMIT_DELAY_MS };
  const url = needed(config.EVENTSTORE_URL, 'EVENTSTORE_URL', 'VERDICT_LOG=eventstoredb');
  const { EVENTSTORE_READERS: readers } = config;
  return { kind: 'eventstoredb', url, ...(readers === undefined ? {} : { access: accessOf(url, readers) }) };
};

/** Which bus the environment chooses. @throws ConfigError that names what is missing or cannot be read, never a value. */
export const busChoiceOf = (config: ServiceConfig): BusChoice => {
  if (config.VERDICT_BUS === 'log') return { kind: 'log' };
  return {
    kind: 'kafka',
    brokers: needed(config.KAFKA_BROKERS, 'KAFKA_BROKERS', 'VERDICT_BUS=kafka'),
    clientId: config.KAFKA_CLIENT_ID,
    topicPrefix: config.KAFKA_TOPIC_PREFIX,
    ...sslOf(config),
    ...saslOf(config),
    topics: {
      partitions: config.KAFKA_TOPIC_PARTITIONS,
      replicationFactor: config.KAFKA_TOPIC_REPLICATION,
      minInsyncReplicas: config.KAFKA_TOPIC_MIN_ISR,
    },
  };
};
