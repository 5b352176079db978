import { overageAccount, policyFor, type PolicyState } from '../policy/policy.state.js';
import { WAIVABLE_CODES } from '../policy/waivers.js';
import { instantOf, msOf } from '../shared/instant.js';
import { formatUsd4, hourlyOfMonthly, type MicroUsd, microUsd, NOTHING, USD_MAX, usdOf } from '../shared/money.js';
import type { AskForChange, PricedEvidence } from './ask-for-change.js';
import type { DecisionRecorded } from './decisions.entries.js';
import type { GateState } from './decisions.state.js';
import { evaluate, isPermitted } from './evaluate.js';
import { bordersIn, STEP } from './flip-borders.js';
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

const ascending = (counts: Iterable<bigint>): readonly bigint[] =>
  [...new Set(counts)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** Numbers of steps to look at first: 1, 2, 4 and so on up to `most`. */
const doubling = (most: bigint): readonly bigint[] => {
  const counts: bigint[] = [];
  for (let count = 1n; count < most; count *= 2n) counts.push(count);
  return most > 0n ? [...counts, most] : [];
};

/**
 * The least number of steps for which `holds`: the first of `probes` (ascending) that does, brought down by halving to
 * the border that lies between it and the probe before; undefined where none of them is enough. More money and a smaller
 * amount let more pass, so there is one border; where a policy sees it otherwise, probes lie on both sides of each.
 */
const leastSteps = (probes: readonly bigint[], holds: (steps: bigint) => boolean): bigint | undefined => {
  const first = probes.findIndex(holds);
  const found = probes[first];
  if (found === undefined) return undefined;
  let [fails, works] = [probes[first - 1] ?? 0n, found];
  while (works - fails > 1n) {
    const middle = (fails + works) / 2n;
    if (holds(middle)) works = middle;
    else fails = middle;
  }
  return works;
};

/** The same change at another amount, whatever it came from: all that said something says this now. */
const atAmount = (command: AskForChange, monthly: MicroUsd): AskForChange => {
  const hourly = hourlyOfMonthly(monthly);
  const { claim, evidence, report } = command;
  const revalued = (priced: PricedEvidence): PricedEvidence =>
    priced.completeness === 'unknown' ? priced : { ...priced, monthly, hourly };
  return {
    ...command,
    claim: claim.monthly === null && claim.hourly === null ? claim : { ...claim, monthly, hourly },
    evidence: evidence && {
      priceWith: (book) => revalued(evidence.priceWith(book)),
      ...(evidence.withoutBook === undefined ? {} : { withoutBook: revalued(evidence.withoutBook) }),
    },
    report: report && revalued(report),
  };
};

/** Amounts of a policy that are looked at: the nearest below the one that was asked for. */
const BORDERS_MAX = 32;

/** Steps below the amount asked for at each of the nearest borders of its policy, and right beside it on both sides. */
const bordersOf = ({ command, state }: AskedBefore, asked: bigint): readonly bigint[] => {
  const document = policyFor(state.policy, command.now, command.request.project_id)?.document;
  const below = (document === undefined ? [] : bordersIn(document)).filter(({ amount }) => amount <= asked);
  const nearest = [...below].sort((a, b) => (a.amount > b.amount ? -1 : a.amount < b.amount ? 1 : 0));
  return nearest.slice(0, BORDERS_MAX).flatMap(({ amount, within }) => {
    const count = (asked - amount) / STEP;
    return [count - within / STEP, count, count + within / STEP];
  });
};

const deltaFlip = (before: AskedBefore): readonly Flip[] => {
  const { command, state, recorded } = before;
  const { monthly_delta_usd: text } = recorded.cost;
  if (text === null) return [];
  const asked = usdOf(text);
  const most = asked / STEP;
  const probes = ascending([...doubling(most), ...bordersOf(before, asked)]).filter(
    (each) => each > 0n && each <= most,
  );
  const steps = leastSteps(probes, (count) => passes(atAmount(command, microUsd(asked - count * STEP)), state));
  if (steps === undefined) return [];
  return [{ variable: 'delta', from: text, to: formatUsd4(microUsd(asked - steps * STEP)), verified: true }];
};

const withPolicy = (state: GateState, change: Partial<PolicyState>): GateState => ({
  ...state,
  policy: { ...state.policy, ...change },
});

/**
 * As many as there are up to the largest amount: a limit may have been lowered far below what is committed, a forecast be
 * far above. Money that is not enough at the most never is, so nothing less is looked at first.
 */
const stepsUpTo = (amount: MicroUsd): readonly bigint[] => [(USD_MAX - amount) / STEP];

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
      const steps = leastSteps(stepsUpTo(budget.limit), (count) => passes(command, raised(count)));
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
  const steps = leastSteps(stepsUpTo(NOTHING), (count) =>
    passes(command, withCredit(state, asked, microUsd(count * STEP))),
  );
  if (steps === undefined) return [];
  return [{ variable: 'credit', from: null, to: `+${formatUsd4(microUsd(steps * STEP))}`, verified: true }];
};

const WAIVABLE: readonly string[] = WAIVABLE_CODES;
const WAIVER_DAY_MS = 86_400_000;

const waiving = (state: GateState, { now }: AskForChange, waives: readonly string[]): GateState => {
  const terms = {
    exception_id: 'what-if',
    scope: { project: null, environment_class: null, source: null, resource_prefix: null },
    waives,
    max_monthly_delta_usd: null,
    max_uses: null,
    owner: '',
    reason: '',
    ticket: '',
    expires_at: instantOf(msOf(now) + WAIVER_DAY_MS),
  };
  const waiver = { terms, maxMonthly: null, revision: -1n, grantedBy: '', grantedAt: now, isRevoked: false };
  return withPolicy(state, { waivers: state.policy.waivers.set('what-if', waiver) });
};

/** One waiver over everything that has to be waived, and over nothing else. */
const waiverFlip = ({ command, state, recorded }: AskedBefore): readonly Flip[] => {
  const names = [
    ...recorded.reason_codes.filter((code) => WAIVABLE.includes(code)),
    ...(recorded.rules_matched ?? []),
  ].sort();
  if (names.length === 0) return [];
  const isEnough = (waives: readonly string[]): boolean => passes(command, waiving(state, command, waives));
  if (!isEnough(names)) return [];
  const needed = names.reduce((kept, name) => {
    const fewer = kept.filter((each) => each !== name);
    return isEnough(fewer) ? fewer : kept;
  }, names);
  return [{ variable: 'waiver', from: null, to: needed.join(' '), verified: true }];
};

const USE_MS = 60_000;
/** As if somebody had agreed to this very decision and the change were asked again. */
const approvalFlip = ({ command, state, recorded }: AskedBefore): readonly Flip[] => {
  const { approval, decision_id: id } = recorded;
  if (approval === null) return [];
  const asGrant = { ...recorded, approval: { ...approval, channel: 'grant' as const } };
  const useBy = instantOf(msOf(command.now) + USE_MS);
  const grants = withGranted(withDecision({ ...noGrants, denied: state.grants.denied }, asGrant), id, {
    useBy,
    grantedAt: null,
  });
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
 * change that would have let it pass, each evaluated on the state of the decision. Empty where it was permitted, where no
 * single one of them is enough, and where the change alone passes: only another member of its batch kept it back.
 *
 * @source contract section 14.2
 */
export const flipsOf = (asked: AskedBefore): readonly Flip[] => {
  const { command, state, recorded } = asked;
  if (isPermitted(recorded.decision) || passes(command, state)) return [];
  const { monthly_delta_usd: monthly } = recorded.cost;
  const isOfMoney = monthly !== null && usdOf(monthly) > NOTHING;
  const money = isOfMoney ? [...deltaFlip(asked), ...budgetFlips(asked), ...creditFlip(asked)] : [];
  return [...money, ...waiverFlip(asked), ...approvalFlip(asked)];
};
