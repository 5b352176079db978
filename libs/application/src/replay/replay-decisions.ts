import type { GateState, RuleEngine } from '@verdict/domain';
import { breathing } from '../shared/breathe.js';
import { gateService } from '../gate/gate-service.js';
import { recordedDecision } from '../journals/entries.codec.js';
import type { RecordedEntry } from '../journals/entry-log.js';
import { foldInOrder, NOTHING_FOLDED } from '../journals/fold-in-order.js';
import type { JournalKind } from '../journals/kinds.js';
import type { Revision } from '../ports/journals.js';
import { rederiveAnswer, type RecordedAnswer, type Rederived } from './rederive-decision.js';

/** Journals of one tenant, wherever they are: a log, or a bundle that was exported. */
export interface ReplaySource {
  readonly tenantId: string;
  /** Entries from there on, in order and without gaps. */
  readonly read: (kind: JournalKind, from: Revision) => AsyncIterable<RecordedEntry>;
}

/** Which decisions to compare, revisions of the decisions journal, both inclusive. What is before is folded all the same. */
export interface ReplayRange {
  readonly from?: Revision;
  readonly to?: Revision;
}

/** A decision that comes out differently, and where: JSON pointers into the payload. */
export interface Divergence {
  readonly revision: Revision;
  readonly decisionId: string;
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
  /** The first of those that diverge. */
  readonly divergences: readonly Divergence[];
  readonly entries: number;
}

export interface ReplayProgress {
  readonly entries: number;
  readonly decisions: number;
}

export const DIVERGENCES_MAX = 1_000;
export const POINTERS_MAX = 32;

/** Ends a fold early; nothing has failed. */
class RangeDone extends Error {
  override readonly name = 'RangeDone';
}

/** Not more than anybody reads. */
const firstOf = (pointers: Iterable<string>): Pick<Divergence, 'pointers' | 'isCut'> => {
  const first: string[] = [];
  for (const pointer of pointers) {
    if (first.length === POINTERS_MAX) return { pointers: first, isCut: true };
    first.push(pointer);
  }
  return { pointers: first, isCut: false };
};

const isWithin = (revision: Revision, { from, to }: ReplayRange): boolean =>
  (from === undefined || revision >= from) && (to === undefined || revision <= to);

/** Folds and compares, entry by entry; keeps the state and counts, never the entries. */
class Replay {
  decisions = 0;
  diverging = 0;
  hidden = 0;
  entries = 0;
  readonly divergences: Divergence[] = [];
  private answer: RecordedAnswer | undefined;
  /** What an atomic batch that was rolled back had decided so far. */
  private speculative: { readonly commandId: string; readonly state: GateState } | undefined;

  constructor(
    private readonly tenantId: string,
    private readonly range: ReplayRange,
    private readonly rules: RuleEngine,
    private readonly onProgress: (progress: ReplayProgress) => void,
  ) {}

  readonly evolve = (state: GateState, kind: JournalKind, entry: RecordedEntry): GateState => {
    this.entries += 1;
    this.onProgress({ entries: this.entries, decisions: this.decisions });
    if (kind !== 'decisions') return gateService.evolve(state, kind, entry);
    if (this.range.to !== undefined && entry.revision > this.range.to) throw new RangeDone();
    const isSameCommand = this.answer?.entries[0]?.commandId === entry.commandId;
    const { answer } = this;
    // What one command made is one answer; a batch makes one after the other.
    const open = isSameCommand && answer !== undefined ? answer : { tenantId: this.tenantId, state, entries: [] };
    this.answer = { ...open, entries: [...open.entries, entry] };
    if (entry.type === 'decision_recorded') this.close(this.answer, entry);
    return gateService.evolve(state, kind, entry);
  };

  private close(answer: RecordedAnswer, entry: RecordedEntry): void {
    this.answer = undefined;
    if (!isWithin(entry.revision, this.range)) return;
    this.decisions += 1;
    const { commandId } = entry;
    const state = this.speculative?.commandId === commandId ? this.speculative.state : answer.state;
    const again = rederiveAnswer({ ...answer, state }, this.rules);
    this.speculative = again.next === undefined ? undefined : { commandId, state: again.next };
    this.count(entry, again);
  }

  private count(entry: RecordedEntry, again: Rederived): void {
    if (again.kind === 'hidden') this.hidden += 1;
    if (again.kind === 'same' || again.kind === 'hidden') return;
    this.diverging += 1;
    if (this.divergences.length === DIVERGENCES_MAX) return;
    const { revision } = entry;
    const { decision_id: decisionId } = recordedDecision(entry);
    const where = firstOf(again.kind === 'different' ? again.pointers : []);
    this.divergences.push({ revision, decisionId, kind: again.kind, ...where });
  }
}

/**
 * Decides every recorded decision of a tenant again: on the journals folded up to exactly what the decision pins, from its
 * entry alone, and compares the whole payload, byte for byte. Streams, so that memory does not grow with the journals.
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
    const replay = new Replay(source.tenantId, range, rules, onProgress);
    const fold = { own: gateService.own, kinds: gateService.kinds, evolve: replay.evolve };
    const start = { state: gateService.initial, folded: NOTHING_FOLDED };
    const opened: AsyncGenerator<RecordedEntry>[] = [];
    const open = (kind: JournalKind, from: Revision): AsyncGenerator<RecordedEntry> => {
      const entries = breathing(source.read(kind, from));
      opened.push(entries);
      return entries;
    };
    try {
      await foldInOrder(start, fold, open);
    } catch (error) {
      if (!(error instanceof RangeDone)) throw error;
    } finally {
      for (const entries of opened) await entries.return(undefined); // What is not read to its end holds on to its store.
    }
    const { decisions, diverging, hidden, divergences, entries } = replay;
    return { tenantId: source.tenantId, decisions, diverging, hidden, divergences, entries };
  };
export type ReplayDecisions = ReturnType<typeof createReplayDecisions>;
