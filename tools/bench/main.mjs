/**
 * `npm run bench [closed|open|tenants|delay|gate|evaluation|floor|scale-out] [-- --seconds 4 --json]`: load on a real standalone, or on
 * separate processes, with their real database, in a temporary folder. See docs/bench.md. Exit code 1: an acknowledged
 * decision is not in the ledger once.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareEvidence, prepareTenants } from './admin.mjs';
import { machineOf } from './machine.mjs';
import { auditOf, isLoss, measure } from './measure.mjs';
import { readOptions } from './options.mjs';
import { planOf, SHAPE_RUNS } from './plan.mjs';
import { auditLine, heading, machineLine, ratioLine, runLine, targetLine } from './report.mjs';
import { runFloor } from './run-floor.mjs';
import { startServer } from './server.mjs';
import { evaluateAlone } from './evaluate-alone.mjs';
import { compare, ratiosOf } from './targets.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const STANDALONE = join(HERE, '../../apps/standalone/dist/main.js');

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
    const tokens = await prepareTenants(server.url, keys, names, part.rules);
    const bearer = part.hasEvidence === true ? await prepareEvidence(server.url, keys, names[0]) : undefined;
    say(`\n${part.label} (${count} tenants made in ${((Date.now() - began) / 1000).toFixed(1)} s)\n${heading()}`);
    const context = { server, folder, tokens, names, bearer, files: [] };
    const runs = [];
    for (const run of part.runs) {
      const measured = await measure(context, run, seconds);
      say(runLine(measured));
      runs.push(measured);
    }
    const ratios = ratiosOf(part.ratios ?? [], runs);
    for (const ratio of ratios) say(ratioLine(ratio));
    const audit = await auditOf({ url: server.url, keys, files: context.files });
    say(auditLine(audit));
    return { label: part.label, runs, ratios, audit };
  } finally {
    await server.stop();
  }
};

const options = readOptions(process.argv.slice(2));
const { seconds, only, json } = options;
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

const onServer = (server) => (current = server);
const runParts = async () => {
  const evaluations = only === 'gate' || only === 'evaluation' ? await evaluateAlone({ seconds, say }) : [];
  const floor = only === 'gate' || only === 'floor' ? await runFloor({ folder, seconds, say, onServer }) : [];
  const parts = [];
  for (const [index, part] of planOf(only).entries())
    parts.push(await runOn(part, { folder, index, seconds, say, onServer }));
  const targets = compare(parts.flatMap(({ runs }) => runs));
  if (targets.length > 0) say('');
  for (const target of targets) say(targetLine(target));
  return { evaluations, floor, parts, targets, hasLoss: parts.some(({ audit }) => isLoss(audit)) };
};
const runShapes = async () => {
  const { runScaleOut } = await import('./scale-out/main.mjs');
  const part = { label: 'embedded, one process', env: {}, runs: SHAPE_RUNS };
  const embedded = () => runOn(part, { folder, index: 0, seconds, say, onServer });
  return runScaleOut({ ...options, folder, say, onServer, embedded });
};

try {
  const machine = machineOf(folder);
  say(machineLine(machine));
  const { hasLoss, ...figures } = only === 'scale-out' ? await runShapes() : await runParts();
  if (json) console.log(JSON.stringify({ machine, seconds, ...figures }, null, 2));
  if (hasLoss) process.exitCode = 1;
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  await leave();
}
