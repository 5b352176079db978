/**
 * `npm test [jest arguments]`: builds, runs jest, names what was skipped and why, and ends with one line of counts.
 * The build comes first because the end-to-end tests start built processes. Suites that need Kafka use KAFKA_BROKERS, else
 * one broker that is started for the run. Exit code: 0 only when something ran and nothing failed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KafkaMissing, startKafkaBroker } from '../test/support/kafka/broker.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** One more than the cores of the smallest machine: half of the time of the longest suites is waiting. */
const WORKERS = '3';

const JEST = 'node_modules/jest/bin/jest.js';

const node = (script, args, env = {}, stdio = 'inherit') =>
  spawnSync(process.execPath, [join(root, script), ...args], {
    cwd: root,
    stdio,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });

const build = () => {
  const { status } = node('node_modules/typescript/bin/tsc', ['-b', 'tsconfig.build.json']);
  if (status === 0) return;
  console.error('the build failed; no test was run');
  console.log('0 passed, 0 failed');
  process.exit(1);
};

const resultOf = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // jest ended before it could write: bad arguments, or a crash.
  }
};

/** A suite says why it is skipped in its title: `describe.skip('… (no broker: set X)')`. */
const printSkipped = ({ testResults }) => {
  for (const { name, assertionResults } of testResults) {
    const skipped = assertionResults.filter(({ status }) => status === 'pending' || status === 'todo');
    if (skipped.length === 0) continue;
    const titles = new Map();
    for (const { ancestorTitles, title } of skipped) {
      const suite = ancestorTitles[0] ?? title;
      titles.set(suite, (titles.get(suite) ?? 0) + 1);
    }
    for (const [suite, count] of titles) console.log(`skipped ${count} in ${relative(root, name)}: ${suite}`);
  }
};

/** Whether jest, given these arguments, runs a suite on the shared broker. */
const needsKafka = (args) => {
  const { stdout } = node(JEST, [...args, '--listTests'], {}, ['ignore', 'pipe', 'ignore']);
  const files = stdout.split('\n').filter((line) => line.endsWith('.ts'));
  return files.some((file) => readFileSync(file, 'utf8').includes('describeKafka('));
};

/** undefined: suites find the broker of KAFKA_BROKERS, need none, or are skipped and say why. */
const openBroker = async (args) => {
  if ((process.env.KAFKA_BROKERS ?? '') !== '' || !needsKafka(args)) return undefined;
  try {
    return await startKafkaBroker();
  } catch (error) {
    if (!(error instanceof KafkaMissing)) throw error;
    console.error(error.message);
    return undefined;
  }
};

const runJest = async (args, output) => {
  const options = process.env.NODE_OPTIONS ?? '';
  const hasWorkers = args.some((argument) => /^(-w|--maxWorkers|-i|--runInBand)/.test(argument));
  const broker = await openBroker(args);
  try {
    return node(
      JEST,
      [...(hasWorkers ? [] : [`--maxWorkers=${WORKERS}`]), '--json', `--outputFile=${output}`, ...args],
      {
        NODE_OPTIONS: `${options} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim(),
        ...(broker === undefined ? {} : { KAFKA_BROKERS: broker.brokers.join(',') }),
      },
    );
  } finally {
    await broker?.stop();
  }
};

const folder = mkdtempSync(join(tmpdir(), 'verdict-tests-'));
const output = join(folder, 'results.json');

build();
const { status } = await runJest(process.argv.slice(2), output);
const result = resultOf(output);
rmSync(folder, { recursive: true, force: true });

if (result === undefined) {
  console.log('0 passed, 0 failed');
  process.exit(status === 0 ? 1 : (status ?? 1));
}
printSkipped(result);
// A file that cannot even be loaded has no failed test of its own; it counts as one.
const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
const skipped = result.numPendingTests + result.numTodoTests;
const isGood = status === 0 && failed === 0 && result.numPassedTests > 0;
console.log(`${result.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = isGood ? 0 : 1;
