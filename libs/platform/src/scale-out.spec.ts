import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig } from '@verdict/nest-kit';
import { type ServiceConfig, ServiceEnv } from './config.js';
import { busChoiceOf, logChoiceOf } from './scale-out.js';

const folder = mkdtempSync(join(tmpdir(), 'verdict-scale-out-'));
const fileOf = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const configOf = (env: Readonly<Record<string, string>>): ServiceConfig =>
  loadConfig(ServiceEnv, {
    AUTH_ISSUERS: JSON.stringify([{ issuer: 'x', jwksUrl: 'https://issuer.example/jwks' }]),
    POSTGRES_URL: 'postgresql://verdict_service:hunter2@db:5432/verdict',
    ...env,
  });
const problemsOf = (work: () => unknown): readonly string[] => {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('the environment of the scale-out profile', () => {
  it('is the database and its log where nothing is said', () => {
    const config = configOf({});
    expect(logChoiceOf(config)).toMatchObject({ kind: 'postgres', url: config.POSTGRES_URL });
    expect(busChoiceOf(config)).toEqual({ kind: 'log' });
  });

  it('takes one or several hosts of EventStoreDB, and a cluster by name', () => {
    for (const url of ['esdb://a:2113?tls=false', 'esdb://u:p@a:2113,b:2113', 'esdb+discover://log.example'])
      expect(logChoiceOf(configOf({ VERDICT_LOG: 'eventstoredb', EVENTSTORE_URL: url }))).toEqual({
        kind: 'eventstoredb',
        url,
      });
    expect(problemsOf(() => configOf({ EVENTSTORE_URL: 'https://a' }))[0]).toMatch(/^EVENTSTORE_URL/);
  });

  it('gives journals an access list: their writer is the user of the connection, and only TLS makes users known', () => {
    const env = { VERDICT_LOG: 'eventstoredb', EVENTSTORE_READERS: 'gate,approvals,audit' };
    const url = 'esdb+discover://gate:hunter2@log.example:2113?tlsCAFile=ca.pem';
    expect(logChoiceOf(configOf({ ...env, EVENTSTORE_URL: url }))).toEqual({
      ...{ kind: 'eventstoredb', url },
      access: { writer: 'gate', readers: ['gate', 'approvals', 'audit'] },
    });
    for (const unfit of ['esdb://log.example:2113', 'esdb://gate:hunter2@log.example?tls=false']) {
      const problems = problemsOf(() => logChoiceOf(configOf({ ...env, EVENTSTORE_URL: unfit })));
      expect(problems).toEqual(['EVENTSTORE_URL: needs a user and TLS with EVENTSTORE_READERS']);
    }
  });

  it('takes brokers, topics, TLS and credentials; the password comes from a file', () => {
    const bus = busChoiceOf(
      configOf({
        VERDICT_BUS: 'kafka',
        KAFKA_BROKERS: 'a:9092, b:9092',
        KAFKA_TLS: 'true',
        KAFKA_CA_FILE: fileOf('ca.pem', 'the authority'),
        KAFKA_SASL_MECHANISM: 'scram-sha-256',
        KAFKA_SASL_USERNAME: 'verdict',
        KAFKA_SASL_PASSWORD_FILE: fileOf('password', 'hunter2\n'),
        KAFKA_TOPIC_PARTITIONS: '24',
      }),
    );
    expect(bus).toEqual({
      kind: 'kafka',
      brokers: ['a:9092', 'b:9092'],
      clientId: 'verdict',
      topicPrefix: 'verdict',
      ssl: { ca: 'the authority' },
      sasl: { mechanism: 'scram-sha-256', username: 'verdict', password: 'hunter2' },
      topics: { partitions: 24, replicationFactor: 3, minInsyncReplicas: 2 },
    });
  });

  it.each([
    [{ VERDICT_LOG: 'eventstoredb' }, 'EVENTSTORE_URL'],
    [{ VERDICT_BUS: 'kafka' }, 'KAFKA_BROKERS'],
    [{ VERDICT_BUS: 'kafka', KAFKA_BROKERS: 'a' }, 'KAFKA_BROKERS'],
    [{ VERDICT_BUS: 'kafka', KAFKA_BROKERS: 'a:1', KAFKA_SASL_MECHANISM: 'plain' }, 'KAFKA_SASL_USERNAME'],
    [
      { VERDICT_BUS: 'kafka', KAFKA_BROKERS: 'a:1', KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'v' },
      'KAFKA_SASL_PASSWORD_FILE',
    ],
    [
      { VERDICT_BUS: 'kafka', KAFKA_BROKERS: 'a:1', KAFKA_TLS: 'true', KAFKA_CA_FILE: '/nowhere/ca.pem' },
      'KAFKA_CA_FILE',
    ],
    [{ VERDICT_BUS: 'carrier-pigeon' }, 'VERDICT_BUS'],
    [{ VERDICT_LOG: 'paper' }, 'VERDICT_LOG'],
  ])('names what is missing or wrong, and no value: %j', (env, variable) => {
    const problems = problemsOf(() => {
      const config = configOf(env);
      logChoiceOf(config);
      busChoiceOf(config);
    });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${variable}\\b`));
    expect(problems[0]).not.toMatch(/hunter2|nowhere|pigeon|paper/);
  });
});
