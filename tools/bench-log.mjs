/**
 * Measures the log on embedded Postgres: decisions per second through a group commit per journal, as the services do it.
 *
 *   npm run build && node tools/bench-log.mjs [--seconds 4] [--entry-bytes 1500] [--journals 1,10,1000] [--callers 64,256]
 *
 * Each caller waits for its own answer before it asks again (closed loop). Load generator and server share this machine.
 */
import { migrateLog, openPostgresJournals, startEmbeddedPostgres } from '@verdict/adapter-postgres';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    'entry-bytes': { type: 'string', default: '1500' },
    journals: { type: 'string', default: '1,10,1000' },
    callers: { type: 'string', default: '64,256' },
    delays: { type: 'string', default: '0,1' },
    lanes: { type: 'string', default: '2' },
  },
});
const numbers = (text) => text.split(',').map(Number);
const SECONDS = Number(options.seconds);
const WARM_UP_MS = 1_000;
const BATCH_MAX = 200;

const body = randomBytes(Number(options['entry-bytes']) / 2).toString('hex');
let sequence = 0;
/** Every entry differs; hashing is part of the work of a real caller. */
const seal = () => {
  sequence += 1;
  const bytes = Buffer.from(`${String(sequence).padStart(12, '0')}${body}`);
  const leafHash = createHash('sha256').update(bytes).digest();
  const hex = leafHash.toString('hex');
  const storeId = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return { type: 'decision_recorded', storeId, leafHash, bytes };
};

/** One journal: what arrives while an append is in flight forms the next batch. */
const createJournal = (journals, name) => {
  let head = -1n;
  let waiting = [];
  let isBusy = false;
  const flush = async () => {
    isBusy = true;
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH_MAX);
      const result = await journals.append(name, head, batch.map(seal));
      if (result.kind !== 'appended') throw new Error(`${name}: ${result.kind}`);
      head = result.revision;
      for (const answer of batch) answer();
    }
    isBusy = false;
  };
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (!isBusy) void flush();
    });
};

/** CPU time of the server and its back ends so far, in microseconds; 0 where there is no /proc. It does not depend on who else uses the machine. */
const TICK_US = 10_000;
const postgresCpuUs = (serverPid) => {
  let ticks = 0;
  try {
    for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = text
        .slice(text.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      if (Number(pid) === serverPid || fields[1] === serverPid) ticks += fields[11] + fields[12];
    }
  } catch {
    return 0; // A process ended while we looked, or this is no Linux.
  }
  return ticks * TICK_US;
};
const nodeCpuUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

const measure = async (url, { journalCount, callers, commitDelayMs }) => {
  const batches = [];
  let isMeasuring = false;
  const journals = await openPostgresJournals({
    ...{ url, commitDelayMs, inFlightMax: Number(options.lanes) },
    onBatch: (report) => {
      if (isMeasuring) batches.push(report);
    },
  });
  const run = randomBytes(4).toString('hex');
  const decide = Array.from({ length: journalCount }, (_, index) =>
    createJournal(journals, `decisions-${run}-${index}`),
  );
  const latencies = [];
  let isOver = false;
  let turn = 0;
  const caller = async () => {
    while (!isOver) {
      turn = (turn + 1) % journalCount;
      const started = performance.now();
      await decide[turn]();
      if (isMeasuring) latencies.push(performance.now() - started);
    }
  };
  const all = Promise.all(Array.from({ length: callers }, caller));
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const cpuAtStart = { node: nodeCpuUs(), postgres: postgresCpuUs(server.pid) };
  isMeasuring = true;
  const started = performance.now();
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const seconds = (performance.now() - started) / 1_000;
  isMeasuring = false;
  const cpu = { node: nodeCpuUs() - cpuAtStart.node, postgres: postgresCpuUs(server.pid) - cpuAtStart.postgres };
  isOver = true;
  await all;
  await journals.close();
  latencies.sort((a, b) => a - b);
  const mean = (pick) => batches.reduce((sum, batch) => sum + pick(batch), 0) / batches.length;
  return {
    ...{ journals: journalCount, callers, 'commit +ms': commitDelayMs },
    'decisions/s': Math.round(latencies.length / seconds),
    'p50 ms': Number(quantile(latencies, 0.5).toFixed(1)),
    'p99 ms': Number(quantile(latencies, 0.99).toFixed(1)),
    'node us each': Math.round(cpu.node / latencies.length),
    'postgres us each': Math.round(cpu.postgres / latencies.length),
    'transactions/s': Math.round(batches.length / seconds),
    'entries/transaction': Number(mean(({ entries }) => entries).toFixed(1)),
    'journals/transaction': Number(mean((batch) => batch.journals).toFixed(1)),
  };
};

const folder = await mkdtemp(join(tmpdir(), 'verdict-bench-'));
await chmod(folder, 0o755);
const server = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), log: () => undefined });
try {
  await migrateLog(server.url);
  const rows = [];
  for (const commitDelayMs of numbers(options.delays)) {
    for (const journalCount of numbers(options.journals)) {
      for (const callers of numbers(options.callers)) {
        rows.push(await measure(server.serviceUrl, { journalCount, callers, commitDelayMs }));
      }
    }
  }
  console.log(
    `${cpus().length} cores, entries of ${options['entry-bytes']} bytes, ${SECONDS} s each, ${options.lanes} transactions in flight at most`,
  );
  console.table(rows);
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
