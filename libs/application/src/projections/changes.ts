import { assertNever } from '@verdict/domain';
import type {
  BookingRow,
  ApprovalRow,
  DecisionRow,
  ExceptionRow,
  GrantUseRow,
  IntegrationProofRow,
  IntegrationRow,
  KeyedAnswerRow,
  SettlementRow,
} from '../ports/read-models.js';
import type { Revision } from '../ports/journals.js';

/** Only a hold that is held ends; how it began is in the row. */
export type HoldEnd = Exclude<DecisionRow['holdState'], 'none' | 'held'>;

/** A row of `decisions` with when the gate ended its hold. */
export interface StoredDecisionRow extends DecisionRow {
  /** Revision of the entry that ended the hold; null: none did. */
  readonly holdEndedRevision: Revision | null;
}

/** A row of `approvals` with what later entries need to change it. */
export interface StoredApprovalRow extends Omit<ApprovalRow, 'lastUse'> {
  /** Pinned by the request: whoever files it is excluded from voting. */
  readonly isSeparationRequired: boolean;
  /** Revision of the entry that made it what it is. */
  readonly sinceRevision: Revision;
}

/** What an approval was from the entry at `sinceRevision` until that at `untilRevision` changed it. */
export interface ApprovalVersionRow extends Pick<
  StoredApprovalRow,
  | 'tenantId'
  | 'approvalId'
  | 'status'
  | 'excludedVoters'
  | 'approvedBy'
  | 'approvedStages'
  | 'ticket'
  | 'filedRevision'
  | 'useBy'
  | 'sinceRevision'
> {
  readonly untilRevision: Revision;
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
  | {
      readonly kind: 'filed';
      readonly by: string;
      readonly onBehalfOf: string | null;
      readonly ticket: string | null;
      readonly isJustified: boolean;
    }
  | {
      readonly kind: 'voted';
      readonly by: string;
      readonly vote: 'approve' | 'deny';
      readonly stages: readonly string[];
    }
  | { readonly kind: 'granted'; readonly useBy: string }
  | { readonly kind: 'ended'; readonly status: 'denied' | 'expired' | 'withdrawn' | 'consumed' };

/** An operation on a named table. An update of a row that is not there changes nothing. */
export type RowChange =
  | { readonly op: 'insert'; readonly table: 'decisions'; readonly row: StoredDecisionRow }
  | { readonly op: 'insert'; readonly table: 'approvals'; readonly row: StoredApprovalRow }
  | { readonly op: 'insert'; readonly table: 'grant_uses'; readonly row: GrantUseRow }
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
      readonly holdEndedRevision: Revision;
    }
  | {
      readonly op: 'update';
      readonly table: 'approvals';
      readonly tenantId: string;
      readonly approvalId: string;
      readonly change: ApprovalRowChange;
      /** Of the entry that makes the change. */
      readonly revision: Revision;
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

type Voted = Extract<ApprovalRowChange, { kind: 'voted' }>;

/** A person's newest vote counts, an approval as well as a denial. */
const withVote = (
  { approvedBy, approvedStages }: StoredApprovalRow,
  { by, vote, stages }: Voted,
): Pick<StoredApprovalRow, 'approvedBy' | 'approvedStages'> => {
  const voters = vote === 'approve' ? withMember(approvedBy, by) : approvedBy.filter((voter) => voter !== by);
  const stagesOf = (voter: string): readonly string[] =>
    voter === by ? stages : (approvedStages[approvedBy.indexOf(voter)] ?? []);
  return { approvedBy: voters, approvedStages: voters.map(stagesOf) };
};

type Filed = Extract<ApprovalRowChange, { kind: 'filed' }>;

/** Who files a request may not vote on it where duties are separated. */
const withFiling = (row: StoredApprovalRow, { by, onBehalfOf, ticket, isJustified }: Filed): StoredApprovalRow => ({
  ...row,
  ticket: ticket ?? row.ticket,
  filedRevision: isJustified ? row.sinceRevision : row.filedRevision,
  excludedVoters: row.isSeparationRequired
    ? [by, onBehalfOf ?? by].reduce(withMember, row.excludedVoters)
    : row.excludedVoters,
});

/**
 * The row of an approval after one more entry about it, the one at `revision`.
 * @source contract section 11.2
 */
export const changeApproval = (
  before: StoredApprovalRow,
  change: ApprovalRowChange,
  revision: Revision,
): StoredApprovalRow => {
  const row = { ...before, sinceRevision: revision };
  switch (change.kind) {
    case 'filed':
      return withFiling(row, change);
    case 'voted':
      return { ...row, ...withVote(row, change) };
    case 'granted':
      return { ...row, status: 'granted', useBy: change.useBy };
    case 'ended':
      return { ...row, status: change.status };
    default:
      return assertNever(change);
  }
};

/** What an approval was until the entry at `untilRevision`, for lists at an earlier point. */
export const versionOf = (
  {
    tenantId,
    approvalId,
    status,
    excludedVoters,
    approvedBy,
    approvedStages,
    ticket,
    filedRevision,
    useBy,
    sinceRevision,
  }: StoredApprovalRow,
  untilRevision: Revision,
): ApprovalVersionRow => ({
  ...{ tenantId, approvalId, status, excludedVoters, approvedBy, approvedStages, ticket, filedRevision, useBy },
  ...{ sinceRevision, untilRevision },
});

/** The row of a decision after its hold has ended; what holds nothing, or no more, stays as it is. */
export const endHold = (
  row: StoredDecisionRow,
  { holdState, holdEndedRevision }: { readonly holdState: HoldEnd; readonly holdEndedRevision: Revision },
): StoredDecisionRow => (row.holdState === 'held' ? { ...row, holdState, holdEndedRevision } : row);

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
    case 'grant_uses':
    case 'exceptions':
    case 'integrations':
    case 'integration_proofs':
    case 'keyed_answers':
      return undefined;
    default:
      return assertNever(change);
  }
};
