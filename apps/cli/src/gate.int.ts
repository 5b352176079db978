import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { preflightAnswer, problemAnswer, APPROVAL_ID, DECISION_ID } from './testing/answers.js';
import { API, failureOf, PLAN, withCliWorld } from './testing/cli-world.js';
import type { CliRun } from './testing/run-cli.js';

const REPORT = fileURLToPath(new URL('../../../test/fixtures/infracost/increase.json', import.meta.url));
const PREFLIGHT = `POST ${API}/gate/terraform/preflight`;
const ASK = ['gate', 'preflight', '--project', 'web', '--environment', 'prod', '--run', 'run-1'];

const { server, path, file, run } = withCliWorld();
const ask = (...more: readonly string[]): Promise<CliRun> => run([...ASK, '--plan', PLAN, ...more]);

describe('gate preflight', () => {
  it.each([
    ['ALLOW', 0],
    ['ALLOW_WITH_CREDITS', 0],
    ['DENY', 1],
    ['REQUIRE_APPROVAL', 3],
  ])('answers %s with exit code %i', async (decision, exit) => {
    server.on(PREFLIGHT, { body: preflightAnswer({ decision }) });
    const result = await ask();
    expect(result.exit).toBe(exit);
    expect(JSON.parse(result.stdout)).toMatchObject({ decision, decision_id: DECISION_ID });
    expect(result.stderr).toBe('');
  });

  it('sends the plan without its secrets and with the hash of its original bytes', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    await ask('--ticket', 'OPS-1');
    const [request] = server.seen;
    const sent = JSON.parse(request?.text ?? '') as { plan: { resource_changes: unknown[] }; plan_sha256: string };
    expect(request?.text).not.toContain('s3cret-value');
    expect(sent).toMatchObject({
      run_id: 'run-1',
      project_id: 'web',
      environment: 'prod',
      resource_reference: 'stack:web',
      ticket: 'OPS-1',
    });
    expect(sent.plan_sha256).toBe(
      createHash('sha256')
        .update(await readFile(PLAN))
        .digest('hex'),
    );
    expect(sent.plan.resource_changes).toHaveLength(8);
    expect(request?.headers.authorization).toBe('Bearer a-token');
  });

  it('sends a report of Infracost beside the plan, without its authors and paths', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    expect((await ask('--infracost', REPORT)).stderr).toBe('');
    const [request] = server.seen;
    const { infracost } = JSON.parse(request?.text ?? '') as { readonly infracost: unknown };
    expect(infracost).toMatchObject({ version: '0.2', currency: 'USD', diffTotalMonthlyCost: '110.08' });
    for (const word of ['dev@example', 'git.example', 'main.tf']) expect(request?.text).not.toContain(word);
  });

  it('does not send a report in another currency, or a file that is none', async () => {
    const euro = await file('euro.json', (await readFile(REPORT, 'utf8')).replaceAll('"USD"', '"EUR"'));
    expect(failureOf(await ask('--infracost', euro))).toMatchObject({ code: 'currency_unsupported' });
    const none = await ask('--infracost', PLAN);
    expect([none.exit, failureOf(none)]).toMatchObject([2, { code: 'report_invalid' }]);
    expect(server.seen).toHaveLength(0);
  });

  it('sends bare changes instead of a plan, reduced as well, and says in no place that there was a plan', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    const { resource_changes: changes } = JSON.parse(await readFile(PLAN, 'utf8')) as { resource_changes: unknown[] };
    const bare = await file('changes.json', JSON.stringify(changes));
    expect((await run([...ASK, '--resource-changes', bare, '--state', 'state.json'])).exit).toBe(3);
    const [request] = server.seen;
    const sent = JSON.parse(request?.text ?? '') as Record<string, unknown>;
    expect(request?.text).not.toContain('s3cret-value');
    expect(sent['resource_changes']).toHaveLength(changes.length);
    expect(Object.keys(sent)).not.toEqual(expect.arrayContaining(['plan']));
    expect(sent).not.toHaveProperty('plan_sha256');
    expect(JSON.parse(await readFile(path('state.json'), 'utf8'))).toMatchObject({ plan_sha256: null });
  });

  it('asks with a plan or with bare changes, never both or neither, and tells one from the other', async () => {
    for (const argv of [ASK, [...ASK, '--plan', PLAN, '--resource-changes', PLAN]])
      expect(await run(argv)).toMatchObject({ exit: 2, stderr: expect.stringContaining('--resource-changes') });
    const swapped = await run([...ASK, '--resource-changes', PLAN]);
    expect([swapped.exit, failureOf(swapped)]).toMatchObject([2, { detail: 'a whole plan goes with --plan' }]);
    expect(server.seen).toHaveLength(0);
  });

  it('leaves the key to the server, which derives it from the run, unless one is given', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    await ask();
    await ask('--idempotency-key', 'replan-2');
    expect(server.seen.map(({ headers }) => headers['idempotency-key'])).toEqual([undefined, 'replan-2']);
  });

  it('reads a plan from standard input', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    const { exit } = await run([...ASK, '--plan', '-'], { stdin: await readFile(PLAN, 'utf8') });
    expect(exit).toBe(3);
  });

  it('writes a continuation that only the caller can read', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    await ask('--state', 'state.json');
    expect(JSON.parse(await readFile(path('state.json'), 'utf8'))).toMatchObject({
      schema: 'verdict.continuation.v1',
      approval_request_id: APPROVAL_ID,
      binding: { expected_resource_reference: 'stack:web' },
      estimated_monthly_delta_usd: '1098.7400',
    });
    expect((await stat(path('state.json'))).mode & 0o777).toBe(0o600);
  });

  it('names resources by their local address on a terminal, though the answer has hashes only', async () => {
    const line = {
      address_sha256: createHash('sha256').update('aws_db_instance.main').digest('hex'),
      type: 'aws_db_instance',
      action: 'create',
      entry_id: 'rds',
      status: 'priced',
      reason: null,
      before_usd: null,
      after_usd: '772.0000',
      delta_usd: '772.0000',
      count: 1,
    };
    const cost = { ...(preflightAnswer() as { cost: object }).cost, lines: [line] };
    server.on(PREFLIGHT, { body: preflightAnswer({ cost }) });
    const { stdout } = await run([...ASK, '--plan', PLAN, '--no-color'], { isTerminal: true });
    expect(stdout).toMatch(
      new RegExp(`^REQUIRE_APPROVAL ${DECISION_ID} \\+1098\\.74 USD/mo approval ${APPROVAL_ID}\\n`),
    );
    expect(stdout).toMatch(/aws_db_instance +create +rds +\+772\.00 +aws_db_instance\.main/);
  });

  it('prints the id alone when quiet', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    expect((await ask('-q')).stdout).toBe(`${DECISION_ID}\n`);
  });

  it('prints the request and sends nothing on a dry run', async () => {
    const { exit, stdout } = await ask('--dry-run');
    expect(exit).toBe(0);
    expect(stdout).toContain(`POST ${server.url}/api/v1/enforcement/gate/terraform/preflight`);
    expect(stdout).toContain('Bearer ...');
    expect(stdout).not.toContain('a-token');
    expect(server.seen).toHaveLength(0);
  });

  it('passes over members that a newer server has added', async () => {
    server.on(PREFLIGHT, {
      body: preflightAnswer({ shiny: 1, hold: { legs: [], total: '0.0000', unfunded_usd: '0.0000', new: [] } }),
    });
    const { exit, stdout } = await ask();
    expect(exit).toBe(3);
    expect(JSON.parse(stdout)).toHaveProperty('shiny', 1);
  });

  it('does not trust an answer of another form', async () => {
    server.on(PREFLIGHT, { body: { decision: 'MAYBE' } });
    const result = await ask();
    expect(result.exit).toBe(6);
    expect(failureOf(result)).toMatchObject({ code: 'answer_not_understood' });
    expect(result.stdout).toBe('');
  });
});

describe('errors of the server', () => {
  it.each([
    [400, 'malformed_json', 4],
    [401, 'unauthenticated', 5],
    [403, 'project_forbidden', 5],
    [409, 'idempotency_conflict', 4],
    [422, 'validation_failed', 4],
  ])('%i %s is exit code %i and is not repeated', async (status, code, exit) => {
    server.on(PREFLIGHT, { status, body: problemAnswer(status, code) });
    const result = await ask();
    expect(result.exit).toBe(exit);
    expect(failureOf(result)).toMatchObject({ code, title: `Title of ${code}`, retry: 'never', idempotencyKey: null });
    expect(server.seen).toHaveLength(1);
  });

  it('asks again when the server says it cannot now, and gives the answer that comes', async () => {
    server.on(
      PREFLIGHT,
      { status: 503, body: problemAnswer(503, 'outcome_unknown') },
      { isDropped: true },
      { body: preflightAnswer({ decision: 'ALLOW' }) },
    );
    expect((await ask()).exit).toBe(0);
    expect(new Set(server.seen.map(({ text }) => text)).size).toBe(1);
    expect(server.seen).toHaveLength(3);
  });

  it('waits as long as it is told to when it asks too often', async () => {
    server.on(
      PREFLIGHT,
      { status: 429, body: problemAnswer(429, 'rate_limited'), headers: { 'retry-after': '1' } },
      { body: preflightAnswer() },
    );
    const began = Date.now();
    expect((await ask()).exit).toBe(3);
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
  });

  it('gives up within the timeout and says how to ask again safely', async () => {
    server.on(PREFLIGHT, { status: 503, body: problemAnswer(503, 'outcome_unknown') });
    const result = await ask('--timeout', '500ms');
    expect(result.exit).toBe(6);
    expect(failureOf(result)).toMatchObject({ code: 'outcome_unknown', retry: 'same-key' });
    expect(String(failureOf(result)['detail'])).toContain('--run run-1');
  });

  it('says that nothing listens', async () => {
    const result = await run([...ASK, '--plan', PLAN], { env: { VERDICT_URL: 'http://127.0.0.1:1' } });
    expect(result.exit).toBe(6);
    expect(failureOf(result)).toMatchObject({ code: 'server_unreachable' });
  });

  it('follows no redirect: the token goes nowhere else', async () => {
    server.on(PREFLIGHT, { status: 307, headers: { location: `${server.url}/elsewhere` }, body: {} });
    server.on('POST /elsewhere', { body: preflightAnswer({ decision: 'ALLOW' }) });
    expect((await ask('--timeout', '2s')).exit).toBe(6);
    expect(server.seen.map(({ path }) => path)).not.toContain('/elsewhere');
  });

  it('ends with 130 when it is interrupted', async () => {
    const controller = new AbortController();
    server.on(PREFLIGHT, { status: 503, body: problemAnswer(503, 'outcome_unknown') });
    setTimeout(() => controller.abort(), 100);
    const { exit } = await run([...ASK, '--plan', PLAN], { interrupted: controller.signal });
    expect(exit).toBe(130);
  });
});

describe('input that is no plan', () => {
  const given = async (bytes: string | Uint8Array): Promise<Record<string, unknown>> => {
    await file('plan.json', bytes);
    const result = await run([...ASK, '--plan', 'plan.json']);
    expect(result.exit).toBe(2);
    expect(server.seen).toHaveLength(0);
    return failureOf(result);
  };

  it('names a file that is not there', async () => {
    const result = await run([...ASK, '--plan', 'nowhere.json']);
    expect(result.exit).toBe(2);
    expect(failureOf(result)).toMatchObject({ code: 'file_unreadable', title: 'cannot read nowhere.json' });
  });

  it('says where JSON was cut off', async () => {
    const whole = await readFile(PLAN);
    expect(await given(whole.subarray(0, 5000))).toMatchObject({
      code: 'malformed_json',
      detail: expect.stringContaining('5000 bytes were read'),
    });
  });

  it('says what to do with a binary plan, a state, a log, an empty file', async () => {
    expect(await given(new Uint8Array([0x50, 0x4b, 3, 4]))).toMatchObject({
      detail: expect.stringContaining('terraform show -json'),
    });
    expect(await given('{"format_version":"2.0","values":{}}')).toMatchObject({
      code: 'plan_invalid',
      detail: expect.stringContaining('a state'),
    });
    expect(await given('{"@level":"info"}')).toMatchObject({ detail: expect.stringContaining('log of') });
    expect(await given('')).toMatchObject({ code: 'input_empty' });
    expect(await given('[1]')).toMatchObject({ code: 'plan_invalid' });
    expect(await given('{"a":1,"a":2}')).toMatchObject({ code: 'malformed_json' });
  });

  it('says how much too large a plan is, once reduced', async () => {
    const change = (index: number): object => ({
      address: `t.r[${String(index)}]`,
      mode: 'managed',
      type: 't',
      name: 'r',
      change: { actions: ['create'], before: null, after: { text: 'x'.repeat(200) } },
    });
    const plan = {
      format_version: '1.2',
      resource_changes: Array.from({ length: 15_000 }, (_, index) => change(index)),
    };
    expect(await given(JSON.stringify(plan))).toMatchObject({
      code: 'plan_too_large',
      title: expect.stringContaining('15000 changes'),
    });
  });
});
