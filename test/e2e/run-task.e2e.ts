import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { fixtureText } from '../fixtures/terraform-fixtures.js';
import { LedgerReader } from '../support/e2e/ledger.js';
import { waitUntil } from '../support/e2e/processes.js';
import { Standalone } from '../support/e2e/standalone.js';
import { createBudget, MONEY_ONLY, must, publishBook, publishPolicy } from '../support/e2e/story.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';
import {
  HcpTerraform,
  type RunTask,
  type TaskFaults,
  type TaskResult,
} from '../support/hcp-terraform/hcp-terraform.js';
import { signatureOf, type TaskTerms } from '../support/hcp-terraform/payload.js';
import { expectReplayable } from '../support/replay-journals.js';
import { trusting } from '../support/hcp-terraform/settings.js';

const STACK = 'aws-web-stack';
const PLAN = fixtureText(STACK, 'plan.json');
const STACK_USD = '1098.7400';
const PATH = '/api/v1/enforcement/gate/terraform/run-task';
const PUBLIC_URL = 'https://verdict.example.com';

describe('run tasks of HCP Terraform', () => {
  let peer: HcpTerraform;
  let trust: Awaited<ReturnType<typeof trusting>>;
  let server: Standalone;
  let ledger: LedgerReader;

  beforeAll(async () => {
    peer = await HcpTerraform.start();
    trust = await trusting(peer);
    server = await Standalone.start({ env: { ...trust.env, VERDICT_PUBLIC_URL: `${PUBLIC_URL}/` } });
    ledger = await LedgerReader.open(server.postgresDir);
  }, 120_000);
  afterAll(async () => {
    expect(await expectReplayable(ledger.log)).toBeGreaterThan(20);
    await ledger.close();
    await server.dispose();
    await peer.stop();
    await trust.dispose();
  });
  afterEach(() => {
    expect(peer.violations.splice(0)).toEqual([]);
  });

  const RULES = [
    { workspace: 'web-*', project_id: 'web', environment: 'prod' },
    { project: 'play*', workspace: '*', project_id: 'play', environment: 'dev' },
  ];
  /** A tenant with a price book, a budget, a policy and an integration with the double. */
  const estate = async ({
    policy = MONEY_ONLY,
    limit = '5000',
  }: { readonly policy?: object; readonly limit?: string } = {}) => {
    const tenant = freshTenant();
    const people = peopleOf(tenant);
    await publishBook(server, people, STACK);
    await publishPolicy(server, people, policy);
    await createBudget(server, people, limit);
    const { body } = await must(server, 'createIntegration', {
      as: people.admin,
      body: {
        ...{ kind: 'run_task', name: 'hcp', address: peer.address, allow_private_address: true },
        project_rules: RULES,
      },
    });
    const integrationId = String(body.integration_id);
    const task: RunTask = { url: `${server.url}${PATH}/${integrationId}`, hmacKey: String(body.secrets.hmac_key) };
    const start = (terms: TaskTerms = {}, faults: TaskFaults = {}): TaskResult =>
      peer.startTask(task, terms, { plan: PLAN, ...faults });
    const decisions = () => ledger.entries(tenant, 'decisions');
    const held = async (): Promise<string> => {
      const { body: budgets } = await must(server, 'listBudgets', { as: people.admin });
      return String(budgets.items[0].held_usd);
    };
    return { tenant, people, integrationId, task, start, decisions, held };
  };
  const messageOf = ({ body }: Awaited<TaskResult['done']>): string =>
    (body as { data: { attributes: { message: string } } }).data.attributes.message;
  const urlOf = ({ body }: Awaited<TaskResult['done']>): unknown =>
    (body as { data: { attributes: { url?: string } } }).data.attributes.url;

  it('are created with a test request, which is answered with nothing and leaves nothing', async () => {
    const { task, tenant } = await estate();
    const before = await ledger.heads(tenant);
    expect(await peer.createTask(task)).toEqual({ isCreated: true, status: 200 });
    expect(await peer.createTask({ ...task, hmacKey: 'other' })).toMatchObject({ isCreated: false, status: 401 });
    expect(await peer.createTask({ ...task, hmacKey: '' })).toMatchObject({ isCreated: false, status: 401 });
    expect(await ledger.heads(tenant)).toEqual(before);
    expect(await ledger.dump()).not.toContain('taskrs-test');
  });

  it('are refused alike when forged, unsigned, altered, of a foreign key, unknown or revoked', async () => {
    const { task, people, integrationId, tenant } = await estate();
    const other = await estate();
    const body = JSON.stringify({ payload_version: 1, access_token: 'test-token' });
    const send = (url: string, signature: string | null, sent = body) =>
      server.raw({
        method: 'POST',
        path: new URL(url).pathname,
        body: sent,
        headers: {
          'content-type': 'application/json',
          ...(signature === null ? {} : { 'x-tfc-task-signature': signature }),
        },
      });
    const good = signatureOf(body, task.hmacKey);
    expect((await send(task.url, good)).status).toBe(200);
    const refused = [
      await send(task.url, null),
      await send(task.url, ''),
      await send(task.url, good.toUpperCase()),
      await send(task.url, good, `${body} `),
      await send(task.url, good, 'not json at all'),
      await send(task.url, signatureOf(body, other.task.hmacKey)),
      await send(other.task.url, good),
      await send(`${server.url}${PATH}/no-such-id`, good),
      await send(`${server.url}${PATH}`, good), // There are several, and none is named.
    ];
    await must(server, 'revokeIntegration', { as: people.admin, params: { integration_id: integrationId }, body: {} });
    refused.push(await send(task.url, good));
    for (const answer of refused) {
      expect(answer.status).toBe(401);
      expect(answer.body.code).toBe('signature_invalid');
      expect(answer.body.detail).toBe(refused[0]!.body.detail);
    }
    expect(await ledger.entries(tenant, 'decisions')).toEqual([]);
    const { text } = await server.raw({ method: 'GET', path: '/metrics' });
    expect(text).toMatch(/webhook_auth_failures_total\{way="hmac"\} [1-9]/);
    expect(text).toMatch(/webhook_auth_failures_total\{way="none"\} [1-9]/);
  });

  it('hold what the plan costs and pass, once the plan is there', async () => {
    const { start, decisions, held } = await estate();
    const result = start({}, { planSteps: [{ status: 204 }, { status: 204 }, { status: 307 }] });
    const end = await result.done;
    expect(end.status).toBe('passed');
    expect(result.statuses).toEqual(['running', 'passed']);
    expect(messageOf(end)).toMatch(/^ALLOW: \+\$1098\.7400 a month; /);
    expect(urlOf(end)).toMatch(new RegExp(`^${PUBLIC_URL}/api/v1/enforcement/decisions/[0-9a-f-]{36}$`));
    const [recorded] = await decisions();
    expect(recorded!.payload).toMatchObject({
      decision: 'ALLOW',
      key: { text: `runtask:${result.id}`, is_derived: true },
      request: {
        ...{ source: 'terraform', action: 'terraform.apply', resource_reference: 'acme-org/web-prod' },
        ...{ project_id: 'web', environment_raw: 'prod' },
        run: { run_id: 'run-1', stage: 'post_plan', callback_url: null },
      },
      requester: { on_behalf_of: 'ana' },
      cost: { monthly_delta_usd: STACK_USD, method: 'price_book', completeness: 'complete' },
    });
    const metadata = JSON.parse(recorded!.payload.request.metadata);
    expect(metadata).toMatchObject({ v: 1, changes: expect.any(Array) });
    expect(recorded!.text).not.toMatch(/aws_[a-z_]+\.[a-z]/); // No address of a resource.
    expect(await held()).toBe(STACK_USD);
    const { text } = await server.raw({ method: 'GET', path: '/metrics' });
    expect(text).toMatch(/gate_decisions_total\{source="terraform",decision="ALLOW",path="normal"\} [1-9]/);
  });

  it('say what it costs as outcomes to a peer that has them, and in words to one that has not', async () => {
    const { start } = await estate();
    const { body } = await start({ hasOutcomes: true }).done;
    const { data } = (body as { data: { relationships: { outcomes: { data: { attributes: object }[] } } } }).data
      .relationships.outcomes;
    expect(data.map(({ attributes }) => Reflect.get(attributes, 'outcome-id'))).toEqual([
      'verdict-decision',
      'verdict-cost',
    ]);
    expect(JSON.stringify(data)).toContain('| aws_');
    expect((await start({ hasOutcomes: false, runId: 'run-2' }).done).status).toBe('passed');
  });

  it('fail with the address of the approval, pass once it is granted, and hold once from plan to apply', async () => {
    const { start, people, decisions, held, tenant } = await estate({ policy: {} });
    const first = await start({ stage: 'post_plan', enforcement: 'advisory' }).done;
    expect(first).toMatchObject({ status: 'failed', isRunStopped: false });
    const approvalId = /approvals\/([0-9a-f-]{36})$/.exec(String(urlOf(first)))?.[1] ?? '';
    expect(messageOf(first)).toContain(`REQUIRE_APPROVAL`);
    expect(messageOf(first)).toContain(String(urlOf(first)));
    const waiting = await start({ stage: 'pre_apply' }).done;
    expect(waiting).toMatchObject({ status: 'failed', isRunStopped: true });
    expect(urlOf(waiting)).toBe(urlOf(first)); // Nobody is asked twice.
    expect(await held()).toBe(STACK_USD);
    await waitUntil(
      'the request is open',
      async () =>
        (await server.call('getApproval', { as: people.lead, params: { approval_id: approvalId } })).status === 200,
    );
    await must(server, 'approve', {
      as: people.lead,
      params: { approval_id: approvalId },
      body: { notes: 'needed before the season, go' },
    });
    const applied = await start({ stage: 'pre_apply' }).done;
    expect([applied.status, messageOf(applied)]).toEqual(['passed', expect.stringContaining('approval_grant_used')]);
    expect(await held()).toBe(STACK_USD);
    expect((await start({ stage: 'post_apply' }).done).status).toBe('passed');
    expect((await decisions()).map(({ type }) => type)).toEqual([
      'decision_recorded',
      'decision_reanswered',
      'hold_voided',
      'decision_recorded',
      'decision_reanswered',
    ]);
    expect((await decisions()).at(-1)!.payload).toMatchObject({ stage: 'post_apply', run_id: 'run-1' });
    expect(await held()).toBe(STACK_USD);
    expect(await ledger.typesOf(tenant, 'approvals')).not.toContain('token_consumed');
  });

  it('answer an equal plan before the apply by the decision that stands', async () => {
    const { start, decisions, held } = await estate();
    const planned = await start({ stage: 'post_plan' }).done;
    const again = start({ stage: 'pre_apply' });
    expect(messageOf(await again.done)).toBe(messageOf(planned));
    const [recorded, reanswered, ...more] = await decisions();
    expect(more).toEqual([]);
    expect(reanswered!.payload).toMatchObject({
      ...{ decision_id: recorded!.payload.decision_id, decision_revision: 0, stage: 'pre_apply' },
      key: { text: `runtask:${again.id}` },
    });
    expect(await held()).toBe(STACK_USD);
  });

  it('take over the hold of the run when the plan has become another', async () => {
    const { start, decisions, held } = await estate();
    await start({ stage: 'post_plan' }).done;
    const dearer = PLAN.replaceAll('"db.r6g.large"', '"db.r6g.large "').replace(
      /"allocated_storage": ?\d+/g,
      '"allocated_storage":777',
    );
    expect((await start({ stage: 'pre_apply' }, { plan: dearer }).done).status).toBe('passed');
    const [first, voided, second] = await decisions();
    expect(voided).toMatchObject({ type: 'hold_voided', payload: { cause: 'superseded' } });
    expect(second!.payload.supersedes).toBe(first!.payload.decision_id);
    expect(second!.payload.request_fingerprint).not.toBe(first!.payload.request_fingerprint);
    expect(await held()).toBe(second!.payload.hold.total_usd);
  });

  it('do not know each other across runs', async () => {
    const { start, decisions, held } = await estate();
    await start({ runId: 'run-1' }).done;
    await start({ runId: 'run-2', stage: 'pre_apply' }).done;
    expect((await decisions()).map(({ type }) => type)).toEqual(['decision_recorded', 'decision_recorded']);
    expect(await held()).toBe('2197.4800');
  });

  it('hold nothing and ask nobody for a speculative plan', async () => {
    const { start, decisions, held, tenant } = await estate({ policy: {} });
    const end = await start({ isSpeculative: true }).done;
    expect(end.status).toBe('failed');
    expect((await decisions())[0]!.payload).toMatchObject({ dry_run: true, decision: 'REQUIRE_APPROVAL' });
    expect(await held()).toBe('0.0000');
    expect(await ledger.typesOf(tenant, 'approvals')).toEqual([]);
  });

  it('pass in shadow mode, and say what would have been', async () => {
    const policy = { ...MONEY_ONLY, mode_matrix: { terraform: { default: 'shadow' } } };
    const { start, held } = await estate({ policy, limit: '10' });
    const end = await start().done;
    expect(end.status).toBe('passed');
    expect(messageOf(end)).toContain('would be DENY, budget_exceeded');
    expect(JSON.stringify(end.body)).toContain('"label":"DENY","level":"error"');
    expect(await held()).toBe('0.0000');
  });

  it('pass before the plan, and ask nothing', async () => {
    const { start, decisions } = await estate();
    const result = start({ stage: 'pre_plan' });
    expect((await result.done).status).toBe('passed');
    expect(await decisions()).toEqual([]);
  });

  it('stop a mandatory run that is denied', async () => {
    const { start, held } = await estate({ limit: '10' });
    const end = await start().done;
    expect(end).toMatchObject({ status: 'failed', isRunStopped: true });
    expect(messageOf(end)).toMatch(/^DENY: .*budget_exceeded/);
    expect(await held()).toBe('0.0000');
  });

  it.each<readonly [string, TaskFaults]>([
    ['prints none (422)', { planSteps: [{ status: 422 }] }],
    ['is gone (404)', { planSteps: [{ status: 404 }] }],
    ['is larger than 10 MiB', { plan: `{"x":"${'x'.repeat(10 * 1024 * 1024)}"}` }],
    ['is no JSON', { plan: 'Error: nothing here' }],
    ['is no plan', { plan: '[]' }],
    ['is of another major version', { plan: '{"format_version":"9.0"}' }],
    ['lies elsewhere', { planSteps: [{ status: 307, location: 'https://127.0.0.1:9/x' }] }],
  ])('know no cost, which is never 0, when the plan %s', async (_what, faults) => {
    const { start, decisions } = await estate();
    const end = await start({}, faults).done;
    expect(end.status).toBe('failed');
    expect(messageOf(end)).toContain('cost unknown');
    expect((await decisions())[0]!.payload).toMatchObject({
      cost: { completeness: 'unknown', monthly_delta_usd: null },
    });
    expect((await decisions())[0]!.payload.reason_codes).toContain('cost_unknown');
  });

  it('are decided once however often they are delivered, and answered once', async () => {
    const { start, decisions } = await estate();
    const result = start({}, { deliveries: 4 });
    await result.done;
    await waitUntil('all are delivered', () => Promise.resolve(result.deliveries.length === 4));
    expect(result.deliveries).toEqual([200, 200, 200, 200]);
    expect(await decisions()).toHaveLength(1);
    expect(result.finalBodies).toHaveLength(1);
  });

  it('send the same final answer until it is taken, and not again once it is refused', async () => {
    const { start } = await estate();
    const result = start({}, { finalAnswers: [500, 0, 503] });
    expect((await result.done).status).toBe('passed');
    expect(result.finalBodies).toHaveLength(4);
    expect(new Set(result.finalBodies).size).toBe(1);
    const refused = start({ runId: 'run-2' }, { finalAnswers: [401] });
    await waitUntil('it was sent', () => Promise.resolve(refused.finalBodies.length === 1));
    await waitUntil('it is given up', () =>
      Promise.resolve(server.output.includes('"reason":"the peer\'s answer was: refused"')),
    );
    expect(refused.finalBodies).toHaveLength(1);
  }, 30_000);

  it('belong to the project and environment of the first rule, else to none that anybody chose', async () => {
    const { start, decisions } = await estate();
    await start({ workspace: 'web-prod' }).done;
    await start({ workspace: 'other', project: 'playground', runId: 'run-2' }).done;
    await start({ workspace: 'other', runId: 'run-3', change: { project_name: undefined } }).done;
    const requests = (await decisions()).map(({ payload }) => [
      payload.request.project_id,
      payload.request.environment_raw,
    ]);
    expect(requests).toEqual([
      ['web', 'prod'],
      ['play', 'dev'],
      ['default', 'unspecified'],
    ]);
    expect((await decisions())[2]!.payload.reason_codes).toContain('environment_unknown_strict');
  });

  it('has a resource reference of 1 to 512 characters without control characters, whatever its names are', async () => {
    const { start, decisions } = await estate();
    const long = 'o'.repeat(256);
    await start({ workspace: 'w'.repeat(256), change: { organization_name: long } }).done;
    await start({ workspace: 'w'.repeat(255), runId: 'run-2', change: { organization_name: long } }).done;
    await start({ workspace: 'a\nb', runId: 'run-3' }).done;
    const references = (await decisions()).map(({ payload }) => payload.request.resource_reference);
    expect(references).toEqual([
      expect.stringMatching(/^o{256}\/w{183}#[0-9a-f]{64}$/),
      `${long}/${'w'.repeat(255)}`,
      'acme-org/a\uFFFDb',
    ]);
  });

  it.each([
    ['another host for results', { task_result_callback_url: 'https://evil.test/api/v2/task-results/x/callback' }],
    ['another host for the plan', { plan_json_api_url: 'https://169.254.169.254/latest/meta-data' }],
    ['a result without TLS', { task_result_callback_url: 'http://localhost/x' }],
    ['another payload version', { payload_version: 2 }],
    ['no plan where there is one', { plan_json_api_url: null }],
    ['an unknown stage', { stage: 'post_mortem' }],
    ['no id', { task_result_id: undefined }],
  ])('are not taken with %s', async (_what, change) => {
    const { start, decisions } = await estate();
    const result = start({ change }, { timeoutMs: 300 });
    expect((await result.done).status).toBe('errored');
    expect(new Set(result.deliveries)).toEqual(new Set([422]));
    expect(result.statuses).toEqual([]);
    expect(await decisions()).toEqual([]);
  });

  it('are taken with members that a later peer adds, and without those that an older one lacks', async () => {
    const { start } = await estate();
    const change = {
      ...{ future: { a: [1.5] }, capabilities: undefined, project_id: undefined, project_name: undefined },
      ...{ vcs_branch: undefined, run_created_by: undefined, is_speculative: undefined, run_app_url: undefined },
    };
    expect((await start({ change, hasOutcomes: false }).done).status).toBe('passed');
  });

  it('are signed with either of two keys while they rotate, and with the new one alone afterwards', async () => {
    const { task, people, integrationId } = await estate();
    const params = { integration_id: integrationId };
    const rotated = await must(server, 'rotateIntegration', { as: people.admin, params, body: {} });
    const renewed = { ...task, hmacKey: String(rotated.body.secrets.hmac_key) };
    expect([(await peer.createTask(task)).status, (await peer.createTask(renewed)).status]).toEqual([200, 200]);
    await must(server, 'rotateIntegration', { as: people.admin, params, body: { retire_previous: true } });
    expect([(await peer.createTask(task)).status, (await peer.createTask(renewed)).status]).toEqual([401, 200]);
  });

  it('survive the end of the process between the answer and the callback, and no secret is ever written down', async () => {
    const { start, decisions, held, task } = await estate();
    const steps = [{ status: 204 }, { status: 204 }, { status: 204 }, { status: 307 }] as const;
    const result = start({}, { planSteps: steps });
    await waitUntil('it is running', () => Promise.resolve(result.statuses.includes('running')));
    const secrets = [result.token, task.hmacKey];
    const expectNoSecret = async (): Promise<void> => {
      const told = (await ledger.dump()) + server.output;
      expect(told).toContain(result.id);
      for (const secret of secrets) expect(told.includes(secret)).toBe(false);
      expect(told.includes(`${peer.archiveAddress}/object`)).toBe(false);
    };
    await expectNoSecret();
    await server.kill9();
    expect(await decisions()).toEqual([]);
    await server.restart();
    expect((await result.done).status).toBe('passed');
    expect(await decisions()).toHaveLength(1);
    expect(await held()).toBe(STACK_USD);
    await expectNoSecret();
  }, 60_000);
});
