import type { DecisionId, Instant } from '../shared/brand.js';
import { isOverageAccount } from '../policy/policy.state.js';
import { monthOf } from '../shared/instant.js';
import { isForgotten, type KeptMonths, noMonths, withMonth } from '../shared/kept-months.js';
import { formatUsd4, max, type MicroUsd, microUsd, NOTHING, usdOf } from '../shared/money.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type { CountedBefore, DecisionRecorded, Requester, UsedException } from './decisions.entries.js';

/** What a decision that holds counted for, when it was made or with what it took over. */
export interface Counted {
  /** The requester and the month that auto-approval counted it for. */
  readonly autoApprovalKey: string;
  readonly autoApproved: MicroUsd;
  /** Exceptions that it is a use of. */
  readonly exceptions: readonly string[];
}

/** What is counted over many decisions. */
export interface Counts {
  /** What auto-approval let pass, by requester and UTC month. */
  readonly autoApproved: PersistentMap<MicroUsd>;
  /** Months that something was auto-approved in. */
  readonly autoApprovalMonths: KeptMonths;
  /** How often each waiver was used, by id. */
  readonly waiverUses: PersistentMap<number>;
  /** By the decision that counted; forgotten with its hold, since nothing takes it over any more. */
  readonly counted: PersistentMap<Counted>;
}

export const noCounts: Counts = {
  autoApproved: PersistentMap.empty,
  autoApprovalMonths: noMonths,
  waiverUses: PersistentMap.empty,
  counted: PersistentMap.empty,
};

export const autoApprovalKey = (
  { subject, on_behalf_of }: Pick<Requester, 'subject' | 'on_behalf_of'>,
  now: Instant,
): string => `${monthOf(now)}|${on_behalf_of ?? subject}`;
const monthIn = (key: string): string => key.slice(0, key.indexOf('|'));

const keyOf = ({ requester, decided_at }: DecisionRecorded): string => autoApprovalKey(requester, decided_at);

const isCounted = ({ counts }: UsedException): boolean => counts !== false;
const usesOf = ({ dry_run, exceptions_used: used = [] }: DecisionRecorded): readonly string[] =>
  dry_run
    ? []
    : used
        .filter(isCounted)
        .map(({ exception_id: id }) => id)
        .filter((id) => !isOverageAccount(id)); // Its legs say how much of it was used.

type Sums = Pick<Counts, 'autoApproved' | 'autoApprovalMonths'>;
/** The first of a month is when the sums of older ones are forgotten. */
const approvingAt = ({ autoApproved, autoApprovalMonths: earlier }: Sums, at: Instant): Sums => {
  const autoApprovalMonths = withMonth(earlier, at);
  if (autoApprovalMonths === earlier) return { autoApproved, autoApprovalMonths };
  const over = [...autoApproved.keys()].filter((key) => isForgotten(autoApprovalMonths, monthIn(key)));
  return { autoApprovalMonths, autoApproved: over.reduce((sums, key) => sums.delete(key), autoApproved) };
};
const withSum = (counts: Counts, recorded: DecisionRecorded): Sums => {
  if (recorded.auto_approved_usd === null) return counts;
  const { autoApproved, autoApprovalMonths } = approvingAt(counts, recorded.decided_at);
  const key = keyOf(recorded);
  if (isForgotten(autoApprovalMonths, monthIn(key))) return { autoApproved, autoApprovalMonths };
  const sum = microUsd((autoApproved.get(key) ?? NOTHING) + usdOf(recorded.auto_approved_usd));
  return { autoApprovalMonths, autoApproved: autoApproved.set(key, sum) };
};

const withUses = ({ waiverUses }: Counts, used: readonly string[], by: 1 | -1): Counts['waiverUses'] =>
  used.reduce((uses, id) => uses.set(id, (uses.get(id) ?? 0) + by), waiverUses);

const withCounted = ({ counted }: Counts, recorded: DecisionRecorded, used: readonly string[]): Counts['counted'] => {
  const { auto_approved_usd: now, counted_before: before, decision_id: id, hold } = recorded;
  const exceptions = [...(before?.exceptions ?? []), ...used];
  const amounts = [now, before?.auto_approved_usd ?? null].flatMap((amount) =>
    amount === null ? [] : [usdOf(amount)],
  );
  const autoApproved = amounts.reduce<MicroUsd>((sum, amount) => microUsd(sum + amount), NOTHING);
  const isNothing = autoApproved === NOTHING && exceptions.length === 0;
  return isNothing || hold.legs.length === 0
    ? counted
    : counted.set(id, { autoApprovalKey: keyOf(recorded), autoApproved, exceptions });
};

const sumsOf = ({ autoApproved, autoApprovalMonths }: Sums): Sums => ({ autoApproved, autoApprovalMonths });

/** Counts a decision: its amount where auto-approval let it pass, and each waiver that it uses. */
export const count = (counts: Counts, recorded: DecisionRecorded): Counts => {
  const used = usesOf(recorded);
  return {
    ...sumsOf(withSum(counts, recorded)),
    waiverUses: withUses(counts, used, 1),
    counted: withCounted(counts, recorded, used),
  };
};

/** The counts without what a decision counted for: to decide about the same change again. */
export const withoutCounted = <State extends Counts>(state: State, decisionId: DecisionId): State => {
  const { autoApproved, counted } = state;
  const before = counted.get(decisionId);
  if (before === undefined) return state;
  const rest = microUsd((autoApproved.get(before.autoApprovalKey) ?? NOTHING) - before.autoApproved);
  return {
    ...state,
    autoApproved: autoApproved.set(before.autoApprovalKey, max(NOTHING, rest)),
    waiverUses: withUses(state, before.exceptions, -1),
  };
};

const newly = (recorded: DecisionRecorded, before: MicroUsd): DecisionRecorded['auto_approved_usd'] =>
  recorded.auto_approved_usd === null
    ? null
    : formatUsd4(max(NOTHING, microUsd(usdOf(recorded.auto_approved_usd) - before)));

/**
 * A decision that takes over the hold of an earlier one is about the same change: what that counted for in the same month,
 * for the same requester, and the exceptions that it used are not counted again.
 */
export const countedOnce = (recorded: DecisionRecorded, { counted }: Counts, taken: DecisionId): DecisionRecorded => {
  const earlier = counted.get(taken);
  if (earlier === undefined) return recorded;
  const before = earlier.autoApprovalKey === keyOf(recorded) ? earlier.autoApproved : NOTHING;
  if (before === NOTHING && earlier.exceptions.length === 0) return recorded;
  const counted_before: CountedBefore = { auto_approved_usd: formatUsd4(before), exceptions: earlier.exceptions };
  return {
    ...recorded,
    auto_approved_usd: newly(recorded, before),
    counted_before,
    exceptions_used: (recorded.exceptions_used ?? []).map((used) =>
      earlier.exceptions.includes(used.exception_id) ? { ...used, counts: false as const } : used,
    ),
  };
};
