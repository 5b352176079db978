import { ENTRY_KINDS, type EntryKind } from '../entries/entry-schema.js';

export interface ServiceContract {
  readonly name: string;
  readonly writes: readonly EntryKind[];
  readonly reads: readonly EntryKind[];
  readonly purpose: string;
}

/** Who writes which journals and who follows which. A journal has one writer. @source architecture sections 2 and 3 */
export const SERVICES: readonly ServiceContract[] = [
  {
    name: 'gate',
    writes: ['policy', 'decisions'],
    reads: ENTRY_KINDS,
    purpose: 'Decides: folds policy, what is held and spent, and what approvals grant or end.',
  },
  {
    name: 'approvals',
    writes: ['approvals'],
    reads: ['decisions', 'approvals'],
    purpose: 'Opens the requests that decisions need, and knows its tokens.',
  },
  {
    name: 'reconciliation',
    writes: ['reservations'],
    reads: ENTRY_KINDS,
    purpose: 'Settles what decisions hold, within budgets and granted exceptions.',
  },
  {
    name: 'audit-export',
    writes: [],
    reads: ENTRY_KINDS,
    purpose: 'Integrates journals into Merkle trees, signs checkpoints and exports.',
  },
  {
    name: 'read-models',
    writes: [],
    reads: ENTRY_KINDS,
    purpose: 'Projects journals into the tables that queries are answered from.',
  },
];
