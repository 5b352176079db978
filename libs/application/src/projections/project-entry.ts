import { assertNever } from '@verdict/domain';
import type { RecordedEntry } from '../journals/entry-log.js';
import type { JournalKind } from '../journals/kinds.js';
import { projectApprovals } from './approvals.projection.js';
import type { RowChange } from './changes.js';
import { projectDecisions } from './decisions.projection.js';
import { projectPolicy } from './policy.projection.js';
import { projectReservations } from './reservations.projection.js';

/**
 * Row changes of one entry of a tenant's journal; pure, so that a rebuild gives the rows that the live projector gave.
 *
 * @throws TypeError for an entry type that this release does not know.
 * @source architecture guarantee G8
 */
export const projectEntry = (
  journal: { readonly tenantId: string; readonly kind: JournalKind },
  entry: RecordedEntry,
): readonly RowChange[] => {
  switch (journal.kind) {
    case 'policy':
      return projectPolicy(journal.tenantId, entry);
    case 'decisions':
      return projectDecisions(journal.tenantId, entry);
    case 'approvals':
      return projectApprovals(journal.tenantId, entry);
    case 'reservations':
      return projectReservations(journal.tenantId, entry);
    default:
      return assertNever(journal.kind);
  }
};
