import { DEFAULT_POLICY } from './default-policy.js';
import type { PolicyDocument, StoredPolicyDocument } from './policy.document.js';

const D = DEFAULT_POLICY;

/**
 * The text of an entry with what its release did not know yet filled in by the defaults. A text is complete when it is
 * published, so for one of this release nothing changes; its hash is the recorded one either way.
 */
export const completeStored = (stored: StoredPolicyDocument): PolicyDocument => ({
  ...D,
  ...stored,
  approval: {
    ...D.approval,
    ...stored.approval,
    justification: { ...D.approval.justification, ...stored.approval.justification },
  },
  reconciliation: { ...D.reconciliation, ...stored.reconciliation },
});
