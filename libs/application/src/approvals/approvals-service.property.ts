import { describe, expect, it } from '@jest/globals';
import {
  type Approval,
  type ApprovalId,
  type ApprovalsObserved,
  type ApprovalsState,
  decideApprovals,
  type DecisionId,
  type DecisionRecorded,
  evolveApprovals,
  type Instant,
  instantOf,
  isSuperseded,
  msOf,
  noApprovals,
} from '@verdict/domain';
import fc from 'fast-check';
import { DomainWorld, policyWith, START } from '../../../../test/support/domain-world.js';
import { decodeState, encodeState } from '../journals/state-codec.js';
import { approvalsService } from './approvals-service.js';

/** A decision that asks for approval, and the request that was opened for it, to be said of others. */
const template = (() => {
  const world = new DomainWorld(policyWith({ approval: { required: { prod: true } } }));
  const recorded = world.ask('50');
  world.settle();
  const requested = world.approvals.approvals.get(recorded.approval?.approval_id ?? '')?.requested;
  if (recorded.approval === null || requested === undefined) throw new Error('nothing to approve');
  return { recorded, terms: recorded.approval, requested };
})();

const at = (second: number): Instant => instantOf(msOf(START) + second * 1000);
const idsOf = (number: number) => ({
  approval_id: `approval-${number.toString()}` as ApprovalId,
  decision_id: `decision-${number.toString()}` as DecisionId,
});

const STEPS = ['ask', 'request', 'grant', 'use', 'last_use', 'supersede', 'used_up', 'deny', 'withdraw', 'expire'];
type Step = (typeof STEPS)[number];
type Said = Readonly<Record<string, (number: number, second: number) => Pick<ApprovalsObserved, 'journal' | 'entry'>>>;

const decisions = (type: string, payload: unknown) => ({ journal: 'decisions', entry: { type, payload } }) as never;
const approvals = (type: string, payload: unknown) => ({ journal: 'approvals', entry: { type, payload } }) as never;
const asked = (number: number, more: Partial<DecisionRecorded> = {}) => ({
  ...template.recorded,
  decision_id: idsOf(number).decision_id,
  ...more,
});
const used = (number: number, isLast: boolean) =>
  decisions('decision_recorded', {
    ...asked(number + 1000, { approval: null }),
    grant_use: { approval_id: idsOf(number).approval_id, use: 1, is_last: isLast },
  });
const SAID: Said = {
  ask: (number) =>
    decisions(
      'decision_recorded',
      asked(number, { approval: { ...template.terms, approval_id: idsOf(number).approval_id } }),
    ),
  request: (number, second) =>
    approvals('approval_requested', { ...template.requested, ...idsOf(number), approve_by: at(second) }),
  grant: (number, second) => approvals('approval_granted', { ...idsOf(number), use_by: at(second) }),
  use: (number) => used(number, false),
  last_use: (number) => used(number, true),
  supersede: (number) => decisions('hold_voided', { ...idsOf(number), cause: 'superseded' }),
  used_up: (number) => approvals('grant_used_up', idsOf(number)),
  deny: (number) => approvals('approval_denied', idsOf(number)),
  withdraw: (number) => approvals('approval_withdrawn', idsOf(number)),
  expire: (number) => approvals('approval_expired', idsOf(number)),
};

/** What ends by now: each open one asked, in the order of the map of all that are open. */
const walked = (state: ApprovalsState, now: Instant) => {
  const open = [...state.open.keys()].flatMap((id): readonly Approval[] => {
    const approval = state.approvals.get(id);
    return approval === undefined ? [] : [approval];
  });
  return {
    expired: open.flatMap(({ approvalId, status, useBy, uses, requested: { approve_by } }) => {
      if (status === 'pending') return now >= approve_by ? [[approvalId, 'approve_by_passed']] : [];
      const isOver = uses?.isUsedUp !== true && useBy !== null && now >= useBy;
      return isOver ? [[approvalId, 'use_by_passed']] : [];
    }),
    closed: open.flatMap((approval) => {
      const { approvalId, status, uses, supersededRevision } = approval;
      if (status === 'granted' && uses?.isUsedUp === true) return [['close_grant', approvalId, uses.revision]];
      return isSuperseded(approval) ? [['close_superseded', approvalId, supersededRevision]] : [];
    }),
  };
};

/** What the service makes due, in its order. */
const found = (state: ApprovalsState, now: Instant) => {
  const due = approvalsService.reactions(state, msOf(now));
  const isTime = due.some(({ command }) => command.kind === 'pass_time');
  const passed = decideApprovals({ kind: 'pass_time', now }, state);
  const entries = passed.kind === 'accepted' ? passed.entries : [];
  expect(entries.length > 0).toBe(isTime);
  return {
    expired: entries.map(({ payload }) => [payload.approval_id, 'cause' in payload && payload.cause]),
    closed: due.flatMap(({ command, cause }) =>
      command.kind === 'close_grant' || command.kind === 'close_superseded'
        ? [[command.kind, command.approvalId, cause?.revision]]
        : [],
    ),
  };
};

const foldOf = (steps: readonly { readonly step: Step; readonly number: number; readonly second: number }[]) =>
  steps.reduce((state, { step, number, second }, index) => {
    const said = SAID[step]?.(number, second);
    if (said === undefined) throw new Error(step);
    return evolveApprovals(state, { ...said, revision: BigInt(index) } as ApprovalsObserved);
  }, noApprovals);

const steps = fc.array(
  fc.record({
    step: fc.constantFrom('request', 'request', 'grant', ...STEPS),
    number: fc.nat({ max: 30 }),
    second: fc.nat({ max: 300 }),
  }),
  { minLength: 30, maxLength: 200, size: 'max' },
);

/** Requests are opened once, granted while they wait, and end once: what the service itself writes. */
const sensible = (all: readonly { readonly step: Step; readonly number: number; readonly second: number }[]) => {
  const now = new Map<number, string>();
  return all.filter(({ step, number }) => {
    const status = now.get(number);
    const is = (...these: readonly (string | undefined)[]) => these.includes(status);
    if (step === 'ask') return is(undefined) && now.set(number, 'due');
    if (step === 'request') return is(undefined, 'due') && now.set(number, 'pending');
    if (step === 'grant') return is('pending') && now.set(number, 'granted');
    if (step === 'use' || step === 'last_use') return is('granted');
    if (step === 'supersede') return true;
    if (step === 'used_up') return is('granted') && now.set(number, 'over');
    if (step === 'deny') return is('pending') && now.set(number, 'over');
    return is('pending', 'granted') && now.set(number, 'over');
  });
};

describe('what ends requests', () => {
  it('is what a walk over all that are open finds, in the same order, a snapshot in between or not', () => {
    const seen = { expired: 0, closed: 0 };
    fc.assert(
      fc.property(steps, fc.nat({ max: 320 }), (all, second) => {
        const state = foldOf(sensible(all));
        const wanted = walked(state, at(second));
        expect(found(state, at(second))).toEqual(wanted);
        expect(found(decodeState(encodeState(state)) as ApprovalsState, at(second))).toEqual(wanted);
        seen.expired += wanted.expired.length;
        seen.closed += wanted.closed.length;
      }),
      { numRuns: 300 },
    );
    expect([seen.expired > 300, seen.closed > 100]).toEqual([true, true]);
  });

  it('is found without a look at the thousands that wait for people', () => {
    const requests = Array.from({ length: 5_000 }, (_, number) => ({ step: 'request', number, second: number * 60 }));
    const state = foldOf([...requests, { step: 'supersede', number: 4_000, second: 0 }]);
    let looks = 0;
    const counted = <Value extends object>(map: Value): Value =>
      new Proxy(map, {
        get: (target, member) => {
          const value: unknown = Reflect.get(target, member);
          if (typeof value !== 'function') return value;
          return (...given: readonly unknown[]): unknown => {
            const answer: unknown = Reflect.apply(value, target, given);
            if (typeof answer !== 'object' || answer === null || !(Symbol.iterator in answer)) {
              looks += 1;
              return answer;
            }
            return (function* () {
              for (const each of answer as Iterable<unknown>) {
                looks += 1;
                yield each;
              }
            })();
          };
        },
      });
    const watched = { ...state, approvals: counted(state.approvals), open: counted(state.open) };
    expect(found(watched, at(119)).expired).toEqual([...walked(state, at(119)).expired]);
    expect(found(watched, at(119)).closed).toHaveLength(1);
    expect(looks).toBeLessThan(50);
  });
});
