import { type DecisionRecorded, type DecisionsEntry, type GateState, jcsText, type RuleEngine } from '@verdict/domain';
import { breathing } from '../audit/breathe.js';
import { gateService } from '../gate/gate-service.js';
import { asCanonical, decisionsEntry, recordedDecision } from '../journals/entries.codec.js';
import type { RecordedEntry } from '../journals/entry-log.js';
import { foldInOrder, NOTHING_FOLDED } from '../journals/fold-in-order.js';
import type { JournalKind } from '../journals/kinds.js';
import type { Revision } from '../ports/journals.js';
import { differencesOf } from './json-differences.js';
import { rederiveDecision, type Rederived } from './rederive-decision.js';

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
  readonly kind: 'different' | 'undecidable';
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

const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** What a later release adds to an entry is no part of what an earlier one recorded. */
const recordedMembers = (recorded: unknown, again: unknown): unknown => {
  if (Array.isArray(recorded) && Array.isArray(again)) {
    return again.map((item, at) => recordedMembers(recorded[at], item));
  }
  if (!isHolder(recorded) || !isHolder(again)) return again;
  return Object.fromEntries(
    Object.entries(again)
      .filter(([name]) => name in recorded)
      .map(([name, member]) => [name, recordedMembers(Reflect.get(recorded, name), member)]),
  );
};

/** Moving a hold to the use of a grant is written in front of the decision that uses it, and decided on the state before. */
const isMove = (entry: DecisionsEntry): boolean =>
  entry.type === 'hold_reduced' || (entry.type === 'hold_voided' && entry.payload.cause === 'moved_to_grant_use');

const divergenceOf = (revision: Revision, recorded: DecisionRecorded, again: Rederived): Divergence | null => {
  const head = { revision, decisionId: recorded.decision_id };
  if (again.kind !== 'derived') return { ...head, kind: 'undecidable', pointers: [], isCut: false };
  const compared = recordedMembers(recorded, again.decision);
  if (jcsText(asCanonical(recorded)) === jcsText(asCanonical(compared))) return null;
  const pointers: string[] = [];
  for (const pointer of differencesOf(recorded, compared)) {
    if (pointers.length === POINTERS_MAX) return { ...head, kind: 'different', pointers, isCut: true };
    pointers.push(pointer);
  }
  return { ...head, kind: 'different', pointers, isCut: false };
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
  private before: DecisionsEntry | undefined;
  private beforeMove: GateState | undefined;

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
    if (entry.type === 'decision_recorded' && isWithin(entry.revision, this.range)) {
      this.compare(this.beforeMove ?? state, entry);
    }
    this.before = decisionsEntry(entry);
    this.beforeMove = isMove(this.before) ? state : undefined;
    return gateService.evolve(state, kind, entry);
  };

  private compare(state: GateState, entry: RecordedEntry): void {
    const recorded = recordedDecision(entry);
    const again = rederiveDecision({ tenantId: this.tenantId, recorded, state, before: this.before }, this.rules);
    this.decisions += 1;
    if (again.kind === 'hidden') {
      this.hidden += 1;
      return;
    }
    const divergence = divergenceOf(entry.revision, recorded, again);
    if (divergence === null) return;
    this.diverging += 1;
    if (this.divergences.length < DIVERGENCES_MAX) this.divergences.push(divergence);
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
