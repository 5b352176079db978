import { assertNever } from '@verdict/domain';
import type {
  BookingRow,
  ApprovalRow,
  DecisionRow,
  ExceptionRow,
  IntegrationProofRow,
  IntegrationRow,
  KeyedAnswerRow,
  SettlementRow,
} from '../ports/read-models.js';
import type { Revision } from '../ports/journals.js';

/** Only a hold that is held ends; how it began is in the row. */
export type HoldEnd = Exclude<DecisionRow['holdState'], 'none' | 'held'>;

/** A row of `approvals` with what later entries need to change it. */
export interface StoredApprovalRow extends ApprovalRow {
  /** Pinned by the request: whoever files it is excluded from voting. */
  readonly isSeparationRequired: boolean;
}

/** One entry of a policy journal: a change of the rules, which no later entry alters. */
export interface PolicyChangeRow {
  readonly tenantId: string;
  readonly revision: Revision;
  readonly type: string;
  /** What was changed and which version of it: `policy:7`, `budget:<id>@2`, `price_book:<version>`, `overage:<decision id>`. */
  readonly summaryId: string;
}

/** What an entry of the approvals journal does to the row of its approval. */
export type ApprovalRowChange =
  | { readonly kind: 'filed'; readonly by: string; readonly ticket: string | null }
  | { readonly kind: 'voted'; readonly by: string; readonly vote: 'approve' | 'deny' }
  | { readonly kind: 'granted'; readonly useBy: string }
  | { readonly kind: 'ended'; readonly status: 'denied' | 'expired' | 'withdrawn' | 'consumed' };

/** An operation on a named table. An update of a row that is not there changes nothing. */
export type RowChange =
  | { readonly op: 'insert'; readonly table: 'decisions'; readonly row: DecisionRow }
  | { readonly op: 'insert'; readonly table: 'approvals'; readonly row: StoredApprovalRow }
  | { readonly op: 'insert'; readonly table: 'settlements'; readonly row: SettlementRow }
  | { readonly op: 'insert'; readonly table: 'bookings'; readonly row: BookingRow }
  | { readonly op: 'insert'; readonly table: 'exceptions'; readonly row: ExceptionRow }
  | { readonly op: 'insert'; readonly table: 'policy_changes'; readonly row: PolicyChangeRow }
  | { readonly op: 'insert'; readonly table: 'integrations'; readonly row: IntegrationRow }
  | { readonly op: 'insert'; readonly table: 'integration_proofs'; readonly row: IntegrationProofRow }
  | { readonly op: 'insert'; readonly table: 'keyed_answers'; readonly row: KeyedAnswerRow }
  | {
      readonly op: 'update';
      readonly table: 'decisions';
      readonly tenantId: string;
      readonly decisionId: string;
      readonly holdState: HoldEnd;
    }
  | {
      readonly op: 'update';
      readonly table: 'approvals';
      readonly tenantId: string;
      readonly approvalId: string;
      readonly change: ApprovalRowChange;
    }
  | {
      readonly op: 'update';
      readonly table: 'exceptions';
      readonly tenantId: string;
      readonly exceptionId: string;
      readonly status: 'resolved';
      readonly resolution: string;
      readonly resolvedRevision: Revision;
    }
  | {
      readonly op: 'update';
      readonly table: 'integrations';
      readonly tenantId: string;
      readonly integrationId: string;
      readonly isRevoked: true;
    };

/** Sorted, without repetition: equal sets are equal rows, however they came about. */
const withMember = (members: readonly string[], member: string): readonly string[] =>
  members.includes(member) ? members : [...members, member].sort();

/**
 * The row of an approval after one more entry about it.
 * A person's newest vote counts; who files a request may not vote on it where duties are separated.
 * @source contract section 11.2
 */
export const changeApproval = (row: StoredApprovalRow, change: ApprovalRowChange): StoredApprovalRow => {
  switch (change.kind) {
    case 'filed':
      return {
        ...row,
        ticket: change.ticket ?? row.ticket,
        excludedVoters: row.isSeparationRequired ? withMember(row.excludedVoters, change.by) : row.excludedVoters,
      };
    case 'voted': {
      const others = row.approvedBy.filter((voter) => voter !== change.by);
      return { ...row, approvedBy: change.vote === 'approve' ? withMember(others, change.by) : others };
    }
    case 'granted':
      return { ...row, status: 'granted', useBy: change.useBy };
    case 'ended':
      return { ...row, status: change.status };
    default:
      return assertNever(change);
  }
};

/** The row of a decision after its hold has ended; what holds nothing, or no more, stays as it is. */
export const endHold = (row: DecisionRow, holdState: HoldEnd): DecisionRow =>
  row.holdState === 'held' ? { ...row, holdState } : row;

/**
 * The id by which parity counts the entry: that of the decision, approval or settled decision it is the headline of, or
 * the summary of a policy change; undefined for changes that are about an earlier headline.
 * @source contract section 14.3
 */
// eslint-disable-next-line complexity -- one case per table
export const headlineIdOf = (change: RowChange): string | undefined => {
  if (change.op === 'update') return undefined;
  switch (change.table) {
    case 'decisions':
    case 'settlements':
      return change.row.decisionId;
    case 'approvals':
      return change.row.approvalId;
    case 'policy_changes':
      return change.row.summaryId;
    case 'bookings':
    case 'exceptions':
    case 'integrations':
    case 'integration_proofs':
    case 'keyed_answers':
      return undefined;
    default:
      return assertNever(change);
  }
};
