import type { DecisionId, Instant } from '../shared/brand.js';
import { type MicroUsd, usdOf } from '../shared/money.js';
import type { PersistentMap } from '../shared/persistent-map.js';
import type { PolicyEntry } from './policy.entries.js';

/** Room for the unfunded part of one decision, which its approval made. @source contract section 9.4 */
export interface Overage {
  /** `overage:<decision id>`, which is also its account. */
  readonly exceptionId: string;
  readonly decisionId: DecisionId;
  readonly limit: MicroUsd;
  readonly approvalId: string;
  readonly grantedAt: Instant;
  readonly revision: bigint;
}

/** By account. */
export type Overages = PersistentMap<Overage>;

/** Folds one entry that names an overage, at its revision in the policy journal. */
export const withOverage = (
  overages: Overages,
  payload: Extract<PolicyEntry, { type: 'exception_granted' }>['payload'],
  revision: bigint,
): Overages => {
  const {
    exception_id: exceptionId,
    decision_id: decisionId,
    approval_id: approvalId,
    granted_at: grantedAt,
  } = payload;
  const limit = usdOf(payload.limit_usd);
  return overages.set(exceptionId, { exceptionId, decisionId, limit, approvalId, grantedAt, revision });
};
