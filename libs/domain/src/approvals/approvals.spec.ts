import { describe, expect, it } from '@jest/globals';
import { specFor } from '@verdict/testkit';
import type { ApprovalId, DecisionId } from '../shared/brand.js';
import { caller, DomainWorld, entriesOf, keyed, policyWith, usd } from '../../../../test/support/domain-world.js';
import type { ApprovalsCommand, ApprovalsRefusal } from './approvals.commands.js';
import { decideApprovals, REISSUES_MAX } from './approvals.js';
import type { ApprovalsEntry } from './approvals.entries.js';
import { progressOf } from './voting.js';
import {
  type ApprovalsObserved,
  type ApprovalsState,
  evolveApprovals,
  noApprovals,
  SETTLED_MAX,
} from './approvals.state.js';

const CY = 'cy';
/** Ana asks (through a pipeline) in prod, where policy wants an approval by somebody else, with ten characters of reason. */
const pending = (
  more: Parameters<DomainWorld['ask']>[1] = {},
  document = policyWith({ approval: { required: { prod: true } } }),
) => {
  const world = new DomainWorld(document);
  const { account } = world.setBudget('1000');
  const recorded = world.ask('200', { subject: 'pipeline', onBehalfOf: 'ana', ...more });
  world.settle();
  return { world, account, recorded, approvalId: recorded.approval?.approval_id ?? ('' as ApprovalId) };
};
const refusal = (code: string) => ({ kind: 'refused', refusal: { code } });
const file = (world: DomainWorld, decisionId: DecisionId, by: string, length = 20, key: string | null = null) =>
  world.approve({
    kind: 'file_request',
    decisionId,
    caller: caller(by),
    justification: { $seal: { subject: by, text: 'x'.repeat(length) } },
    justificationLength: length,
    ticket: null,
    now: world.now,
    idempotency: keyed(key, { decisionId, length }),
  });
const statusOf = (world: DomainWorld, id: ApprovalId) => world.approvals.approvals.get(id)?.status;

describe('a request for approval', () => {
  it('is opened once, under the id and the terms that the decision gave', () => {
    const { world, recorded, approvalId } = pending();
    expect(
      entriesOf(
        world.log.map(({ entry }) => entry),
        'approval_requested',
      ),
    ).toMatchObject([
      {
        approval_id: approvalId,
        decision_id: recorded.decision_id,
        terms: recorded.approval,
        hold_usd: '200.0000',
        decision_revision: 0,
      },
    ]);
    expect(world.approve({ kind: 'open_request', decisionId: recorded.decision_id, now: world.now })).toEqual({
      kind: 'accepted',
      entries: [],
    });
  });

  it('runs from the decision, so that a late service gives it no more time', () => {
    const world = new DomainWorld(policyWith({ approval: { required: { prod: true } } }));
    const recorded = world.ask('200');
    world.pass(3600);
    world.settle();
    const requested = world.approvals.approvals.get(recorded.approval?.approval_id ?? '')?.requested;
    expect([requested?.requested_at, requested?.approve_by]).toEqual([
      '2026-11-10T11:00:00.000Z',
      '2026-11-11T10:00:00.000Z',
    ]);
  });

  it('does not exist for a dry run or a permitted change (scenario 9)', () => {
    const world = new DomainWorld(policyWith({ approval: { required: { prod: true } } }));
    const dry = world.ask('200', { isDryRun: true });
    const small = world.ask('5');
    world.settle();
    expect(file(world, dry.decision_id, 'ana')).toEqual(refusal('decision_not_approvable'));
    expect(file(world, small.decision_id, 'ana')).toEqual(refusal('decision_not_approvable'));
    expect(world.gate.accounts.holds.size).toBe(1);
  });

  it('can be filed until it is settled or late', () => {
    const settled = pending();
    settled.world.vote(settled.approvalId, CY);
    expect(file(settled.world, settled.recorded.decision_id, 'ana')).toEqual(refusal('decision_not_approvable'));
    const late = pending();
    late.world.pass(86_400);
    expect(file(late.world, late.recorded.decision_id, 'ana')).toEqual(refusal('decision_not_approvable'));
  });

  it('is filed once per key, and another text under the key is refused', () => {
    const { world, recorded } = pending();
    expect(file(world, recorded.decision_id, 'ben', 20, 'k')).toMatchObject({
      entries: [{ type: 'approval_request_filed' }],
    });
    expect(file(world, recorded.decision_id, 'ben', 20, 'k')).toMatchObject({ kind: 'replay' });
    expect(file(world, recorded.decision_id, 'ben', 30, 'k')).toMatchObject({
      refusal: { code: 'idempotency_conflict' },
    });
  });
});

describe('a vote', () => {
  it('is not for whoever asked, stands behind the pipeline, or filed the request (scenario 30)', () => {
    const { world, recorded, approvalId } = pending();
    file(world, recorded.decision_id, 'ben');
    for (const own of ['pipeline', 'ana', 'ben']) {
      expect(world.vote(approvalId, own)).toEqual(refusal('self_review_forbidden'));
      expect(world.vote(approvalId, own, { vote: 'deny' })).toEqual(refusal('self_review_forbidden'));
    }
    expect(world.vote(approvalId, CY)).toMatchObject({ kind: 'accepted' });
    expect(statusOf(world, approvalId)).toBe('granted');
  });

  it('is not for the person behind a pipeline that filed the request, nor for a caller behind whom an excluded one stands', () => {
    const { world, recorded, approvalId } = pending();
    world.approve({
      kind: 'file_request',
      decisionId: recorded.decision_id,
      caller: caller('robot', { onBehalfOf: 'ben' }),
      justification: null,
      justificationLength: 0,
      ticket: 'T-1',
      now: world.now,
      idempotency: keyed(null),
    });
    for (const own of ['robot', 'ben']) expect(world.vote(approvalId, own)).toEqual(refusal('self_review_forbidden'));
    for (const onBehalfOf of ['ana', 'ben'])
      expect(world.vote(approvalId, 'chat', { onBehalfOf })).toEqual(refusal('self_review_forbidden'));
    expect(world.vote(approvalId, 'chat', { onBehalfOf: 'dan' })).toMatchObject({ kind: 'accepted' });
  });

  it('is for everybody where duties are not separated', () => {
    const { world, approvalId } = pending(
      {},
      policyWith({ approval: { required: { prod: true }, separation: { prod: false } } }),
    );
    expect(world.vote(approvalId, 'ana').kind).toBe('accepted');
  });

  it('grants, with a use-by that runs from the grant, and shows the one token', () => {
    const { world, approvalId } = pending();
    world.pass(600);
    const result = world.vote(approvalId, CY);
    expect(result.kind === 'accepted' && result.entries.map(({ type }) => type)).toEqual([
      'vote_cast',
      'approval_granted',
      'token_issued',
    ]);
    expect(result.kind === 'accepted' && entriesOf(result.entries, 'approval_granted')).toMatchObject([
      { granted_at: '2026-11-10T10:10:00.000Z', use_by: '2026-11-10T14:10:00.000Z', unfunded_usd: '0.0000' },
    ]);
    const approval = world.approvals.approvals.get(approvalId);
    expect(approval === undefined ? undefined : progressOf(approval)).toEqual([
      { stage_id: 'default', approved: 1, quorum: 1 },
    ]);
  });

  it('stands although no key could sign a token, which can be issued later', () => {
    const { world, approvalId } = pending();
    const result = world.vote(approvalId, CY, { token: null });
    expect(result.kind === 'accepted' && result.entries.map(({ type }) => type)).toEqual([
      'vote_cast',
      'approval_granted',
    ]);
    expect(
      world.approve({
        kind: 'reissue_token',
        approvalId,
        caller: caller(CY),
        token: world.token(),
        now: world.now,
        idempotency: keyed(null),
      }),
    ).toMatchObject({
      entries: [{ type: 'token_issued', payload: { supersedes_jti: null } }],
    });
  });

  it('wants a ticket of the pattern that policy asks for, with the request, a filing, or the vote', () => {
    const asked = (ticket: string | null) => {
      const justification = { required: { prod: true }, min_length: 10, ticket_pattern: '[A-Z]+-[0-9]+' };
      const world = new DomainWorld(policyWith({ approval: { required: { prod: true }, justification } }));
      const recorded = world.ask('80', { ticket });
      world.settle();
      return { world, approvalId: recorded.approval?.approval_id ?? ('' as never) };
    };
    const early = asked('FIN-1');
    expect(early.world.vote(early.approvalId, CY).kind).toBe('accepted');
    for (const ticket of [null, 'fin-1', 'FIN-1 and more']) {
      const none = asked(ticket);
      expect(none.world.vote(none.approvalId, CY)).toEqual(refusal('justification_required'));
      expect(none.world.vote(none.approvalId, CY, { ticket: 'other' })).toEqual(refusal('justification_required'));
      expect(none.world.vote(none.approvalId, CY, { ticket: 'FIN-2' }).kind).toBe('accepted');
      expect(asked(ticket).world.vote(none.approvalId, CY, { vote: 'deny' }).kind).toBe('accepted');
    }
    const late = asked(null);
    const decisionId = late.world.approvals.approvals.get(late.approvalId)?.decisionId ?? ('' as never);
    const filing = {
      decisionId,
      caller: caller('dan'),
      justification: null,
      justificationLength: 0,
      now: late.world.now,
    };
    late.world.approve({ kind: 'file_request', ...filing, ticket: 'FIN-3', idempotency: keyed(null) });
    late.world.approve({ kind: 'file_request', ...filing, ticket: null, idempotency: keyed(null) });
    expect(late.world.vote(late.approvalId, CY).kind).toBe('accepted');
  });

  it('wants the justification that policy asks for, with the request, a filing, or the vote', () => {
    const given = () => pending({ justificationLength: 0 });
    const none = given();
    expect(none.world.vote(none.approvalId, CY, { notes: 'too short' })).toEqual(refusal('justification_required'));
    expect(none.world.vote(none.approvalId, CY, { notes: 'ten chars.' }).kind).toBe('accepted');
    const filed = given();
    file(filed.world, filed.recorded.decision_id, 'ben', 9);
    expect(filed.world.vote(filed.approvalId, CY)).toEqual(refusal('justification_required'));
    file(filed.world, filed.recorded.decision_id, 'ben', 10);
    expect(filed.world.vote(filed.approvalId, CY).kind).toBe('accepted');
    const denied = given();
    expect(denied.world.vote(denied.approvalId, CY, { vote: 'deny' }).kind).toBe('accepted');
  });

  it('denies, and the hold is voided', () => {
    const { world, account, approvalId } = pending();
    expect(world.balance(account).held).toBe(usd('200'));
    world.vote(approvalId, CY, { vote: 'deny' });
    world.settle();
    expect(statusOf(world, approvalId)).toBe('denied');
    expect(world.balance(account).held).toBe(0n);
  });

  it('comes too late after the approve-by, before and after somebody wrote that down', () => {
    const { world, approvalId } = pending();
    world.pass(86_399.999);
    expect(world.vote('none' as ApprovalId, CY)).toEqual(refusal('approval_not_found'));
    world.pass(0.001);
    expect(world.vote(approvalId, CY)).toEqual(refusal('approval_expired'));
    world.settle();
    expect(statusOf(world, approvalId)).toBe('expired');
    expect(world.vote(approvalId, CY)).toEqual(refusal('approval_expired'));
  });

  it('has nothing to decide once the request is settled', () => {
    const { world, approvalId } = pending();
    world.vote(approvalId, CY);
    expect(world.vote(approvalId, 'dan')).toEqual(refusal('approval_not_pending'));
  });

  it('counts once per key: a repetition writes nothing, another vote under the key is refused', () => {
    const { world, approvalId } = pending();
    world.vote(approvalId, CY, { key: 'k' });
    const entries = world.log.length;
    expect(world.vote(approvalId, CY, { key: 'k' })).toMatchObject({ kind: 'replay' });
    expect(world.vote(approvalId, CY, { key: 'k', vote: 'deny' })).toMatchObject({
      refusal: { code: 'idempotency_conflict' },
    });
    expect(world.log).toHaveLength(entries);
  });
});

describe('time', () => {
  it('expires what nobody approved, and what nobody used, once', () => {
    const unapproved = pending();
    unapproved.world.pass(86_400);
    const unused = pending();
    unused.world.vote(unused.approvalId, CY);
    unused.world.pass(14_400);
    for (const [{ world, account, approvalId }, cause] of [
      [unapproved, 'approve_by_passed'],
      [unused, 'use_by_passed'],
    ] as const) {
      world.settle();
      world.settle();
      expect(
        entriesOf(
          world.log.map(({ entry }) => entry),
          'approval_expired',
        ),
      ).toMatchObject([{ approval_id: approvalId, cause }]);
      expect(world.balance(account).held).toBe(0n);
    }
  });

  it('leaves alone what is not late', () => {
    const { world, approvalId } = pending();
    world.pass(86_399);
    expect(world.approve({ kind: 'pass_time', now: world.now })).toEqual({ kind: 'accepted', entries: [] });
    expect(statusOf(world, approvalId)).toBe('pending');
  });

  it('expires at most 200 at a time, so that an append stays within its limits', () => {
    const world = new DomainWorld(policyWith({ approval: { required: { prod: true } } }));
    for (let count = 0; count < 201; count += 1) world.ask('100');
    world.settle();
    world.pass(86_400);
    const first = world.approve({ kind: 'pass_time', now: world.now });
    const second = world.approve({ kind: 'pass_time', now: world.now });
    expect([first, second].map((result) => (result.kind === 'accepted' ? result.entries.length : -1))).toEqual([
      200, 1,
    ]);
  });
});

describe('a withdrawal', () => {
  it('is for the requester and for administrators', () => {
    for (const by of [caller('ana'), caller('pipeline'), caller('root', { isAdmin: true })]) {
      const { world, account, approvalId } = pending();
      expect(
        world.approve({ kind: 'withdraw', approvalId, caller: caller(CY), now: world.now, idempotency: keyed(null) }),
      ).toEqual(refusal('forbidden'));
      expect(
        world.approve({ kind: 'withdraw', approvalId, caller: by, now: world.now, idempotency: keyed(null) }).kind,
      ).toBe('accepted');
      world.settle();
      expect(statusOf(world, approvalId)).toBe('withdrawn');
      expect(world.balance(account).held).toBe(0n);
    }
  });

  it('ends a grant as well, with the exception that the grant had made', () => {
    const { world, recorded, approvalId } = pending({}, policyWith({ mode: 'soft' }));
    expect(recorded.decision).toBe('ALLOW');
    const big = world.ask('5000', { subject: 'ana' });
    world.settle();
    const id = big.approval?.approval_id ?? approvalId;
    world.vote(id, CY);
    world.settle();
    expect(world.balance(`overage:${big.decision_id}`).held).toBe(usd('4200'));
    world.approve({
      kind: 'withdraw',
      approvalId: id,
      caller: caller('ana'),
      now: world.now,
      idempotency: keyed(null),
    });
    world.settle();
    expect(world.balance(`overage:${big.decision_id}`).held).toBe(0n);
    expect(
      entriesOf(
        world.log.map(({ entry }) => entry),
        'hold_voided',
      ),
    ).toMatchObject([{ cause: 'approval_withdrawn', released_usd: '5000.0000' }]);
  });

  it('counts once per key: a repetition writes nothing, and another request under the key is refused', () => {
    const { world, approvalId } = pending();
    const other = world.ask('60', { subject: 'ana' });
    world.settle();
    const withdraw = (id: ApprovalId, by = caller('ana')) =>
      world.approve({
        kind: 'withdraw',
        approvalId: id,
        caller: by,
        now: world.now,
        idempotency: keyed('k', { withdraw: id }),
      });
    expect(withdraw(approvalId)).toMatchObject({ entries: [{ type: 'approval_withdrawn' }] });
    expect(withdraw(approvalId)).toMatchObject({ kind: 'replay' });
    expect(withdraw(other.approval?.approval_id ?? approvalId)).toMatchObject({
      refusal: { code: 'idempotency_conflict' },
    });
    expect(withdraw(approvalId, caller('eve'))).toEqual(refusal('forbidden'));
  });

  it('finds nothing to withdraw once the request has ended', () => {
    const { world, approvalId } = pending();
    world.vote(approvalId, CY, { vote: 'deny' });
    expect(
      world.approve({ kind: 'withdraw', approvalId, caller: caller('ana'), now: world.now, idempotency: keyed(null) }),
    ).toEqual(refusal('approval_not_pending'));
  });
});

describe('a token issued again', () => {
  const reissue = (world: DomainWorld, approvalId: ApprovalId, by = caller(CY)) =>
    world.approve({
      kind: 'reissue_token',
      approvalId,
      caller: by,
      token: world.token(),
      now: world.now,
      idempotency: keyed(null),
    });

  it('comes once per key: a repetition leaves the token that was issued', () => {
    const { world, approvalId } = pending();
    world.vote(approvalId, CY);
    const again = (key: string | null) =>
      world.approve({
        kind: 'reissue_token',
        approvalId,
        caller: caller(CY),
        token: world.token(),
        now: world.now,
        idempotency: keyed(key, approvalId),
      });
    expect(again('k')).toMatchObject({ entries: [{ type: 'token_issued' }] });
    const { token } = world.approvals.approvals.get(approvalId) ?? {};
    expect(again('k')).toMatchObject({ kind: 'replay' });
    expect(world.approvals.approvals.get(approvalId)?.token).toEqual(token);
    expect(again('another')).toMatchObject({ entries: [{ type: 'token_issued' }] });
  });

  it('supersedes the one before', () => {
    const { world, approvalId } = pending();
    world.vote(approvalId, CY);
    const first = world.claims(approvalId);
    expect(reissue(world, approvalId)).toMatchObject({ entries: [{ payload: { supersedes_jti: first.jti } }] });
    expect(world.consume(world.consumption(first, { caller: caller('ana') }))).toMatchObject({
      entries: [{ type: 'token_refused', payload: { code: 'token_superseded' } }],
    });
    expect(world.consume(world.consumption(world.claims(approvalId), { caller: caller('ana') }))).toMatchObject({
      entries: [{ type: 'token_consumed' }],
    });
  });

  it('comes at most five times', () => {
    const { world, approvalId } = pending();
    world.vote(approvalId, CY);
    for (let count = 0; count < REISSUES_MAX; count += 1) expect(reissue(world, approvalId).kind).toBe('accepted');
    expect(reissue(world, approvalId)).toEqual(refusal('reissue_limit_reached'));
  });

  it('is for the requester and for who approved, of administrators for nobody else, while the grant lasts', () => {
    const { world, approvalId } = pending();
    expect(reissue(world, approvalId, caller('ana'))).toEqual(refusal('approval_not_active'));
    world.vote(approvalId, CY);
    for (const by of [caller('dan'), caller('root', { isAdmin: true })])
      expect(reissue(world, approvalId, by)).toEqual(refusal('forbidden'));
    for (const by of [caller('ana'), caller(CY), caller('ana', { isAdmin: true })])
      expect(reissue(world, approvalId, by).kind).toBe('accepted');
    world.pass(14_400);
    expect(reissue(world, approvalId)).toEqual(refusal('approval_expired'));
    expect(reissue(world, 'none' as ApprovalId)).toEqual(refusal('approval_not_found'));
  });
});

describe('memory', () => {
  const spec = specFor<ApprovalsState, ApprovalsCommand, ApprovalsEntry, ApprovalsObserved, ApprovalsRefusal>({
    initial: noApprovals,
    decide: (command, state) => {
      const result = decideApprovals(command, state);
      if (result.kind === 'replay') throw new Error('no key was used before');
      return result;
    },
    evolve: (state, seen) => ('journal' in seen ? evolveApprovals(state, seen) : state),
  });

  it('knows nothing of what the log does not say', () => {
    const withdraw: ApprovalsCommand = {
      kind: 'withdraw',
      approvalId: 'none' as ApprovalId,
      caller: caller('ana'),
      now: new DomainWorld().now,
      idempotency: keyed(null),
    };
    spec.given().when(withdraw).thenRefuses({ code: 'approval_not_found' });
    spec.given().when({ kind: 'pass_time', now: new DomainWorld().now }).thenRecords();
  });

  it('lets settled approvals go, oldest first, and never an open one', () => {
    const { world, approvalId } = pending();
    const requested = entriesOf(
      world.log.map(({ entry }) => entry),
      'approval_requested',
    )[0];
    if (requested === undefined) throw new Error('not requested');
    let state = world.approvals;
    const see = (entry: ApprovalsEntry, revision: number) => {
      state = evolveApprovals(state, { journal: 'approvals', entry, revision: BigInt(revision) });
    };
    for (let count = 1; count <= SETTLED_MAX + 1; count += 1) {
      const id = { approval_id: `a-${String(count)}` as ApprovalId, decision_id: `d-${String(count)}` as DecisionId };
      see({ type: 'approval_requested', payload: { ...requested, ...id } }, count);
      see({ type: 'approval_denied', payload: { ...id, denied_at: world.now } }, count);
    }
    expect(state.settled).toHaveLength(SETTLED_MAX / 2 + 1);
    expect(state.approvals.has('a-1')).toBe(false);
    expect(state.byDecision.has('d-1')).toBe(false);
    expect(state.approvals.has(`a-${String(SETTLED_MAX + 1)}`)).toBe(true);
    expect(state.approvals.get(approvalId)?.status).toBe('pending');
    expect([...state.open.keys()]).toEqual([approvalId]);
  });
});
