import { type GateState, recordedQuestion, type RuleEngine } from '@verdict/domain';
import { breathing } from '../shared/breathe.js';
import { gateService } from '../gate/gate-service.js';
import { recordedDecision } from '../journals/entries.codec.js';
import type { RecordedEntry } from '../journals/entry-log.js';
import { type FoldedState, foldInOrder, NOTHING_FOLDED } from '../journals/fold-in-order.js';
import type { JournalKind } from '../journals/kinds.js';
import type { Revision } from '../ports/journals.js';

/** Journals of one tenant, wherever they are: a log, or a bundle that was exported. */
export interface ReplaySource {
  readonly tenantId: string;
  /** Entries from there on, in order and without gaps. */
  readonly read: (kind: JournalKind, from: Revision) => AsyncIterable<RecordedEntry>;
}

/** What one question made: the decision last, in front of it the holds that it took over. And the state before all that. */
export interface RecordedAnswer {
  readonly tenantId: string;
  readonly state: GateState;
  readonly entries: readonly RecordedEntry[];
}

/** Which decisions to look at, revisions of the decisions journal, both inclusive. What is before is folded all the same. */
export interface ReplayRange {
  readonly from?: Revision;
  readonly to?: Revision;
}

export interface ReplayProgress {
  readonly entries: number;
  readonly decisions: number;
}

export interface Walk {
  readonly source: ReplaySource;
  readonly range?: ReplayRange;
  readonly rules: RuleEngine;
  /** Where the fold begins, at or in front of a command of the decisions journal; default: with the first entries. */
  readonly start?: FoldedState<GateState>;
  /** Called for each decision of the range, in the order of their revisions. */
  readonly visit: (answer: RecordedAnswer, decision: RecordedEntry) => void;
  /** Called for each entry of the gate's own journals in the range, with the state in front of it. */
  readonly visitOwn?: (state: GateState, kind: JournalKind, entry: RecordedEntry) => void;
  readonly onProgress?: (progress: ReplayProgress) => void;
}

/** Ends a fold early; nothing has failed. */
class RangeDone extends Error {
  override readonly name = 'RangeDone';
}

const START: FoldedState<GateState> = { state: gateService.initial, folded: NOTHING_FOLDED };
/** Entries that were derived, not read. */
const UNWRITTEN = -2n;

/** What a member of a batch left to the next one before the whole batch was rolled back: its own answer, not the recorded. */
const leftToNext = ({ tenantId, state }: RecordedAnswer, decision: RecordedEntry, rules: RuleEngine): GateState => {
  const question = recordedQuestion(recordedDecision(decision), tenantId, rules);
  const { entries } = question === undefined ? { entries: [] } : gateService.decide(question, state);
  return entries.reduce(
    (folded, entry) => gateService.evolve(folded, 'decisions', { ...entry, revision: UNWRITTEN }),
    state,
  );
};

/** Folds entry by entry; keeps the state and counts, never the entries. */
class Walker {
  entries = 0;
  decisions = 0;
  /** An entry of another journal is in the range if it comes after a decision entry that is. */
  private isInRange: boolean;
  private answer: RecordedAnswer | undefined;
  /** What an atomic batch that was rolled back had decided so far. */
  private speculative: { readonly commandId: string; readonly state: GateState } | undefined;

  constructor(private readonly walk: Walk) {
    this.isInRange = (walk.range?.from ?? 0n) <= 0n;
  }

  readonly evolve = (state: GateState, kind: JournalKind, entry: RecordedEntry): GateState => {
    this.entries += 1;
    this.walk.onProgress?.({ entries: this.entries, decisions: this.decisions });
    if (kind === 'decisions') this.take(state, entry);
    if (this.isInRange && gateService.own.includes(kind)) this.walk.visitOwn?.(state, kind, entry);
    return gateService.evolve(state, kind, entry);
  };

  private take(state: GateState, entry: RecordedEntry): void {
    const { source, range = {} } = this.walk;
    if (range.to !== undefined && entry.revision > range.to) throw new RangeDone();
    this.isInRange ||= entry.revision >= (range.from ?? 0n);
    const { answer } = this;
    const isSameCommand = answer?.entries[0]?.commandId === entry.commandId;
    // What one command made is one answer; a batch makes one after the other.
    const open = isSameCommand ? answer : { tenantId: source.tenantId, state, entries: [] };
    this.answer = { ...open, entries: [...open.entries, entry] };
    if (entry.type === 'decision_recorded') this.close(this.answer, entry);
  }

  /** A member outside of the range is decided too where it was rolled back: the next one was decided on what it left. */
  private close(found: RecordedAnswer, decision: RecordedEntry): void {
    this.answer = undefined;
    const { range = {}, rules, visit } = this.walk;
    const { commandId, revision } = decision;
    const answer = this.speculative?.commandId === commandId ? { ...found, state: this.speculative.state } : found;
    if (range.from === undefined || revision >= range.from) {
      this.decisions += 1;
      visit(answer, decision);
    }
    const isRolledBack = recordedDecision(decision).batch?.rolled_back === true;
    this.speculative = isRolledBack ? { commandId, state: leftToNext(answer, decision, rules) } : undefined;
  }
}

/**
 * Visits the recorded decisions of a tenant, each with the state that it was made on: the journals folded up to exactly what
 * it pins. Streams, so that memory does not grow with the journals.
 *
 * @returns how many entries were folded.
 * @throws PinnedEntryMissing when what an entry observed cannot be read, LogUnreadable, JournalGap.
 * @source architecture section 2 (a decision pins what it saw)
 */
export const walkDecisions = async (walk: Walk): Promise<{ readonly entries: number }> => {
  const walker = new Walker(walk);
  const fold = { own: gateService.own, kinds: gateService.kinds, evolve: walker.evolve };
  const open = (kind: JournalKind, from: Revision): AsyncGenerator<RecordedEntry> =>
    breathing(walk.source.read(kind, from));
  try {
    await foldInOrder(walk.start ?? START, fold, open);
  } catch (error) {
    if (!(error instanceof RangeDone)) throw error;
  }
  return { entries: walker.entries };
};
