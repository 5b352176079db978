import { overageAccount, type PolicyState } from '../policy/policy.state.js';
import { WAIVABLE_CODES } from '../policy/waivers.js';
import { instantOf, msOf } from '../shared/instant.js';
import { formatUsd4, hourlyOfMonthly, type MicroUsd, microUsd, NOTHING, usdOf } from '../shared/money.js';
import type { AskForChange } from './ask-for-change.js';
import type { DecisionRecorded } from './decisions.entries.js';
import type { GateState } from './decisions.state.js';
import { evaluate, isPermitted } from './evaluate.js';
import { noGrants, withDecision, withGranted } from './grants.state.js';

/** One change of one thing that would have let the change pass; it was evaluated on the state of the decision. */
export interface Flip {
  /** `delta`, `budget:<id>`, `credit`, `waiver`, `approval`. */
  readonly variable: string;
  readonly from: string | null;
  readonly to: string;
  readonly verified: true;
}

/** The question and the state that it was answered on. */
export interface AskedBefore {
  readonly command: AskForChange;
  readonly state: GateState;
  readonly recorded: DecisionRecorded;
}

const passes = (command: AskForChange, state: GateState): boolean => {
  const recorded = evaluate(command, state, 1);
  return recorded !== undefined && isPermitted(recorded.decision);
};

/** The smallest step of money on the wire, in micro-USD. */
const STEP = 100n;

/**
 * The least number of steps for which `holds`, found by halving; undefined where `most` steps are not enough. What passes
 * with less money needed passes with still less, so halving finds the border; the caller checks both of its sides.
 */
const leastSteps = (most: bigint, holds: (steps: bigint) => boolean): bigint | undefined => {
  if (most <= 0n || !holds(most)) return undefined;
  let [fails, works] = [0n, most];
  while (works - fails > 1n) {
    const middle = (fails + works) / 2n;
    if (holds(middle)) works = middle;
    else fails = middle;
  }
  return works;
};

/** The same change at another amount, whatever it came from. */
const atAmount = (command: AskForChange, monthly: MicroUsd): AskForChange => {
  const hourly = hourlyOfMonthly(monthly);
  const { evidence, report } = command;
  if (evidence !== null) {
    const priced = {
      priceWith: (book: Parameters<typeof evidence.priceWith>[0]) => ({ ...evidence.priceWith(book), monthly, hourly }),
    };
    return { ...command, evidence: priced, report: null, claim: { ...command.claim, monthly: null, hourly: null } };
  }
  if (report !== null) {
    return {
      ...command,
      report: { ...report, monthly, hourly },
      claim: { ...command.claim, monthly: null, hourly: null },
    };
  }
  return { ...command, claim: { ...command.claim, monthly, hourly } };
};

const deltaFlip = ({ command, state, recorded }: AskedBefore): readonly Flip[] => {
  const { monthly_delta_usd: text } = recorded.cost;
  if (text === null) return [];
  const asked = usdOf(text);
  const steps = leastSteps(asked / STEP, (count) => passes(atAmount(command, microUsd(asked - count * STEP)), state));
  if (steps === undefined) return [];
  return [{ variable: 'delta', from: text, to: formatUsd4(microUsd(asked - steps * STEP)), verified: true }];
};

const withPolicy = (state: GateState, change: Partial<PolicyState>): GateState => ({
  ...state,
  policy: { ...state.policy, ...change },
});

/** What a change could need at most: its amount for every month that is charged. */
const mostSteps = ({ recorded }: AskedBefore, months: number): bigint =>
  recorded.cost.monthly_delta_usd === null ? 0n : (usdOf(recorded.cost.monthly_delta_usd) / STEP + 1n) * BigInt(months);

const budgetFlips = (asked: AskedBefore): readonly Flip[] => {
  const { command, state, recorded } = asked;
  const { budgets } = state.policy;
  return recorded.balances_after
    .filter(({ account }) => account.startsWith('budget:'))
    .flatMap(({ account }) => {
      const id = account.slice('budget:'.length);
      const budget = budgets.get(id);
      if (budget === undefined) return [];
      const raised = (steps: bigint): GateState =>
        withPolicy(state, { budgets: budgets.set(id, { ...budget, limit: microUsd(budget.limit + steps * STEP) }) });
      const steps = leastSteps(mostSteps(asked, budget.terms.months_charged), (count) =>
        passes(command, raised(count)),
      );
      if (steps === undefined) return [];
      const to = formatUsd4(microUsd(budget.limit + steps * STEP));
      return [{ variable: account, from: budget.terms.limit_usd, to, verified: true as const }];
    });
};

const CREDIT_ID = 'what-if';
const withCredit = (state: GateState, { command }: AskedBefore, amount: MicroUsd): GateState => {
  const { credits } = state.policy;
  const scope = `project:${command.request.project_id}` as const;
  const credit = {
    terms: {
      credit_id: CREDIT_ID,
      pool: 'reserved' as const,
      scope,
      total_amount_usd: formatUsd4(amount),
      priority: 1000,
      expires_at: null,
      reason: '',
      owner: null,
    },
    total: amount,
    revision: -1n,
    grantedBy: '',
    grantedAt: command.now,
    isRevoked: false,
  };
  const place = `reserved|${scope}`;
  return withPolicy(state, {
    credits: {
      grants: credits.grants.set(CREDIT_ID, credit),
      byPlace: credits.byPlace.set(place, [...(credits.byPlace.get(place) ?? []), credit]),
    },
  });
};

const creditFlip = (asked: AskedBefore): readonly Flip[] => {
  const { command, state } = asked;
  const steps = leastSteps(mostSteps(asked, 1), (count) =>
    passes(command, withCredit(state, asked, microUsd(count * STEP))),
  );
  if (steps === undefined) return [];
  return [{ variable: 'credit', from: null, to: `+${formatUsd4(microUsd(steps * STEP))}`, verified: true }];
};

const WAIVABLE: readonly string[] = WAIVABLE_CODES;
const WAIVER_DAY_MS = 86_400_000;

/** One waiver over everything that may be waived; the smallest change is one waiver, however many names it holds. */
const waiverFlip = ({ command, state, recorded }: AskedBefore): readonly Flip[] => {
  const names = [
    ...recorded.reason_codes.filter((code) => WAIVABLE.includes(code)),
    ...(recorded.rules_matched ?? []),
  ].sort();
  if (names.length === 0) return [];
  const waiver = {
    terms: {
      exception_id: 'what-if',
      scope: { project: null, environment_class: null, source: null, resource_prefix: null },
      waives: names,
      max_monthly_delta_usd: null,
      max_uses: null,
      owner: '',
      reason: '',
      ticket: '',
      expires_at: instantOf(msOf(command.now) + WAIVER_DAY_MS),
    },
    maxMonthly: null,
    revision: -1n,
    grantedBy: '',
    grantedAt: command.now,
    isRevoked: false,
  };
  const waived = withPolicy(state, { waivers: state.policy.waivers.set('what-if', waiver) });
  return passes(command, waived) ? [{ variable: 'waiver', from: null, to: names.join(' '), verified: true }] : [];
};

const USE_MS = 60_000;
/** As if somebody had agreed to this very decision and the change were asked again. */
const approvalFlip = ({ command, state, recorded }: AskedBefore): readonly Flip[] => {
  const { approval, decision_id: id } = recorded;
  if (approval === null) return [];
  const asGrant = { ...recorded, approval: { ...approval, channel: 'grant' as const } };
  const useBy = instantOf(msOf(command.now) + USE_MS);
  const grants = withGranted(withDecision({ ...noGrants, denied: state.grants.denied }, asGrant), id, useBy);
  const exceptionId = overageAccount(id);
  const overages = state.policy.overages.set(exceptionId, {
    exceptionId,
    decisionId: id,
    limit: usdOf(approval.unfunded_usd),
    approvalId: approval.approval_id,
    grantedAt: command.now,
    revision: -1n,
  });
  const agreed: GateState = { ...withPolicy(state, { overages }), grants };
  return passes({ ...command, channel: 'grant' }, agreed)
    ? [{ variable: 'approval', from: 'pending', to: 'granted', verified: true }]
    : [];
};

/**
 * For a change that was not permitted: of its amount, each budget, credits, a waiver and an approval the smallest single
 * change that would have let it pass, each evaluated on the state of the decision. Empty where it was permitted, or where
 * no single one of them is enough.
 *
 * @source contract section 14.2
 */
export const flipsOf = (asked: AskedBefore): readonly Flip[] => {
  if (isPermitted(asked.recorded.decision) || asked.recorded.cost.monthly_delta_usd === null) {
    return isPermitted(asked.recorded.decision) ? [] : [...waiverFlip(asked), ...approvalFlip(asked)];
  }
  const isSaving = usdOf(asked.recorded.cost.monthly_delta_usd) <= NOTHING;
  const money = isSaving ? [] : [...deltaFlip(asked), ...budgetFlips(asked), ...creditFlip(asked)];
  return [...money, ...waiverFlip(asked), ...approvalFlip(asked)];
};
