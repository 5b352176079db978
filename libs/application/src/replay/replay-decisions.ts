import type { RuleEngine } from '@verdict/domain';
import { recordedDecision } from '../journals/entries.codec.js';
import type { RecordedEntry } from '../journals/entry-log.js';
import type { Revision } from '../ports/journals.js';
import { rederiveAnswer } from './rederive-decision.js';
import {
  type RecordedAnswer,
  type ReplayProgress,
  type ReplayRange,
  type ReplaySource,
  walkDecisions,
} from './walk-decisions.js';

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

/** Compares and counts. */
class Comparison {
  decisions = 0;
  diverging = 0;
  hidden = 0;
  readonly divergences: Divergence[] = [];

  constructor(private readonly rules: RuleEngine) {}

  readonly visit = (answer: RecordedAnswer, decision: RecordedEntry): void => {
    this.decisions += 1;
    const again = rederiveAnswer(answer, this.rules);
    if (again.kind === 'hidden') this.hidden += 1;
    if (again.kind === 'same' || again.kind === 'hidden') return;
    this.diverging += 1;
    if (this.divergences.length === DIVERGENCES_MAX) return;
    const { revision } = decision;
    const { decision_id: decisionId } = recordedDecision(decision);
    const where = firstOf(again.kind === 'different' ? again.pointers : []);
    this.divergences.push({ revision, decisionId, kind: again.kind, ...where });
  };
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
    const comparison = new Comparison(rules);
    const { entries } = await walkDecisions({ source, range, rules, visit: comparison.visit, onProgress });
    const { decisions, diverging, hidden, divergences } = comparison;
    return { tenantId: source.tenantId, decisions, diverging, hidden, divergences, entries };
  };
export type ReplayDecisions = ReturnType<typeof createReplayDecisions>;
