import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { batchesOf } from './admin.mjs';
import { auditAcknowledged } from './audit.mjs';
import { memoryOf } from './server.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const AUDIT_SECONDS_MAX = 45;

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

/**
 * One run with the counts of the server around it. A short one goes first, so that code and caches are warm; `onStart` is
 * called between the two. `us` is the processor time for each good answer, by what took it.
 */
export const measure = async (
  { server, folder, tokens, names, files, bearer, onStart = () => undefined },
  run,
  seconds,
) => {
  const { hostname: host, port } = new URL(server.url);
  const job = {
    ...run,
    host,
    port: Number(port),
    tokens: run.kind === 'review' ? [bearer] : tokens.slice(0, run.tenants),
  };
  const load = async (label, forSeconds) => {
    const id = `${process.pid.toString(36)}-${files.length}`;
    const acknowledgedFile = join(folder, `acknowledged-${files.length}`);
    files.push({ path: acknowledgedFile, tenants: names });
    return runLoad({ ...job, run: `${label}${id}`, seconds: forSeconds, acknowledgedFile });
  };
  await load('warm-', Math.min(1.5, seconds / 2));
  await onStart();
  const before = await batchesOf(server.url);
  const usBefore = server.processorUs();
  const summary = await load('run-', seconds);
  const usAfter = server.processorUs();
  const after = await batchesOf(server.url);
  const appends = after.appends - before.appends;
  const batch = appends === 0 ? 0 : (after.entries - before.entries) / appends;
  const good = Math.max(1, summary.requests - summary.non2xx);
  const us = Object.entries(usAfter).map(([name, time]) => [name, (time - usBefore[name]) / good]);
  return { ...summary, name: run.name, batch, us: Object.fromEntries(us), ...memoryOf(server.pid) };
};

/** A ledger that cannot be read fails the bench, and leaves its figures. */
export const auditOf = async (request) => {
  try {
    return await auditAcknowledged({ ...request, secondsMax: AUDIT_SECONDS_MAX });
  } catch (error) {
    return { failure: error.message };
  }
};

/** Whether an acknowledged decision is not in the ledger exactly once. */
export const isLoss = ({ failure, missing, twice }) => failure !== undefined || missing > 0 || twice > 0;
