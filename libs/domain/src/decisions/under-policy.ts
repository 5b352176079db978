import type { PolicyDocument } from '../policy/policy.document.js';
import { policyFor, type PolicyVersion } from '../policy/policy.state.js';
import type { Sha256Hex } from '../shared/brand.js';
import type { AskForChange } from './ask-for-change.js';
import type { GateState } from './decisions.state.js';

/** A policy that was never published: what a change would have met if it had been. */
export interface SupposedPolicy {
  readonly document: PolicyDocument;
  /** SHA-256 of the document's RFC 8785 text. */
  readonly documentSha256: Sha256Hex;
}

/**
 * The state that a recorded change was decided on, with one policy in the place of all versions. The price book stays the
 * one that priced the change: prices are as recorded, whatever book the policy names. Balances, credits, waivers and grants
 * stay as they were.
 *
 * @source contract section 8.6 (prices as recorded)
 */
export const underPolicy = (
  state: GateState,
  { now, request }: AskForChange,
  { document, documentSha256 }: SupposedPolicy,
): GateState => {
  const decided = policyFor(state.policy, now, request.project_id);
  const price_book = decided?.document.pricing.price_book ?? document.pricing.price_book;
  const version: PolicyVersion = {
    version: 0,
    revision: -1n,
    document: { ...document, pricing: { ...document.pricing, price_book } },
    documentSha256,
    effectiveFrom: now,
    message: '',
    author: '',
    publishedAt: now,
    rolledBackTo: null,
    role: 'active',
    rollout: null,
    isCancelled: false,
    changes: 0,
  };
  return { ...state, policy: { ...state.policy, versions: [version] } };
};

const HARD = { default: 'hard' } as const;
/** The same policy with every mode hard: what it would do if nothing softened it. */
export const hardened = (document: PolicyDocument): PolicyDocument => ({
  ...document,
  mode_matrix: { terraform: HARD, k8s_admission: HARD, cloud_event: HARD },
});
