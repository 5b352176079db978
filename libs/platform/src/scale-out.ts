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

/** Which log the environment chooses. @throws ConfigError that names what is missing, never a value. */
export const logChoiceOf = (config: ServiceConfig): LogChoice =>
  config.VERDICT_LOG === 'postgres'
    ? { kind: 'postgres', url: config.POSTGRES_URL, commitDelayMs: config.VERDICT_COMMIT_DELAY_MS }
    : { kind: 'eventstoredb', url: needed(config.EVENTSTORE_URL, 'EVENTSTORE_URL', 'VERDICT_LOG=eventstoredb') };

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
