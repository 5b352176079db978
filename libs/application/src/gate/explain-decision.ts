import {
  balanceOf,
  type DecisionRecorded,
  type Flip,
  floorTo4,
  flipsOf,
  formatUsd4,
  type GateState,
  recordedQuestion,
  type RuleEngine,
  termsOf,
} from '@verdict/domain';
import { recordedDecision } from '../journals/entries.codec.js';
import type { EntryLog, RecordedEntry } from '../journals/entry-log.js';
import { stateBefore } from '../replay/state-before.js';

export interface ExplainDeps {
  readonly log: EntryLog;
  readonly rules: RuleEngine;
}

type Balance = DecisionRecorded['balances_after'][number];
export interface Explained {
  readonly recorded: DecisionRecorded;
  /** Balances as they stood before the decision; null: the state could not be folded again. */
  readonly balancesBefore: readonly Balance[];
  readonly flips: readonly Flip[];
  /** False for entries that do not hold enough to be decided again. */
  readonly isReevaluated: boolean;
}

/** Under the ceilings of the version that decided: a rollout brings its own to a part of the projects. */
const balancesBefore = (recorded: DecisionRecorded, { accounts, policy }: GateState): readonly Balance[] => {
  const at = recorded.decided_at;
  const version = policy.versions.find((each) => each.version === recorded.policy_version);
  const terms = termsOf(policy, version);
  return recorded.balances_after.map(({ account }) => {
    const { limit, spent, held, headroom } = balanceOf(accounts, account, terms(account, at), at);
    return {
      account,
      limit_usd: limit === null ? null : formatUsd4(floorTo4(limit)),
      spent_usd: formatUsd4(floorTo4(spent)),
      held_usd: formatUsd4(floorTo4(held)),
      headroom_usd: headroom === null ? null : formatUsd4(floorTo4(headroom)),
    };
  });
};

/**
 * Why a decision came out as it did, and what would have changed it: evaluated again on the state that it pins, folded from
 * the journals.
 *
 * @source contract section 14.2
 */
export const createExplainDecision =
  ({ log, rules }: ExplainDeps) =>
  async (tenantId: string, entry: RecordedEntry): Promise<Explained> => {
    const recorded = recordedDecision(entry);
    const state = await stateBefore({ log, rules }, tenantId, entry);
    const command = recordedQuestion(recorded, tenantId, rules);
    if (state === undefined || command === undefined) {
      return { recorded, balancesBefore: [], flips: [], isReevaluated: false };
    }
    return {
      recorded,
      balancesBefore: balancesBefore(recorded, state),
      flips: flipsOf({ command, state, recorded }),
      isReevaluated: true,
    };
  };
export type ExplainDecision = ReturnType<typeof createExplainDecision>;
