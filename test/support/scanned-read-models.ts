import { type DecisionView, journalName, type Journals, type ReadModels, recordEntry } from '@verdict/application';

const BOOKED: ReadonlySet<string> = new Set([
  'reservation_settled',
  'reservation_assumed_spent',
  'reservation_released',
  'reservation_corrected',
]);

/** What use cases ask the read models, answered by reading the journals through each time. */
export const scannedReadModels = (journals: Pick<Journals, 'read'>): ReadModels => {
  async function* about(kind: 'decisions' | 'reservations', tenantId: string, decisionId: string) {
    for await (const stored of journals.read(journalName(kind, tenantId), 0n)) {
      const entry = recordEntry(stored);
      if ((entry.payload as { readonly decision_id?: string }).decision_id === decisionId) yield entry;
    }
  }
  const scanned: Pick<ReadModels, 'findAnswers' | 'findDecision' | 'bookingRevisions'> = {
    findAnswers: () => Promise.resolve([]), // No answer ever leaves memory here.
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
