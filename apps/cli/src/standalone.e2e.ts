import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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

  it('checks, schedules, compares and cancels versions of the policy', async () => {
    const checked = await verdict('admin-1', 'policy', 'validate', join(STACK, 'policy.json'));
    expect([checked.exit, bodyOf(checked)]).toMatchObject([0, { valid: true, errors: [] }]);
    await writeFile(
      join(cwd, 'bad.json'),
      JSON.stringify({ rules: [{ id: 'a', condition: 'cost.x > 0', effect: 'deny' }] }),
    );
    const bad = await verdict('admin-1', 'policy', 'validate', 'bad.json');
    expect([bad.exit, bodyOf(bad)]).toMatchObject([
      1,
      { valid: false, errors: [{ pointer: '/document/rules/0/condition' }] },
    ]);
    await writeFile(join(cwd, 'strict.json'), JSON.stringify({ mode_matrix: { terraform: { default: 'hard' } } }));
    const at = new Date(Date.now() + 86_400_000).toISOString();
    const scheduled = await verdict('admin-1', 'policy', 'publish', 'strict.json', '--message', 'next', '--at', at);
    expect(bodyOf(scheduled)).toMatchObject({ version: 3, status: 'scheduled', in_force: false });
    const diff = await verdict('admin-1', 'policy', 'diff', '2', '3');
    expect([diff.exit, bodyOf(diff)]).toMatchObject([
      1,
      { tightens: expect.arrayContaining(['/mode_matrix/terraform/default']) },
    ]);
    expect((await verdict('admin-1', 'policy', 'diff', '2')).exit).toBe(0);
    expect(bodyOf(await verdict('admin-1', 'policy', 'cancel', '3'))).toMatchObject({
      version: 3,
      status: 'cancelled',
    });
    const part = ['--message', 'some first', '--percent', '10', '--salt', 'r1'];
    expect(bodyOf(await verdict('admin-1', 'policy', 'publish', 'strict.json', ...part))).toMatchObject({
      version: 4,
      status: 'rolling_out',
    });
    expect(bodyOf(await verdict('admin-1', 'policy', 'rollout', '4', '--percent', '20'))).toMatchObject({
      rollout: { cohort_percent: 20, salt: 'r1' },
    });
    expect(bodyOf(await verdict('admin-1', 'policy', 'cancel', '4'))).toMatchObject({ status: 'cancelled' });
  });

  it('grants and revokes credits and exceptions', async () => {
    const granted = bodyOf(
      await verdict('admin-1', 'credit', 'grant', 'project:other', '--amount', '500', '--reason', 'season'),
    );
    expect(granted).toMatchObject({ pool: 'reserved', available_usd: '500.0000', status: 'active' });
    const revoked = await verdict('admin-1', 'credit', 'revoke', String(granted['credit_id']));
    expect(bodyOf(revoked)).toMatchObject({ status: 'revoked' });
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const about = ['--owner', 'finops', '--reason', 'new service', '--ticket', 'OPS-1', '--expires', until];
    const waiver = bodyOf(
      await verdict('admin-1', 'exception', 'create', '--waives', 'cost_unknown', '--project', 'other', ...about),
    );
    expect(waiver).toMatchObject({ status: 'active', waives: ['cost_unknown'], uses: 0 });
    const ended = await verdict('admin-1', 'exception', 'revoke', String(waiver['exception_id']));
    expect(bodyOf(ended)).toMatchObject({ status: 'revoked' });
    for (const group of ['credit', 'exception'])
      expect(bodyOf(await verdict('admin-1', group, 'list'))['items']).toHaveLength(1);
  });

  it('prices a plan here, by the newest book or by one of its own', async () => {
    const plan = join(STACK, 'plan.json');
    const offline = await runCli(
      ['price-book', 'price', '--plan', plan, '--book', join(STACK, 'price-book.json'), '-o', 'table'],
      { cwd },
    );
    expect({ exit: offline.exit, stderr: offline.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(offline.stdout).toMatch(/^\+1098\.74 USD\/mo, 0 of 8 unpriced\n/);
    const published = await verdict('dev-1', 'price-book', 'price', '--plan', plan);
    expect(bodyOf(published)).toMatchObject({ monthly_delta_usd: '1098.7400', completeness: 'complete' });
    await writeFile(
      join(cwd, 'other.json'),
      (await readFile(join(STACK, 'price-book.json'), 'utf8')).replaceAll('aws_db_instance', 'aws_rds_cluster'),
    );
    expect((await runCli(['price-book', 'price', '--plan', plan, '--book', 'other.json'], { cwd })).exit).toBe(7);
  });

  it('asks for events and for several changes at once', async () => {
    const event = {
      specversion: '1.0',
      id: 'e1',
      source: '/ci/a',
      type: 'com.example.change',
      data: { action: 'scale', project_id: 'other', environment: 'dev', estimated_monthly_delta_usd: '1' },
    };
    await writeFile(join(cwd, 'event.json'), JSON.stringify(event));
    const asked = await verdict('dev-1', 'gate', 'event', '--event', 'event.json');
    expect([asked.exit, bodyOf(asked)]).toMatchObject([0, { decision: 'ALLOW', source: 'cloud_event' }]);
    const item = {
      source: 'terraform',
      action: 'apply',
      resource_reference: 'r',
      project_id: 'other',
      environment: 'dev',
    };
    const items = ['1', '2'].map((amount) => ({
      ...item,
      resource_reference: amount,
      estimated_monthly_delta_usd: amount,
    }));
    await writeFile(join(cwd, 'batch.json'), JSON.stringify(items));
    const batch = await verdict('dev-1', 'gate', 'batch', '--event', 'batch.json', '--atomic');
    expect([batch.exit, bodyOf(batch)]).toMatchObject([0, { atomic: true, permitted: true }]);
    const fresh = items.map((each) => ({ ...each, resource_reference: `${each.resource_reference}b` }));
    await writeFile(join(cwd, 'mixed.json'), JSON.stringify([...fresh, { ...item, environment: 'prod' }]));
    const mixed = await verdict('dev-1', 'gate', 'batch', '--event', 'mixed.json', '--atomic', '-o', 'table');
    expect(mixed.exit).toBe(1);
    expect(mixed.stdout).toContain('batch_rolled_back');
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
    const rederived = await runCli(['verify', 'bundle.zip', '--trust', 'vkeys.txt', '--rederive'], { cwd, env: {} });
    expect([rederived.exit, bodyOf(rederived)]).toMatchObject([
      0,
      { result: 'intact', rederivation: { diverging: 0 } },
    ]);
    const replayed = await runCli(['replay', 'bundle.zip'], { cwd, env: {} });
    expect(bodyOf(replayed)).toMatchObject({ decisions: 7, diverging: 0, hidden: 0 });
  });

  it('explains a decision', async () => {
    const explained = await verdict('admin-1', 'gate', 'explain', decisionId);
    expect(bodyOf(explained)).toMatchObject({ decision: { decision_id: decisionId }, reevaluated: true });
    const text = (await verdict('admin-1', 'gate', 'explain', decisionId, '-o', 'table')).stdout;
    expect(text).toContain('prod -> prod -> class prod');
    expect(text).toMatch(/^project_allocation +partial/m);
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
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toMatch(/^7 decisions, 0 diverge\n\d+ other entries of the gate, 0 diverge\n$/);
    const other = await runCli(['replay', '--policy', 'strict.json'], { cwd });
    expect([other.exit, bodyOf(other)]).toMatchObject([1, { decisions: 7, hidden: 0, tenants: [{ tenant: 'acme' }] }]);
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
