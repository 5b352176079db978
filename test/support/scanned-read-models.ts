import {
  type DecisionRow,
  type DecisionView,
  type JournalKind,
  journalName,
  type Journals,
  projectEntry,
  type ReadModels,
  type RecordedEntry,
  recordEntry,
} from '@verdict/application';

const BOOKED: ReadonlySet<string> = new Set([
  'reservation_settled',
  'reservation_assumed_spent',
  'reservation_released',
  'reservation_corrected',
]);

/** What use cases ask the read models, answered by reading the journals through each time. */
export const scannedReadModels = (journals: Pick<Journals, 'read'>): ReadModels => {
  async function* entriesOf(kind: JournalKind, tenantId: string): AsyncGenerator<RecordedEntry> {
    for await (const stored of journals.read(journalName(kind, tenantId), 0n)) yield recordEntry(stored);
  }
  async function* about(kind: 'decisions' | 'reservations', tenantId: string, decisionId: string) {
    for await (const entry of entriesOf(kind, tenantId))
      if ((entry.payload as { readonly decision_id?: string }).decision_id === decisionId) yield entry;
  }
  /** Rows that entries insert, as the projector would. */
  async function* inserted(kind: JournalKind, tenantId: string) {
    for await (const entry of entriesOf(kind, tenantId))
      for (const change of projectEntry({ tenantId, kind }, entry)) if (change.op === 'insert') yield change;
  }
  const scanned: Pick<
    ReadModels,
    'findAnswers' | 'findKeyedAnswer' | 'findApproval' | 'findDecision' | 'bookingRevisions'
  > = {
    findAnswers: async (tenantId, keys) => {
      const newest = new Map<string, DecisionRow>();
      for await (const change of inserted('decisions', tenantId))
        if (change.table === 'decisions') newest.set(`${change.row.keyScope}\n${change.row.keyText}`, change.row);
      return keys.flatMap(({ scope, text }) => newest.get(`${scope}\n${text}`) ?? []);
    },
    findKeyedAnswer: async (tenantId, { kind, scope, key }) => {
      let found: Awaited<ReturnType<ReadModels['findKeyedAnswer']>>;
      for await (const change of inserted(kind, tenantId))
        if (change.table === 'keyed_answers' && change.row.scope === scope && change.row.key === key)
          found = { revision: change.row.revision, payloadHash: change.row.payloadHash };
      return found;
    },
    findApproval: async (tenantId, approvalId) => {
      for await (const change of inserted('approvals', tenantId))
        if (change.table === 'approvals' && change.row.approvalId === approvalId) return change.row;
      return undefined;
    },
    findDecision: async (tenantId, decisionId) => {
      for await (const { type, revision, payload } of about('decisions', tenantId, decisionId)) {
        if (type !== 'decision_recorded') continue;
        const { dry_run: isDryRun, request } = payload as { dry_run: boolean; request: { project_id: string } };
        const row = { tenantId, decisionId, revision, isDryRun, projectId: request.project_id };
        return { row, approvalStatus: null, settlement: null, booking: null } as unknown as DecisionView;
      }
      return undefined;
    },
    bookingRevisions: async (tenantId, decisionId) => {
      const found: bigint[] = [];
      for await (const { type, revision } of about('reservations', tenantId, decisionId))
        if (BOOKED.has(type)) found.push(revision);
      return found;
    },
  };
  return scanned as ReadModels;
};
