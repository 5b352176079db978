import {
  type ApprovalRowChange,
  type ApprovalVersionRow,
  type BookingRow,
  changeApproval,
  endHold,
  type ExceptionRow,
  type GrantUseRow,
  type HoldEnd,
  type IntegrationProofRow,
  type IntegrationRow,
  type KeyedAnswerRow,
  type PolicyChangeRow,
  type RowChange,
  type SettlementRow,
  type StoredApprovalRow,
  type StoredDecisionRow,
  versionOf,
} from '@verdict/application';
import { assertNever } from '@verdict/domain';

/** A journal says twice what can be said once, such as the same decision. */
export class RowConflict extends Error {
  override readonly name = 'RowConflict';
}

export interface HoldEnding {
  readonly tenantId: string;
  readonly decisionId: string;
  readonly holdState: HoldEnd;
  readonly holdEndedRevision: bigint;
}
export interface ExceptionEnding {
  readonly tenantId: string;
  readonly exceptionId: string;
  readonly status: 'resolved';
  readonly resolution: string;
  readonly resolvedRevision: bigint;
}
export interface IntegrationEnding {
  readonly tenantId: string;
  readonly integrationId: string;
}
/** Changes of one approval, in the order of their revisions. */
export interface ApprovalChanges {
  readonly tenantId: string;
  readonly approvalId: string;
  readonly changes: readonly { readonly change: ApprovalRowChange; readonly revision: bigint }[];
}

type Insert = Extract<RowChange, { op: 'insert' }>;
type Update = Extract<RowChange, { op: 'update' }>;

export const rowKey = (tenantId: string, id: string): string => `${tenantId}\n${id}`;

const addOnce = <Row>(rows: Map<string, Row>, key: string, row: Row): void => {
  if (rows.has(key)) throw new RowConflict(`two rows for ${JSON.stringify(key)}`);
  rows.set(key, row);
};

/**
 * The changes of one transaction, in order, as few rows as they come to: an update of a row that the batch inserts is
 * folded into it; what is left for the tables is inserts, then updates of older rows.
 */
export class RowBatch {
  readonly decisions = new Map<string, StoredDecisionRow>();
  readonly approvals = new Map<string, StoredApprovalRow>();
  readonly approvalVersions: ApprovalVersionRow[] = [];
  readonly grantUses: GrantUseRow[] = [];
  readonly settlements = new Map<string, SettlementRow>();
  readonly bookings: BookingRow[] = [];
  readonly exceptions = new Map<string, ExceptionRow>();
  readonly policyChanges: PolicyChangeRow[] = [];
  readonly integrations = new Map<string, IntegrationRow>();
  readonly integrationProofs: IntegrationProofRow[] = [];
  readonly keyedAnswers: KeyedAnswerRow[] = [];
  readonly integrationEndings = new Map<string, IntegrationEnding>();
  readonly holdEndings = new Map<string, HoldEnding>();
  readonly exceptionEndings = new Map<string, ExceptionEnding>();
  readonly approvalChanges = new Map<string, ApprovalChanges>();

  add(change: RowChange): void {
    if (change.op === 'insert') this.insert(change);
    else this.update(change);
  }

  // eslint-disable-next-line complexity -- one case per table
  private insert(change: Insert): void {
    switch (change.table) {
      case 'decisions':
        addOnce(this.decisions, rowKey(change.row.tenantId, change.row.decisionId), change.row);
        break;
      case 'approvals':
        addOnce(this.approvals, rowKey(change.row.tenantId, change.row.approvalId), change.row);
        break;
      case 'grant_uses':
        this.grantUses.push(change.row);
        break;
      case 'settlements':
        addOnce(this.settlements, rowKey(change.row.tenantId, change.row.decisionId), change.row);
        break;
      case 'bookings':
        this.bookings.push(change.row);
        break;
      case 'exceptions':
        addOnce(this.exceptions, rowKey(change.row.tenantId, change.row.exceptionId), change.row);
        break;
      case 'policy_changes':
        this.policyChanges.push(change.row);
        break;
      case 'integrations':
        addOnce(this.integrations, rowKey(change.row.tenantId, change.row.integrationId), change.row);
        break;
      case 'integration_proofs':
        this.integrationProofs.push(change.row);
        break;
      case 'keyed_answers':
        this.keyedAnswers.push(change.row);
        break;
      default:
        assertNever(change);
    }
  }

  private update(change: Update): void {
    switch (change.table) {
      case 'decisions':
        this.endHold(change);
        break;
      case 'approvals':
        this.changeApproval(change);
        break;
      case 'exceptions':
        this.endException(change);
        break;
      case 'integrations':
        this.endIntegration(change);
        break;
      default:
        assertNever(change);
    }
  }

  private endHold({ tenantId, decisionId, ...ending }: HoldEnding): void {
    const key = rowKey(tenantId, decisionId);
    const row = this.decisions.get(key);
    if (row !== undefined) this.decisions.set(key, endHold(row, ending));
    else if (!this.holdEndings.has(key)) this.holdEndings.set(key, { tenantId, decisionId, ...ending }); // A hold ends once.
  }

  private endException({ tenantId, exceptionId, ...ending }: ExceptionEnding): void {
    const key = rowKey(tenantId, exceptionId);
    const row = this.exceptions.get(key);
    if (row !== undefined) this.exceptions.set(key, { ...row, ...ending });
    else this.exceptionEndings.set(key, { tenantId, exceptionId, ...ending });
  }

  private endIntegration({ tenantId, integrationId }: IntegrationEnding): void {
    const key = rowKey(tenantId, integrationId);
    const row = this.integrations.get(key);
    if (row !== undefined) this.integrations.set(key, { ...row, isRevoked: true });
    else this.integrationEndings.set(key, { tenantId, integrationId });
  }

  private changeApproval({ tenantId, approvalId, ...more }: Extract<Update, { table: 'approvals' }>): void {
    const key = rowKey(tenantId, approvalId);
    const row = this.approvals.get(key);
    if (row !== undefined) {
      this.approvalVersions.push(versionOf(row, more.revision));
      this.approvals.set(key, changeApproval(row, more.change, more.revision));
    } else {
      const earlier = this.approvalChanges.get(key)?.changes ?? [];
      this.approvalChanges.set(key, { tenantId, approvalId, changes: [...earlier, more] });
    }
  }
}
