import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers, type KafkaBroker, type KafkaPlace, startKafkaBroker } from '../../../test/support/kafka/broker.mjs';
import { describeKafkaServer } from '../../../test/support/kafka/describe-kafka.js';
import type { KafkaCredentials, KafkaLogLine } from './connection.js';
import { openKafkaBus } from './kafka-bus.js';
import { freshPrefix, testOptions } from './testing/bus-clients.js';
import { patiently, TEST_MS } from './testing/eventually.js';
import { journalOf } from './testing/records.js';

const SECRET = 'a-password-of-this-test';
const STORE_PASSWORD = 'of-the-key-store';
const MODULES = 'org.apache.kafka.common.security';
const LISTENER = 'listener.name.sasl_ssl';

const keytool = (...args: readonly string[]): string => {
  const home = process.env['JAVA_HOME'] ?? '';
  const { status, stdout, stderr } = spawnSync(home === '' ? 'keytool' : join(home, 'bin/keytool'), args, {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`keytool: ${stdout}${stderr}`);
  return stdout;
};

/** TLS with a certificate of its own, and users in each of the ways that services may log in. */
const settingsOf =
  (keyStore: string) =>
  ({ port, controllerPort }: KafkaPlace): Readonly<Record<string, string>> => ({
    listeners: `SASL_SSL://127.0.0.1:${String(port)},CONTROLLER://127.0.0.1:${String(controllerPort)}`,
    'advertised.listeners': `SASL_SSL://127.0.0.1:${String(port)}`,
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL',
    'inter.broker.listener.name': 'SASL_SSL',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'ssl.keystore.location': keyStore,
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.password': STORE_PASSWORD,
    'ssl.truststore.location': keyStore,
    'ssl.truststore.type': 'PKCS12',
    'ssl.truststore.password': STORE_PASSWORD,
    [`${LISTENER}.plain.sasl.jaas.config`]: `${MODULES}.plain.PlainLoginModule required username="broker" password="${SECRET}" user_broker="${SECRET}" user_verdict="${SECRET}";`,
    [`${LISTENER}.scram-sha-256.sasl.jaas.config`]: `${MODULES}.scram.ScramLoginModule required;`,
    [`${LISTENER}.scram-sha-512.sasl.jaas.config`]: `${MODULES}.scram.ScramLoginModule required;`,
  });

jest.setTimeout(TEST_MS);

describeKafkaServer('A broker with TLS and SASL', () => {
  let folder: string;
  let certificate: string;
  let broker: KafkaBroker;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'verdict-kafka-tls-'));
    const keyStore = join(folder, 'keys.p12');
    const store = ['-keystore', keyStore, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD, '-alias', 'broker'];
    keytool(
      '-genkeypair',
      ...store,
      '-keyalg',
      'EC',
      '-dname',
      'CN=127.0.0.1',
      '-ext',
      'SAN=ip:127.0.0.1',
      '-validity',
      '7',
    );
    certificate = keytool('-exportcert', ...store, '-rfc');
    const ssl = { ca: [certificate] };
    const sasl = { mechanism: 'plain', username: 'verdict', password: SECRET };
    broker = await startKafkaBroker({
      settings: settingsOf(keyStore),
      scram: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((name) => `${name}=[name=verdict,password=${SECRET}]`),
      isReady: (brokers) => answers(brokers, { ssl, sasl }),
    });
  }, 120_000);
  afterAll(async () => {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it.each<readonly [KafkaCredentials['mechanism']]>([['plain'], ['scram-sha-256'], ['scram-sha-512']])(
    'takes a service that trusts its certificate and logs in by %s',
    async (mechanism) => {
      const options = testOptions(broker.brokers, freshPrefix());
      const sasl: KafkaCredentials = { mechanism, username: 'verdict', password: SECRET };
      const bus = await openKafkaBus({ ...options, ssl: { ca: [certificate] }, sasl });
      await patiently(() => bus.ping());
      await patiently(() => bus.publish([journalOf(1)]));
      await bus.close();
    },
  );

  it('takes nobody with a wrong password, and the password is not in the log', async () => {
    const lines: KafkaLogLine[] = [];
    const sasl: KafkaCredentials = { mechanism: 'scram-sha-512', username: 'verdict', password: `${SECRET}-not` };
    const options = { ...testOptions(broker.brokers, freshPrefix()), log: (line: KafkaLogLine) => lines.push(line) };
    const bus = await openKafkaBus({ ...options, ssl: { ca: [certificate] }, sasl });
    await expect(bus.ping()).rejects.toThrow();
    await bus.close();
    expect(lines.length).toBeGreaterThan(0);
    expect(JSON.stringify(lines)).not.toContain(SECRET);
  });

  it('is not trusted without its certificate, and the log says so', async () => {
    const lines: KafkaLogLine[] = [];
    const sasl: KafkaCredentials = { mechanism: 'plain', username: 'verdict', password: SECRET };
    const options = { ...testOptions(broker.brokers, freshPrefix()), log: (line: KafkaLogLine) => lines.push(line) };
    const bus = await openKafkaBus({ ...options, ssl: true, sasl });
    await expect(bus.ping()).rejects.toThrow();
    await bus.close();
    expect(JSON.stringify(lines)).toContain('certificate');
  });
});
