import type { Json } from '../shared/entry.js';
import { jcsText } from '../shared/jcs.js';
import { sha256Hex } from '../shared/sha256.js';
import type { PolicyEntry } from './policy.entries.js';

/** What an administrator can ask for: a key is bound within the operation it was sent with. @source contract section 1 */
export type AdminOperation =
  | 'policy'
  | 'policy_rollback'
  | 'policy_rollout'
  | 'policy_cancel'
  | 'budget'
  | 'budget_update'
  | 'budget_close'
  | 'credit'
  | 'credit_revoke'
  | 'exception'
  | 'exception_revoke'
  | 'price_book'
  | 'integration'
  | 'integration_rotate'
  | 'integration_revoke';

/** Operations on budgets, by what is done to one. */
export const BUDGET_OPERATIONS = {
  create: 'budget',
  update: 'budget_update',
  close: 'budget_close',
} as const satisfies Readonly<Record<string, AdminOperation>>;
/** Operations on integrations, by command; retiring a secret is an option of rotating. */
export const INTEGRATION_OPERATIONS = {
  create_integration: 'integration',
  rotate_integration_secret: 'integration_rotate',
  retire_integration_secret: 'integration_rotate',
  revoke_integration: 'integration_revoke',
} as const satisfies Readonly<Record<string, AdminOperation>>;

/** Where the answer to a key is kept: one key space for each operation. */
export const adminKey = (operation: AdminOperation, key: string): string => `${operation}\n${key}`;

/** What closing a budget asks for, as its key is made from it. */
export const askedToClose = (budgetId: string): Json => ({ operation: 'close', budget_id: budgetId });

/** Entries that do not name their operation: a change may close a budget too, and the hash of what was asked tells which. */
const budgetOperation = ({
  budget_id,
  version,
  active,
  operation,
  idempotency,
}: Extract<PolicyEntry, { type: 'budget_set' }>['payload']): AdminOperation => {
  if (operation !== undefined) return BUDGET_OPERATIONS[operation];
  if (version === 1) return 'budget';
  const isClosed = !active && idempotency.payload_hash === sha256Hex(jcsText(askedToClose(budget_id)));
  return isClosed ? 'budget_close' : 'budget_update';
};

/** The operation whose command wrote an entry; null: no administrator did. */
// eslint-disable-next-line complexity -- one case per entry type
export const operationOf = (entry: PolicyEntry): AdminOperation | null => {
  switch (entry.type) {
    case 'policy_published':
      return entry.payload.rolled_back_to === null ? 'policy' : 'policy_rollback';
    case 'policy_rollout_set':
      return 'policy_rollout';
    case 'policy_cancelled':
      return 'policy_cancel';
    case 'budget_set':
      return budgetOperation(entry.payload);
    case 'credit_granted':
      return 'credit';
    case 'credit_revoked':
      return 'credit_revoke';
    case 'waiver_granted':
      return 'exception';
    case 'waiver_revoked':
      return 'exception_revoke';
    case 'price_book_published':
      return 'price_book';
    case 'integration_created':
      return 'integration';
    case 'integration_secret_rotated':
    case 'integration_secret_retired':
      return 'integration_rotate';
    case 'integration_revoked':
      return 'integration_revoke';
    case 'exception_granted':
      return null;
  }
};
