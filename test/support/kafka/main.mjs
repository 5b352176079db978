/**
 * `npm run kafka -- up|down|status [--port 9092]`: a Kafka broker without containers, on loopback, for trying things out.
 * Its data, log and pid are in `.verdict/kafka` and outlive it.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { answers, KafkaMissing, startKafkaBroker } from './broker.mjs';
import { commandOf, endProcess, isAlive } from './processes.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const FOLDER = join(ROOT, '.verdict/kafka');
const PID_FILE = join(FOLDER, 'broker.json');
const PORT = 9092;
const USAGE = 'usage: npm run kafka -- up|down|status [--port 9092]';

/** The broker that `up` started and that still runs: a pid may have come to belong to another process since. */
const running = () => {
  if (!existsSync(PID_FILE)) return undefined;
  const { pid, port } = JSON.parse(readFileSync(PID_FILE, 'utf8'));
  const isOurs = isAlive(pid) && commandOf(pid).includes(join(FOLDER, 'server.properties'));
  return isOurs ? { pid, port, brokers: [`127.0.0.1:${port}`] } : undefined;
};

const up = async (port) => {
  const already = running();
  if (already !== undefined) {
    console.log(`Kafka is up already: KAFKA_BROKERS=${already.brokers} (pid ${already.pid})`);
    return 0;
  }
  mkdirSync(FOLDER, { recursive: true });
  console.log(`starting Kafka on 127.0.0.1:${port}, data in ${relative(process.cwd(), FOLDER)} ...`);
  const { pid, brokers } = await startKafkaBroker({ dataDir: FOLDER, port, isDetached: true });
  writeFileSync(PID_FILE, `${JSON.stringify({ pid, port })}\n`);
  console.log(`Kafka is up: KAFKA_BROKERS=${brokers} (pid ${pid}); stop it with: npm run kafka -- down`);
  return 0;
};

const down = async () => {
  const broker = running();
  if (broker === undefined) {
    console.log('Kafka is not up: nothing that `npm run kafka -- up` started is running');
    return 0;
  }
  await endProcess(broker.pid);
  rmSync(PID_FILE, { force: true });
  console.log(`Kafka is down (pid ${broker.pid}); its data is still in ${relative(process.cwd(), FOLDER)}`);
  return 0;
};

const status = async () => {
  const broker = running();
  if (broker === undefined) {
    console.log('Kafka is down');
    return 1;
  }
  const isAnswering = await answers(broker.brokers);
  const { brokers, pid } = broker;
  console.log(`Kafka ${isAnswering ? 'is up' : 'runs but does not answer'}: KAFKA_BROKERS=${brokers} (pid ${pid})`);
  return isAnswering ? 0 : 1;
};

const readArguments = () => {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { port: { type: 'string' } } });
    const port = Number(values.port ?? PORT);
    const isPort = Number.isInteger(port) && port > 0 && port < 65_536;
    return isPort && positionals.length === 1 ? { command: positionals[0], port } : {};
  } catch {
    return {};
  }
};

const main = async () => {
  const { command, port } = readArguments();
  const commands = { up: () => up(port), down, status };
  if (!Object.hasOwn(commands, command ?? '')) {
    console.error(USAGE);
    return 2;
  }
  return commands[command]();
};

process.exitCode = await main().catch((error) => {
  console.error(error instanceof KafkaMissing ? error.message : `Kafka failed: ${error.message}`);
  return 1;
});
