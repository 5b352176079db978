import { JOURNAL_KINDS, type JournalKind } from '@verdict/application';
import { evolveGate, type GateObserved, instantOf } from '@verdict/domain';
import { foldRecording } from '../../replay/recording.js';
import { moneyProblem } from '../money-laws.js';
import { type Ledger, type LedgerEntry, recordingOfLedger } from './read-ledger.js';

/** What a caller was told when its command was done. */
export interface Acknowledgement {
  readonly kind: JournalKind;
  readonly revision: number;
  readonly leafHash: string;
  /** Of a decision. */
  readonly decision?: { readonly id: string; readonly verdict: string; readonly key: string };
}

const isDecision = ({ type }: LedgerEntry): boolean => type === 'decision_recorded';

const isAsTold = (entry: LedgerEntry | undefined, { leafHash, decision }: Acknowledgement): boolean => {
  if (entry?.leafHash !== leafHash) return false;
  if (decision === undefined) return true;
  const { decision_id: id, decision: verdict, key } = entry.payload;
  return isDecision(entry) && id === decision.id && verdict === decision.verdict && key.text === decision.key;
};

/** Acknowledgements that the log does not bear out: the entry is at another place, another one, or there again. */
export const untrueAcknowledgements = (ledger: Ledger, told: readonly Acknowledgement[]): readonly string[] => {
  const counts = new Map<string, number>();
  for (const { payload } of ledger.decisions.filter(isDecision))
    counts.set(payload.decision_id, (counts.get(payload.decision_id) ?? 0) + 1);
  return told.flatMap((each) => {
    const { kind, revision, leafHash, decision } = each;
    const isOnce = decision === undefined || counts.get(decision.id) === 1;
    if (isOnce && isAsTold(ledger[kind][revision], each)) return [];
    return [`${kind} ${revision} is not ${leafHash} ${JSON.stringify(decision ?? {})}, or not alone`];
  });
};

/** Keys with more than one decision, and keys that were asked without one. */
export const keyFindings = (ledger: Ledger, asked: Iterable<string>): readonly string[] => {
  const decisions = new Map([...asked].map((key) => [key, 0]));
  for (const { payload } of ledger.decisions.filter(isDecision))
    decisions.set(payload.key.text, (decisions.get(payload.key.text) ?? 0) + 1);
  return [...decisions].filter(([, count]) => count !== 1).map(([key, count]) => `${key} has ${count} decisions`);
};

/** What any entry did to a budget that it must not: the gate's fold, revision by revision (G5). */
export const moneyFindings = async (ledger: Ledger, nowMs: number): Promise<readonly string[]> => {
  const found: string[] = [];
  await foldRecording(recordingOfLedger(ledger), (before, journal, entry) => {
    const seen = { journal, entry, revision: entry.revision } as unknown as GateObserved;
    const problem = moneyProblem(before, evolveGate(before, seen), seen, instantOf(nowMs));
    if (problem !== undefined) found.push(`${journal} ${entry.revision.toString()}: ${problem}`);
  });
  return found;
};

/** Journals whose revisions are not 0, 1, 2 and so on. */
export const gaps = (ledger: Ledger): readonly string[] =>
  JOURNAL_KINDS.flatMap((kind) => {
    const at = ledger[kind].findIndex(({ revision }, index) => revision !== index);
    return at < 0 ? [] : [`${kind} has ${ledger[kind][at]?.revision ?? -1} where ${at} is due`];
  });
