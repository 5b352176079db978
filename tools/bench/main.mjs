/**
 * `npm run bench [-- --seconds 4] [--only closed|open|tenants|delay] [--json]`: load on a real standalone with its real
 * database, in a temporary folder. See docs/bench.md. Exit code 1: an acknowledged decision is not in the ledger once.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { batchesOf, prepareTenants } from './admin.mjs';
import { auditAcknowledged } from './audit.mjs';
import { machineOf } from './machine.mjs';
import { PARTS, planOf } from './plan.mjs';
import { auditLine, heading, machineLine, runLine, targetLine } from './report.mjs';
import { memoryOf, processorTimeOf, startServer } from './server.mjs';
import { compare } from './targets.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const STANDALONE = join(HERE, '../../apps/standalone/dist/main.js');
const SECONDS = { default: 4, min: 1, max: 60 };
const AUDIT_SECONDS_MAX = 45;

const wrongCall = (message) => {
  console.error(`bench: ${message}\nusage: npm run bench -- [--seconds <1-60>] [--only ${PARTS.join('|')}] [--json]`);
  process.exit(2);
};

const optionsOf = () => {
  try {
    const { values } = parseArgs({
      options: { seconds: { type: 'string' }, only: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    const seconds = Number(values.seconds ?? SECONDS.default);
    if (!(seconds >= SECONDS.min && seconds <= SECONDS.max)) wrongCall('--seconds is a number from 1 to 60');
    if (values.only !== undefined && !PARTS.includes(values.only)) wrongCall(`there is no part ${values.only}`);
    return { ...values, seconds };
  } catch (error) {
    return wrongCall(error.message);
  }
};

const runLoad = (job) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(HERE, 'load.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`the load ended with ${code}`)),
    );
    child.stdin.end(JSON.stringify(job));
  });

/** One run with the counts of the server around it. A short one goes first, so that code and caches are warm. */
const measure = async ({ server, folder, tokens, names, files }, run, seconds) => {
  const { hostname: host, port } = new URL(server.url);
  const job = { ...run, host, port: Number(port), tokens: tokens.slice(0, run.tenants) };
  const load = async (label, forSeconds) => {
    const id = `${process.pid.toString(36)}-${files.length}`;
    const acknowledgedFile = join(folder, `acknowledged-${files.length}`);
    files.push({ path: acknowledgedFile, tenants: names });
    return runLoad({ ...job, run: `${label}${id}`, seconds: forSeconds, acknowledgedFile });
  };
  await load('warm-', Math.min(1.5, seconds / 2));
  const before = await batchesOf(server.url);
  const timeBefore = processorTimeOf(server.pid);
  const summary = await load('run-', seconds);
  const timeAfter = processorTimeOf(server.pid);
  const after = await batchesOf(server.url);
  const appends = after.appends - before.appends;
  const batch = appends === 0 ? 0 : (after.entries - before.entries) / appends;
  const good = Math.max(1, summary.requests - summary.non2xx);
  return {
    ...summary,
    name: run.name,
    batch,
    serverUs: (timeAfter.serverUs - timeBefore.serverUs) / good,
    databaseUs: (timeAfter.databaseUs - timeBefore.databaseUs) / good,
    ...memoryOf(server.pid),
  };
};

/** A ledger that cannot be read fails the bench, and leaves its figures. */
const auditOf = async (request) => {
  try {
    return await auditAcknowledged(request);
  } catch (error) {
    return { failure: error.message };
  }
};

/** All runs on one server; ends with the look into its ledger. */
const runOn = async (part, { folder, index, seconds, say, onServer }) => {
  const { openFileKeyStore } = await import('@verdict/adapter-file');
  const dataDir = join(folder, `data-${index}`);
  const server = await startServer({
    main: STANDALONE,
    dataDir,
    logFile: join(folder, `server-${index}.log`),
    env: part.env,
  });
  onServer(server);
  try {
    const keys = await openFileKeyStore(join(dataDir, 'keys'));
    const count = Math.max(...part.runs.map(({ tenants }) => tenants));
    const names = Array.from({ length: count }, (_, tenant) => `bench-${tenant}`);
    const began = Date.now();
    const tokens = await prepareTenants(server.url, keys, names);
    say(`\n${part.label} (${count} tenants made in ${((Date.now() - began) / 1000).toFixed(1)} s)\n${heading()}`);
    const context = { server, folder, tokens, names, files: [] };
    const runs = [];
    for (const run of part.runs) {
      const measured = await measure(context, run, seconds);
      say(runLine(measured));
      runs.push(measured);
    }
    const audit = await auditOf({
      url: server.url,
      keys,
      files: context.files,
      secondsMax: AUDIT_SECONDS_MAX,
    });
    say(auditLine(audit));
    return { label: part.label, runs, audit };
  } finally {
    await server.stop();
  }
};

const { seconds, only, json } = optionsOf();
const say = (text) => {
  if (!json) console.log(text);
};
const folder = mkdtempSync(join(tmpdir(), 'verdict-bench-'));
chmodSync(folder, 0o711); // The database may run as another user, which has to reach its own folder below.
let current;
const leave = async () => {
  await current?.stop();
  rmSync(folder, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void leave().then(() => process.exit(130)));

try {
  const machine = machineOf(folder);
  say(machineLine(machine));
  const parts = [];
  for (const [index, part] of planOf(only).entries()) {
    parts.push(await runOn(part, { folder, index, seconds, say, onServer: (server) => (current = server) }));
  }
  const targets = compare(parts.flatMap(({ runs }) => runs));
  if (targets.length > 0) say('');
  for (const target of targets) say(targetLine(target));
  if (json) console.log(JSON.stringify({ machine, seconds, parts, targets }, null, 2));
  if (parts.some(({ audit }) => audit.failure !== undefined || audit.missing > 0 || audit.twice > 0))
    process.exitCode = 1;
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  await leave();
}
