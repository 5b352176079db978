import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startKafkaBroker } from '../../../test/support/kafka/broker.mjs';
import { NODE_FLAGS } from '../node-flags.mjs';
import { startChild } from '../child.mjs';
import { RAISED_QUOTAS } from '../quotas.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const LOG_HOST = 'bench.verdict.local';
export const PARTITIONS = 4;

/** The services of a deployment besides its gates. */
const SERVICES = ['approvals', 'reconciliation', 'audit-export'];
export const processNames = (gates) => [
  ...Array.from({ length: gates }, (_, index) => `gate-${index + 1}`),
  ...SERVICES,
];
const appOf = (name) => name.replace(/-\d+$/, '');

const issuerOf = async (keys) => {
  const [key] = await keys.publicKeys('issuer');
  const x = Buffer.from(key.publicKey).toString('base64url');
  const jwk = { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: key.kid, x };
  return [{ issuer: 'verdict-standalone', jwks: { keys: [jwk] } }];
};

/** The test server of EventStoreDB's protocol as a process of its own: each answer comes after an fsync. */
const startEventStore = async (folder) => {
  const child = startChild({
    args: [join(ROOT, 'test/support/eventstore-server/dist/main.js'), '--data', join(folder, 'events')],
    logFile: join(folder, 'eventstore.log'),
  });
  let text = '';
  child.output.on('data', (chunk) => (text += chunk));
  const url = await child.ready('the EventStoreDB test server', () => /^listening (\S+)\n/.exec(text)?.[1]);
  return { ...child, url };
};

const openJournals = async (postgres, eventStore) => {
  if (eventStore !== undefined) {
    const { openEventStoreJournals } = await import('@verdict/adapter-eventstoredb');
    return openEventStoreJournals({ url: eventStore.url });
  }
  const { openPostgresJournals } = await import('@verdict/adapter-postgres');
  return openPostgresJournals({ url: postgres.serviceUrl });
};

const environmentOf = async ({ folder, postgres, eventStore, keys, keysDir, brokers, topicPrefix }) => ({
  POSTGRES_URL: postgres.serviceUrl,
  POSTGRES_ADMIN_URL: postgres.url,
  VERDICT_KEYS_DIR: keysDir,
  VERDICT_EXPORTS_DIR: join(folder, 'exports'),
  VERDICT_LOG_HOST: LOG_HOST,
  HTTP_PORT: '0',
  LOG_LEVEL: 'info', // The address is in a line of that level; nothing is logged per request.
  AUTH_ISSUERS: JSON.stringify(await issuerOf(keys)),
  VERDICT_BUS: 'kafka',
  KAFKA_BROKERS: brokers.join(','),
  KAFKA_TOPIC_PREFIX: topicPrefix,
  KAFKA_TOPIC_PARTITIONS: String(PARTITIONS),
  KAFKA_TOPIC_REPLICATION: '1',
  KAFKA_TOPIC_MIN_ISR: '1',
  ...RAISED_QUOTAS,
  ...(eventStore === undefined ? {} : { VERDICT_LOG: 'eventstoredb', EVENTSTORE_URL: eventStore.url }),
});

/** A process of the product; `url` resolves when it is ready. */
const launchProduct = (name, env, logFile) => {
  const child = startChild({ args: [...NODE_FLAGS, join(ROOT, 'apps', appOf(name), 'dist/main.js')], env, logFile });
  let text = '';
  const read = (chunk) => (text += chunk);
  child.output.on('data', read);
  const url = child
    .ready(name, () => /"url":"([^"]+)","msg":"ready"/.exec(text)?.[1])
    .finally(() => child.output.off('data', read));
  url.catch(() => undefined); // Whoever waits for it is told.
  return { ...child, url };
};

/** Everything that a failed start has to take down again, the last first. */
const stack = () => {
  const ends = [];
  return {
    add: (end) => ends.push(end),
    end: async () => {
      for (const end of ends.splice(0).reverse()) await end();
    },
  };
};

const openParts = async ({ folder, log, open }) => {
  const { startEmbeddedPostgres } = await import('@verdict/adapter-postgres');
  const { openFileKeyStore } = await import('@verdict/adapter-file');
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres', 'data'),
    log: () => undefined,
  });
  open.add(() => postgres.stop());
  const broker = await startKafkaBroker();
  open.add(() => broker.stop());
  const eventStore = log === 'eventstoredb' ? await startEventStore(folder) : undefined;
  if (eventStore !== undefined) open.add(() => eventStore.stop());
  const keysDir = join(folder, 'keys');
  return { folder, postgres, broker, eventStore, keysDir, keys: await openFileKeyStore(keysDir) };
};

/**
 * A deployment of separate processes on loopback: `gates` gates and one of each other service, each a built process of the
 * product, over a real Kafka broker and the log that was asked for. The first process migrates the database. `onServer` is
 * given what takes all of it down, also while it starts.
 */
export const startDeployment = async ({ folder, log, names, onServer }) => {
  mkdirSync(folder, { mode: 0o711 });
  const open = stack();
  onServer({ stop: open.end });
  try {
    const parts = await openParts({ folder, log, open });
    const { postgres, broker, eventStore, keys } = parts;
    const topicPrefix = `bench-${randomBytes(4).toString('hex')}`;
    const shared = await environmentOf({ ...parts, brokers: broker.brokers, topicPrefix });
    const processes = new Map();
    open.add(() => Promise.all([...processes.values()].map((child) => child.stop())));
    const launch = (name, env = {}) => {
      const child = launchProduct(name, { ...shared, KAFKA_CLIENT_ID: name, ...env }, join(folder, `${name}.log`));
      processes.set(name, child);
      return child;
    };
    const run = async (name) => {
      const child = launch(name);
      processes.set(name, { ...child, url: await child.url });
    };
    const [first, ...others] = names;
    await run(first);
    await Promise.all(others.map((name) => run(name)));
    const journals = await openJournals(postgres, eventStore);
    open.add(() => journals.close());
    return {
      ...{ postgres, broker, eventStore, keys, journals, topicPrefix, names, launch, run },
      logHost: LOG_HOST,
      topic: (kind) => `${topicPrefix}.${kind}.v1`,
      process: (name) => processes.get(name),
      dispose: open.end,
    };
  } catch (error) {
    await open.end();
    throw error;
  }
};
