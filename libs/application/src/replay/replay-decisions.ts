import type { GateState, RuleEngine } from '@verdict/domain';
import { recordedDecision } from '../journals/entries.codec.js';
import type { RecordedEntry } from '../journals/entry-log.js';
import type { JournalKind } from '../journals/kinds.js';
import type { Revision } from '../ports/journals.js';
import { isHolder } from './json-differences.js';
import { isOfFirstRelease, type Rederived, rederiveAnswer } from './rederive-decision.js';
import { rederiveReaction } from './rederive-reaction.js';
import {
  type RecordedAnswer,
  type ReplayProgress,
  type ReplayRange,
  type ReplaySource,
  walkDecisions,
} from './walk-decisions.js';

/** An entry that comes out differently, and where: JSON pointers into the payload. */
export interface Divergence {
  readonly journal: JournalKind;
  readonly revision: Revision;
  readonly type: string;
  /** null: the entry is about none. */
  readonly decisionId: string | null;
  readonly kind: 'different' | 'other_holds' | 'undecidable';
  readonly pointers: readonly string[];
  /** More differ than `pointers` names. */
  readonly isCut: boolean;
}

export interface ReplayReport {
  readonly tenantId: string;
  /** Decisions that were compared. */
  readonly decisions: number;
  readonly diverging: number;
  /** Decisions whose entries do not hold enough to be decided again. */
  readonly hidden: number;
  /** Entries that the gate wrote of itself, and that were compared; and how many of them come out differently. */
  readonly reactions: number;
  readonly reactionsDiverging: number;
  /** The first of all those that diverge. */
  readonly divergences: readonly Divergence[];
  readonly entries: number;
}

export const DIVERGENCES_MAX = 1_000;
export const POINTERS_MAX = 32;

/** Not more than anybody reads. */
const firstOf = (pointers: Iterable<string>): Pick<Divergence, 'pointers' | 'isCut'> => {
  const first: string[] = [];
  for (const pointer of pointers) {
    if (first.length === POINTERS_MAX) return { pointers: first, isCut: true };
    first.push(pointer);
  }
  return { pointers: first, isCut: false };
};

type Different = Exclude<Rederived, { kind: 'same' | 'hidden' }>;

const decisionIn = (payload: unknown): string | null =>
  isHolder(payload) && 'decision_id' in payload && typeof payload.decision_id === 'string' ? payload.decision_id : null;

/** Compares and counts. */
class Comparison {
  decisions = 0;
  diverging = 0;
  hidden = 0;
  reactions = 0;
  reactionsDiverging = 0;
  readonly divergences: Divergence[] = [];
  private isPastFirstRelease = false;

  constructor(private readonly rules: RuleEngine) {}

  readonly visit = (answer: RecordedAnswer, decision: RecordedEntry): void => {
    this.decisions += 1;
    const isFirstRelease = !this.isPastFirstRelease && isOfFirstRelease(recordedDecision(decision));
    this.isPastFirstRelease = !isFirstRelease; // Nobody goes back to it: later entries record the whole.
    const again = rederiveAnswer(answer, { rules: this.rules, isFirstRelease });
    if (again.kind === 'hidden') this.hidden += 1;
    if (again.kind === 'same' || again.kind === 'hidden') return;
    this.diverging += 1;
    this.note('decisions', decision, again);
  };

  readonly visitOwn = (state: GateState, kind: JournalKind, entry: RecordedEntry): void => {
    const again = rederiveReaction(state, kind, entry);
    if (again === undefined) return;
    this.reactions += 1;
    if (again.kind === 'same') return;
    this.reactionsDiverging += 1;
    this.note(kind, entry, again);
  };

  private note(journal: JournalKind, { revision, type, payload }: RecordedEntry, again: Different): void {
    if (this.divergences.length === DIVERGENCES_MAX) return;
    const where = firstOf(again.kind === 'different' ? again.pointers : []);
    this.divergences.push({ journal, revision, type, decisionId: decisionIn(payload), kind: again.kind, ...where });
  }
}

/**
 * Decides every recorded decision of a tenant again: on the journals folded up to exactly what the decision pins, from its
 * entry alone, and compares the whole payload, byte for byte; so does it with what the gate wrote of itself. Streams, so that memory does not grow with the journals.
 *
 * @throws PinnedEntryMissing when what an entry observed cannot be read, LogUnreadable, JournalGap.
 * @source architecture guarantee G7
 */
export const createReplayDecisions =
  ({ rules }: { readonly rules: RuleEngine }) =>
  async (
    source: ReplaySource,
    range: ReplayRange = {},
    onProgress: (progress: ReplayProgress) => void = () => undefined,
  ): Promise<ReplayReport> => {
    const comparison = new Comparison(rules);
    const { visit, visitOwn } = comparison;
    const { entries } = await walkDecisions({ source, range, rules, visit, visitOwn, onProgress });
    const { decisions, diverging, hidden, reactions, reactionsDiverging, divergences } = comparison;
    const counted = { decisions, diverging, hidden, reactions, reactionsDiverging };
    return { tenantId: source.tenantId, ...counted, divergences, entries };
  };
export type ReplayDecisions = ReturnType<typeof createReplayDecisions>;
