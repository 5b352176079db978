/**
 * Fuzzes the HTTP API of a running standalone from its OpenAPI document, with schemathesis (PyPI). Fails on a server error,
 * a status or media type that the document does not name, an answer that breaks its schema; and when what was recorded
 * meanwhile cannot be derived again.
 *
 *   node tools/fuzz/main.mjs [--examples 20] [--seconds 240] [--seed 1] [--operation ID]
 *
 * SCHEMATHESIS names the program; default: the one on the path.
 * Made with version 4.32.5, which `.ci/run` installs.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServer } from '../demo/server.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const cli = join(root, 'apps/cli/bin/verdict.js');
const CHECKS = 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance';
const ROLES = ['member', 'approver', 'admin', 'auditor', 'operator'];

const { values } = parseArgs({
  options: {
    examples: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '240' },
    seed: { type: 'string', default: '1' },
    operation: { type: 'string', multiple: true, default: [] },
  },
});

const verdict = (args, env = {}) =>
  spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', env: { ...process.env, ...env }, cwd: root });

const tokenFor = (dataDir) => {
  const roles = ROLES.flatMap((role) => ['--role', role]);
  const made = verdict(['token', '--data-dir', dataDir, '--tenant', 'fuzz', '--subject', 'fuzzer', ...roles]);
  if (made.status !== 0) throw new Error(made.stderr);
  return made.stdout.trim();
};

/** Ends the run when its time is over; what was found by then counts. */
const schemathesis = (url, token, cwd) =>
  new Promise((resolve) => {
    const args = [
      ...['run', join(root, 'docs/generated/openapi.json'), '--url', url, '--header', `Authorization: Bearer ${token}`],
      ...['--checks', CHECKS, '--phases', 'examples,coverage,fuzzing', '--max-examples', values.examples],
      ...['--seed', values.seed, '--workers', '1', '--request-timeout', '20', '--generation-database', 'none'],
      ...['--warnings', 'off', '--suppress-health-check', 'all', '--no-color', '--continue-on-failure'],
      ...values.operation.flatMap((id) => ['--include-operation-id', id]),
    ];
    const child = spawn(process.env.SCHEMATHESIS ?? 'schemathesis', args, { cwd, stdio: 'inherit' });
    let isTimeUp = false;
    const timer = setTimeout(
      () => {
        isTimeUp = true;
        child.kill('SIGINT');
      },
      Number(values.seconds) * 1000,
    );
    child.on('error', (error) => {
      clearTimeout(timer);
      console.error(`schemathesis cannot be started: ${error.message}; pip install schemathesis, or set SCHEMATHESIS`);
      resolve(2);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (isTimeUp) console.error(`stopped after ${values.seconds} s: not every operation was tried`);
      resolve(code ?? 1);
    });
  });

/** What the server says of its own defects. */
const defectsIn = (logFile) =>
  readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"stack"') || line.includes('"level":"fatal"'))
    .slice(0, 20)
    .join('\n');

const folder = mkdtempSync(join(tmpdir(), 'verdict-fuzz-'));
chmodSync(folder, 0o711); // The database server may run as another user.
const server = startServer({ root, folder });
let exit = 1;
try {
  await server.ready;
  copyFileSync(join(root, 'tools/fuzz/schemathesis.toml'), join(folder, 'schemathesis.toml'));
  exit = await schemathesis(server.url, tokenFor(server.dataDir), folder);
  await server.stop();
  const replayed = verdict(['replay', '--data-dir', server.dataDir, '-o', 'table']);
  process.stdout.write(replayed.stdout + replayed.stderr);
  if (replayed.status !== 0) exit = exit === 0 ? 1 : exit;
  if (exit !== 0) console.error(defectsIn(server.logFile));
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`fuzz: ${exit === 0 ? 'nothing found' : 'FAILED'}`);
process.exitCode = exit === 0 ? 0 : 1;
