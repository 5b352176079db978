import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEventStoreServer } from '../../../test/support/eventstore-server/src/index.js';
import { type CliRun, runCli } from './testing/run-cli.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const STACK = join(ROOT, 'examples/aws-web-stack');
const START_MS = 60_000;

let cwd: string;
let server: ChildProcess;
let ended: Promise<unknown>;
const logs: string[] = [];

const untilReady = async (): Promise<void> => {
  const endMs = Date.now() + START_MS;
  for (;;) {
    const isReady = await access(join(cwd, '.verdict', 'server.json')).then(
      () => true,
      () => false,
    );
    if (isReady) return;
    if (server.exitCode !== null || Date.now() > endMs) throw new Error(`the server did not start:\n${logs.join('')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'verdict-cli-e2e-'));
  await chmod(cwd, 0o711); // The database server may run as another user.
  server = spawn(process.execPath, [join(ROOT, 'apps/standalone/dist/main.js')], {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', VERDICT_PORT: '0', VERDICT_DATA_DIR: '.verdict' },
  });
  server.stdout?.on('data', (chunk: Buffer) => logs.push(chunk.toString()));
  server.stderr?.on('data', (chunk: Buffer) => logs.push(chunk.toString()));
  ended = new Promise((resolve) => {
    server.on('exit', resolve);
  });
  await untilReady();
}, START_MS + 5000);

afterAll(async () => {
  server.kill('SIGTERM');
  await ended;
  await rm(cwd, { recursive: true, force: true });
}, 30_000);

const tokens = new Map<string, string>();
const as = async (subject: string, roles: readonly string[]): Promise<void> => {
  const argv = ['token', '--tenant', 'acme', '--subject', subject, ...roles.flatMap((role) => ['--role', role])];
  tokens.set(subject, (await runCli(argv, { cwd })).stdout.trim());
};
/** The address is found through the data folder, as for a person in that folder. */
const verdict = (subject: string, ...argv: readonly string[]): Promise<CliRun> =>
  runCli(argv, { cwd, env: { VERDICT_TOKEN: tokens.get(subject) ?? '' } });
const bodyOf = (result: CliRun): Record<string, never> => {
  if (result.stdout === '') throw new Error(result.stderr);
  return JSON.parse(result.stdout) as Record<string, never>;
};

describe('the command line against the standalone', () => {
  let decisionId: string;
  let approvalId: string;
  const ASK = ['gate', 'preflight', '--plan', join(STACK, 'plan.json'), '--project', 'web', '--environment', 'prod'];
  const JUSTIFIED = ['--justification', 'the new web stack', '--run', 'run-1', '--state', 'state.json'];
  const CONSUME = ['approvals', 'consume', '--state', 'state.json', '--token-file', 'approval.token'];

  it('publishes prices, a policy and a budget', async () => {
    await as('admin-1', ['admin', 'auditor']);
    await as('dev-1', ['member', 'approver']);
    await as('lead-1', ['approver']);
    expect((await verdict('admin-1', 'price-book', 'publish', join(STACK, 'price-book.json'))).exit).toBe(0);
    expect((await verdict('admin-1', 'policy', 'publish', join(STACK, 'policy.json'), '--message', 'first')).exit).toBe(
      0,
    );
    expect(bodyOf(await verdict('admin-1', 'policy', 'show'))).toMatchObject({ version: 2, in_force: true });
    expect((await verdict('admin-1', 'budget', 'set', 'project:web', '--limit', '900')).exit).toBe(0);
    const set = await verdict('admin-1', 'budget', 'set', 'project:web', '--limit', '1000');
    expect(bodyOf(set)).toMatchObject({ version: 2, limit_usd: '1000.0000' });
  });

  it('prices the reduced plan as the whole one and asks for a person', async () => {
    const asked = await verdict('dev-1', ...ASK, ...JUSTIFIED);
    const body = bodyOf(asked);
    expect(asked.exit).toBe(3);
    expect(body).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      cost: { monthly: '1098.7400', completeness: 'complete' },
    });
    decisionId = String(body['decision_id']);
    approvalId = String(body['approval_request_id']);
    expect(bodyOf(await verdict('dev-1', ...ASK, ...JUSTIFIED))).toMatchObject({
      decision_id: decisionId,
      replayed: true,
    });
  });

  it('lets another person approve, and the token be used once', async () => {
    expect((await verdict('dev-1', 'approvals', 'approve', approvalId)).exit).toBe(5);
    const voted = await verdict('lead-1', 'approvals', 'approve', approvalId, '--token-out', 'approval.token');
    expect(bodyOf(voted)).toMatchObject({ status: 'granted' });
    expect(bodyOf(await verdict('dev-1', ...CONSUME))).toMatchObject({ status: 'consumed', approval_id: approvalId });
    expect((await verdict('dev-1', ...CONSUME)).exit).toBe(4);
  });

  it('settles with what it really cost', async () => {
    const settled = await verdict('admin-1', 'reservations', 'reconcile', decisionId, '--actual', '1150');
    expect(bodyOf(settled)).toMatchObject({ status: 'overage', drift_usd: '51.2600' });
    expect((await verdict('admin-1', 'reservations', 'reconcile', decisionId, '--actual', '1150')).exit).toBe(4);
    expect((await verdict('admin-1', 'export', 'parity')).exit).toBe(0);
  });

  it('exports a bundle that holds offline', async () => {
    expect((await verdict('admin-1', 'export', '--out', 'bundle.zip')).exit).toBe(0);
    await writeFile(join(cwd, 'vkeys.txt'), (await runCli(['key', 'public'], { cwd })).stdout);
    const verified = await runCli(['verify', 'bundle.zip', '--trust', 'vkeys.txt'], { cwd, env: {} });
    expect(verified.exit).toBe(0);
    const replayed = await runCli(['replay', 'bundle.zip'], { cwd, env: {} });
    expect(bodyOf(replayed)).toMatchObject({ decisions: 1, diverging: 0, hidden: 0 });
  });

  it('lists what happened', async () => {
    expect((await verdict('admin-1', 'gate', 'show', decisionId)).stdout).toContain('"state": "settled"');
    for (const argv of [
      ['gate', 'list'],
      ['approvals', 'list'],
      ['reservations', 'exceptions'],
      ['export', 'list'],
      ['price-book', 'list'],
      ['policy', 'list'],
    ]) {
      const listed = await verdict('admin-1', ...argv);
      expect({ argv, exit: listed.exit, stderr: listed.stderr }).toEqual({ argv, exit: 0, stderr: '' });
      expect(bodyOf(listed)['items']).not.toHaveLength(0);
    }
  });

  it('rebuilds the read models of the stopped server, and they are equal', async () => {
    server.kill('SIGTERM');
    await ended;
    const rebuilt = await runCli(['rebuild', '--verify'], { cwd });
    expect({ exit: rebuilt.exit, stderr: rebuilt.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(bodyOf(rebuilt)).toMatchObject({ isEqual: true, isSwapped: false });
  }, 60_000);

  it('derives every decision of the stopped server again', async () => {
    const { exit, stdout, stderr } = await runCli(['replay', '-o', 'table'], { cwd });
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: '1 decision, 0 diverge\n', stderr: '' });
  }, 60_000);

  it('lists the journals of the stopped server, and copies them to another log', async () => {
    const listed = await runCli(['journals', 'list'], { cwd });
    expect({ exit: listed.exit, stderr: listed.stderr }).toEqual({ exit: 0, stderr: '' });
    const { items } = JSON.parse(listed.stdout);
    const kinds = ['approvals', 'decisions', 'policy', 'reservations'];
    expect(items.map(({ journal }: { journal: string }) => journal)).toEqual(kinds.map((kind) => `${kind}-acme`));
    for (const { head, projected, lag, parked } of items) expect([lag, parked]).toEqual([head - projected, null]);
    const eventStore = await startEventStoreServer();
    try {
      const argv = ['journals', 'copy', '--from', 'postgres', '--to', 'eventstoredb', '--data-dir', '.verdict'];
      const copied = await runCli(argv, { cwd, env: { EVENTSTORE_URL: eventStore.url } });
      expect({ exit: copied.exit, stderr: copied.stderr }).toEqual({ exit: 0, stderr: '' });
      expect(JSON.parse(copied.stdout)).toMatchObject({ outcome: 'equal', checkpoints: 4 });
    } finally {
      await eventStore.stop();
    }
  }, 120_000);
});
