import { describe, expect, it } from '@jest/globals';
import {
  APPROVAL_ID,
  approvalAnswer,
  consumeAnswer,
  DECISION_ID,
  preflightAnswer,
  problemAnswer,
  voteAnswer,
} from './testing/answers.js';
import { API, failureOf, PLAN, withCliWorld } from './testing/cli-world.js';
import type { CliRun } from './testing/run-cli.js';

const PREFLIGHT = `POST ${API}/gate/terraform/preflight`;
const SHOW = `GET ${API}/approvals/${APPROVAL_ID}`;
const REISSUE = `POST ${API}/approvals/${APPROVAL_ID}/reissue-token`;
const CONSUME = `POST ${API}/approvals/consume`;

const { server, cli, run } = withCliWorld();

const ask = (...more: readonly string[]): Promise<CliRun> =>
  cli('gate', 'preflight', '--project', 'web', '--environment', 'prod', '--run', 'r1', '--plan', PLAN, ...more);
const paths = (): readonly string[] => server.seen.map(({ path }) => path.replace(API, ''));

describe('gate preflight --wait', () => {
  it('waits until somebody approves, has a token made and uses it with the binding of the question', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    server.on(
      SHOW,
      { status: 404, body: problemAnswer(404, 'approval_not_found') },
      { body: approvalAnswer({ status: 'pending' }) },
      { body: approvalAnswer({ status: 'granted' }) },
    );
    server.on(REISSUE, { body: voteAnswer() });
    server.on(CONSUME, { body: consumeAnswer() });
    const { exit, stdout, stderr } = await ask('--wait', '20s');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ decision_id: DECISION_ID, wait: { status: 'consumed' } });
    const consumed: unknown = JSON.parse(server.seen.at(-1)?.text ?? '');
    expect(consumed).toMatchObject({
      approval_token: 'eyJ-the-approval-token-of-32-characters',
      expected_resource_reference: 'stack:web',
      estimated_monthly_delta_usd: '1098.7400',
    });
  });

  it('has another token made when the answer with the first one was lost', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    server.on(SHOW, { body: approvalAnswer({ status: 'granted' }) });
    server.on(REISSUE, { body: voteAnswer({ approval_token: null, replayed: true }) }, { body: voteAnswer() });
    server.on(CONSUME, { body: consumeAnswer() });
    expect((await ask('--wait', '20s')).exit).toBe(0);
    const keys = server.seen
      .filter(({ path }) => path.endsWith('reissue-token'))
      .map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(2);
    expect(JSON.parse(server.seen.at(-1)?.text ?? '')).toMatchObject({ approval_token: expect.stringMatching(/^eyJ/) });
  });

  it.each(['denied', 'expired', 'withdrawn'])('ends with 1 when the request is %s', async (status) => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    server.on(SHOW, { body: approvalAnswer({ status }) });
    const { exit, stdout } = await ask('--wait', '20s');
    expect([exit, JSON.parse(stdout)]).toMatchObject([1, { wait: { status } }]);
  });

  it('ends with 3 when the time is over; the request stays open', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    server.on(SHOW, { body: approvalAnswer({ status: 'pending' }) });
    const { exit, stdout } = await ask('--wait', '500ms');
    expect([exit, JSON.parse(stdout)]).toMatchObject([3, { wait: { status: 'waiting' } }]);
    expect(paths()).not.toContain('/approvals/consume');
  });

  it('asks nobody where no approval is needed, or none would help', async () => {
    for (const [decision, exit] of [
      ['ALLOW', 0],
      ['DENY', 1],
    ] as const) {
      server.on(PREFLIGHT, { body: preflightAnswer({ decision, approval_request_id: null }) });
      expect((await ask('--wait', '20s')).exit).toBe(exit);
    }
    expect(new Set(paths())).toEqual(new Set(['/gate/terraform/preflight']));
  });

  it('never goes ahead on an approval that was used before, or that cannot be used', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    server.on(SHOW, { body: approvalAnswer({ status: 'consumed' }) });
    expect((await ask('--wait', '20s')).exit).toBe(4);
    server.on(SHOW, { body: approvalAnswer({ status: 'granted' }) });
    server.on(REISSUE, { body: voteAnswer() });
    server.on(CONSUME, { status: 409, body: problemAnswer(409, 'binding_fingerprint_mismatch') });
    expect((await ask('--wait', '20s')).exit).toBe(4);
  });

  it('goes on waiting while the server is away', async () => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    server.on(
      SHOW,
      { status: 503, body: problemAnswer(503, 'log_unavailable') },
      { body: approvalAnswer({ status: 'denied' }) },
    );
    expect((await ask('--wait', '20s')).exit).toBe(1);
  });

  const AWAY = { status: 503, body: problemAnswer(503, 'outcome_unknown'), headers: { 'retry-after': '0' } };
  const keysOf = (path: string): readonly (string | string[] | undefined)[] =>
    server.seen.filter((seen) => seen.path.endsWith(path)).map(({ headers }) => headers['idempotency-key']);
  const granted = (): void => {
    server.on(PREFLIGHT, { body: preflightAnswer() });
    server.on(SHOW, { body: approvalAnswer({ status: 'granted' }) });
    server.on(REISSUE, { body: voteAnswer() });
  };

  it('goes on using the approval, under one key, while nobody knows whether it was used', async () => {
    granted();
    server.on(CONSUME, ...Array.from({ length: 6 }, () => AWAY), { body: consumeAnswer() });
    expect((await ask('--wait', '20s')).exit).toBe(0);
    expect(keysOf('/consume')).toHaveLength(7);
    expect(new Set(keysOf('/consume')).size).toBe(1);
    expect(keysOf('/reissue-token')).toHaveLength(1);
  });

  it('says where it is told whether the approval was used, and names no key that would ask another question', async () => {
    granted();
    server.on(CONSUME, AWAY);
    const result = await ask('--wait', '300ms');
    expect([result.exit, failureOf(result)]).toMatchObject([
      6,
      { retry: 'same-key', idempotencyKey: null, detail: expect.stringContaining(`approvals show ${APPROVAL_ID}`) },
    ]);
  });

  it('leaves the key that is given to the question: the token and its use have keys of their own', async () => {
    granted();
    server.on(REISSUE, { body: voteAnswer({ approval_token: null, replayed: true }) }, { body: voteAnswer() });
    server.on(CONSUME, { body: consumeAnswer() });
    expect((await ask('--wait', '20s', '--idempotency-key', 're-plan-2')).exit).toBe(0);
    expect(keysOf('/preflight')).toEqual(['re-plan-2']);
    const others = [...keysOf('/reissue-token'), ...keysOf('/consume')];
    expect(new Set(['re-plan-2', ...others]).size).toBe(4);
  });
});

it('a wait that is interrupted says with which run it goes on', async () => {
  const controller = new AbortController();
  server.on(PREFLIGHT, { body: preflightAnswer() });
  server.otherwise(({ path }) => {
    if (path !== `${API}/approvals/${APPROVAL_ID}`) return undefined;
    controller.abort();
    return { body: approvalAnswer() };
  });
  const argv = ['gate', 'preflight', '--project', 'web', '--environment', 'prod', '--plan', PLAN, '--wait', '20s'];
  const result = await run(argv, { interrupted: controller.signal });
  expect([result.exit, failureOf(result)]).toMatchObject([
    130,
    { code: 'interrupted', detail: expect.stringMatching(/--run local-[0-9a-f-]{36}/) },
  ]);
});

it('a question that is interrupted says with which run it is asked again', async () => {
  const argv = ['gate', 'preflight', '--project', 'web', '--environment', 'prod', '--plan', PLAN];
  const result = await run(argv, { interrupted: AbortSignal.abort() });
  expect([result.exit, failureOf(result)]).toMatchObject([
    130,
    { code: 'interrupted', retry: 'same-key', detail: expect.stringMatching(/--run local-[0-9a-f-]{36}/) },
  ]);
});
