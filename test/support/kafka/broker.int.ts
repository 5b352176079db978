import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { startKafkaBroker } from './broker.mjs';
import { describeKafkaServer } from './describe-kafka.js';

const TOPIC = 'kept';

const clientOf = (brokers: readonly string[]): Kafka =>
  new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { retries: 20, maxRetryTime: 1_000 } });

const write = async (brokers: readonly string[], value: string): Promise<void> => {
  const producer = clientOf(brokers).producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic: TOPIC, acks: -1, messages: [{ key: 'k', value }] });
  await producer.disconnect();
};

const highOffset = async (brokers: readonly string[]): Promise<string | undefined> => {
  const admin = clientOf(brokers).admin();
  await admin.connect();
  const [partition] = await admin.fetchTopicOffsets(TOPIC);
  await admin.disconnect();
  return partition?.high;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const eventually = async (work: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 60_000;
  while (!(await work())) {
    if (Date.now() > deadline) throw new Error('it did not happen within a minute');
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
};

describeKafkaServer('The broker for tests', () => {
  it('keeps what it acknowledged when it is killed or stopped, and starts again on the same port', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'verdict-broker-'));
    const broker = await startKafkaBroker({ dataDir: folder });
    const admin = clientOf(broker.brokers).admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic: TOPIC, numPartitions: 1 }] });
    await admin.disconnect();
    const { pid } = broker;
    await write(broker.brokers, 'before the kill');
    await broker.kill();
    await broker.restart();
    expect(broker.pid).not.toBe(pid);
    await write(broker.brokers, 'before the stop');
    await broker.pause();
    await broker.restart();
    expect(await highOffset(broker.brokers)).toBe('2');
    await broker.stop();
    await eventually(() => !isAlive(broker.pid)); // Its entry stays until this process has looked.
    expect(await readdir(folder)).toContain('data'); // A given folder is its owner's.
    await rm(folder, { recursive: true, force: true });
  }, 180_000);

  it('ends, with its temporary folder, when the process that started it is killed', async () => {
    const module = fileURLToPath(new URL('./broker.mjs', import.meta.url));
    const script = `
      import { startKafkaBroker } from ${JSON.stringify(module)};
      const settings = ({ dataDir }) => { console.log('folder ' + dataDir); return {}; };
      const { pid } = await startKafkaBroker({ settings });
      console.log('pid ' + pid);
      setInterval(() => undefined, 1_000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    owner.stdout.on('data', (data: Buffer) => {
      output += data.toString('utf8');
    });
    await eventually(() => /^pid \d+$/m.test(output));
    const pid = Number(/^pid (\d+)$/m.exec(output)?.[1]);
    const folder = /^folder (.+)$/m.exec(output)?.[1] ?? '';
    expect(isAlive(pid)).toBe(true);
    expect(existsSync(folder)).toBe(true);
    owner.kill('SIGKILL');
    await eventually(() => !isAlive(pid) && !existsSync(folder));
  }, 180_000);
});
