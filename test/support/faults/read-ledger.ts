import { JOURNAL_KINDS, type JournalKind, journalName, type Journals } from '@verdict/application';
import { leafHash, readEntry, toHex } from '@verdict/ledger';
import type { Recording } from '../../replay/recording.js';

/** An entry as it lies in the log; the leaf hash is made anew from its bytes. */
export interface LedgerEntry {
  readonly revision: number;
  readonly type: string;
  readonly leafHash: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly payload: any;
  readonly line: string;
}
export type Ledger = Readonly<Record<JournalKind, readonly LedgerEntry[]>>;

export const ledgerEntry = (revision: number, bytes: Uint8Array): LedgerEntry => {
  const { envelope, envelopeBytes, payload } = readEntry(bytes);
  return {
    revision,
    type: envelope.type,
    leafHash: toHex(leafHash(envelopeBytes)),
    payload,
    line: Buffer.from(bytes).toString('utf8'),
  };
};

/** Everything that the log has of a tenant. */
export const readLedger = async (journals: Journals, tenant: string): Promise<Ledger> => {
  const found: Record<JournalKind, LedgerEntry[]> = { policy: [], decisions: [], approvals: [], reservations: [] };
  for (const kind of JOURNAL_KINDS) {
    for await (const { revision, bytes } of journals.read(journalName(kind, tenant), 0n))
      found[kind].push(ledgerEntry(Number(revision), bytes));
  }
  return found;
};

export const recordingOfLedger = (ledger: Ledger): Recording => ({
  policy: ledger.policy.map(({ line }) => line),
  decisions: ledger.decisions.map(({ line }) => line),
  approvals: ledger.approvals.map(({ line }) => line),
  reservations: ledger.reservations.map(({ line }) => line),
});
