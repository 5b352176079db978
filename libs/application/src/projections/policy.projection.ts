import { assertNever, type PolicyEntry } from '@verdict/domain';
import type { RecordedEntry } from '../journals/entry-log.js';
import type { RowChange } from './changes.js';
import { policyEntry } from './entries.codec.js';

const summaryIdOf = (entry: PolicyEntry): string => {
  switch (entry.type) {
    case 'policy_published':
      return `policy:${entry.payload.version.toString()}`;
    case 'budget_set':
      return `budget:${entry.payload.budget_id}@${entry.payload.version.toString()}`;
    case 'price_book_published':
      return `price_book:${entry.payload.version}`;
    case 'exception_granted':
      return entry.payload.exception_id;
    default:
      return assertNever(entry);
  }
};

/** Row changes of one entry of `policy-<tenant>`. Throws TypeError for a type that this release does not know. */
export const projectPolicy = (tenantId: string, recorded: RecordedEntry): readonly RowChange[] => {
  const { revision, type } = recorded;
  return [
    {
      op: 'insert',
      table: 'policy_changes',
      row: { tenantId, revision, type, summaryId: summaryIdOf(policyEntry(recorded)) },
    },
  ];
};
