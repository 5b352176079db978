import {
  type Accounts,
  balanceOf,
  type DecisionRecorded,
  floorTo4,
  formatUsd4,
  type GateObserved,
  type GateState,
  type Instant,
  termsOf,
} from '@verdict/domain';

const accountsOf = ({ held, spent }: Accounts): readonly string[] => [
  ...new Set([...held.keys(), ...[...spent.keys()].map((key) => key.slice(0, key.lastIndexOf('|')))]),
];

const committedOf = (state: GateState, account: string, at: Instant) => {
  const { limit, spent, held, headroom } = balanceOf(state.accounts, account, termsOf(state.policy)(account, at), at);
  return { limit, spent, held, headroom: headroom ?? 0n, sum: spent + held };
};

/** Above its limit (one that was lowered, G5) an account may be left as it was, or lower; nothing is ever negative. */
const accountProblem = (before: GateState, after: GateState, account: string, at: Instant): string | undefined => {
  const now = committedOf(after, account, at);
  if (now.spent < 0n || now.held < 0n || now.headroom < 0n) return `${account} is negative`;
  if (now.limit === null || now.sum <= now.limit || now.sum <= committedOf(before, account, at).sum) return undefined;
  return `${account} rose to ${now.sum.toString()}, above its limit ${now.limit.toString()}`;
};

/** What an account holds is the sum of the legs of all holds on it. */
const holdsProblem = ({ holds, held }: Accounts): string | undefined => {
  const sums = new Map<string, bigint>();
  for (const { account, amount } of [...holds.values()].flat()) {
    if (amount < 0n) return `a negative leg on ${account}`;
    sums.set(account, (sums.get(account) ?? 0n) + amount);
  }
  const odd = [...new Set([...sums.keys(), ...held.keys()])].find(
    (account) => (sums.get(account) ?? 0n) !== (held.get(account) ?? 0n),
  );
  return odd === undefined ? undefined : `${odd} does not hold the sum of its legs`;
};

/**
 * {@link moneyProblem} entry by entry. What the use of a grant draws leaves the hold that was approved and comes back in the
 * same append: it only moves, also where it is above a limit that was lowered since.
 */
export const moneyWatch = (): typeof moneyProblem => {
  let moving: GateState | undefined;
  return (before, after, seen, now) => {
    const from = moving ?? before;
    const { type, payload } = seen.entry;
    moving =
      (type === 'hold_reduced' || type === 'hold_voided') && payload.cause === 'moved_to_grant_use' ? from : undefined;
    return moneyProblem(from, after, seen, now);
  };
};

/** Accounts that are above their limit now: so that a test can tell that it met any. */
export const aboveLimit = (state: GateState, at: Instant): number =>
  accountsOf(state.accounts).filter((account) => {
    const { limit, sum } = committedOf(state, account, at);
    return limit !== null && sum > limit;
  }).length;

const timeOf = ({ entry }: GateObserved, now: Instant): Instant => {
  switch (entry.type) {
    case 'reservation_settled':
      return entry.payload.settled_at;
    case 'reservation_assumed_spent':
      return entry.payload.swept_at;
    case 'reservation_corrected':
      return entry.payload.corrected_at;
    default:
      return now;
  }
};

/**
 * What one entry did to money that it must not: G5 at one revision. A settlement counts in the period, and under the
 * ceilings, of its own time, however late the gate hears of it.
 */
export const moneyProblem = (
  before: GateState,
  after: GateState,
  seen: GateObserved,
  now: Instant,
): string | undefined => {
  const at = timeOf(seen, now);
  const found = accountsOf(after.accounts).map((account) => accountProblem(before, after, account, at));
  const problem = [...found, holdsProblem(after.accounts)].find((each) => each !== undefined);
  return problem === undefined ? undefined : `${seen.entry.type}: ${problem}`;
};

/** What a decision shows of balances once it holds, where it is not what the fold of its entries comes to. */
export const shownProblem = ({ accounts, policy }: GateState, recorded: DecisionRecorded): string | undefined => {
  const { balances_after: shown, decided_at: at } = recorded;
  const odd = shown.find(({ account, held_usd, spent_usd }) => {
    const { held, spent } = balanceOf(accounts, account, termsOf(policy)(account, at), at);
    return held_usd !== formatUsd4(floorTo4(held)) || spent_usd !== formatUsd4(floorTo4(spent));
  });
  return odd === undefined ? undefined : `${odd.account} is shown as ${JSON.stringify(odd)}, and is not so`;
};
