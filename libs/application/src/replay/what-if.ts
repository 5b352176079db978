import {
  type AskForChange,
  type DecisionRecorded,
  evaluate,
  type GateState,
  type Outcome,
  type PolicyDocument,
  recordedQuestion,
  type RuleEngine,
  type SupposedPolicy,
  sha256Hex,
  jcsText,
  underPolicy,
} from '@verdict/domain';
import { gateService } from '../gate/gate-service.js';
import { asCanonical, recordedDecision } from '../journals/entries.codec.js';
import type { RecordedEntry } from '../journals/entry-log.js';
import type { Revision } from '../ports/journals.js';
import {
  type RecordedAnswer,
  type ReplayProgress,
  type ReplayRange,
  type ReplaySource,
  walkDecisions,
} from './walk-decisions.js';

/** A decision that another policy would have made otherwise. */
export interface OutcomeFlip {
  readonly revision: Revision;
  readonly decisionId: string;
  readonly from: Outcome;
  readonly to: Outcome;
  /** Of the other outcome. */
  readonly reasonCodes: readonly string[];
}

/** How many decisions went from one outcome to another, equal ones included. */
export interface OutcomeCount {
  readonly from: Outcome;
  readonly to: Outcome;
  readonly count: number;
}

export interface WhatIfReport {
  readonly tenantId: string;
  readonly entries: number;
  /** Decisions that were looked at. */
  readonly decisions: number;
  readonly unchanged: number;
  readonly changed: number;
  /** Decisions whose entries do not hold enough to be decided again. */
  readonly hidden: number;
  /** In the order of the outcomes' strength; none with a count of 0. */
  readonly outcomes: readonly OutcomeCount[];
  /** The first of those that are listed, by revision. */
  readonly flips: readonly OutcomeFlip[];
  /** More are to be listed than `flips` holds. */
  readonly isCut: boolean;
}

export interface WhatIf {
  readonly source: ReplaySource;
  readonly range?: ReplayRange;
  /** The policy that decides for a project. */
  readonly policyFor: (projectId: string) => SupposedPolicy;
  /** Which decisions to look at; default: all of the range. */
  readonly isMeant?: (recorded: DecisionRecorded) => boolean;
  /** Which flips to list; default: all. */
  readonly isListed?: (flip: OutcomeFlip) => boolean;
  readonly onProgress?: (progress: ReplayProgress) => void;
}

export const FLIPS_MAX = 1_000;

const OUTCOMES = ['ALLOW', 'ALLOW_WITH_CREDITS', 'REQUIRE_APPROVAL', 'DENY'] as const satisfies readonly Outcome[];

/** A document that was never published, with its hash. */
export const supposed = (document: PolicyDocument): SupposedPolicy => ({
  document,
  documentSha256: sha256Hex(jcsText(asCanonical(document))),
});

/** A member that its batch took with it is compared by what it came to alone. */
const ownOutcome = ({ batch, would_be: own, decision }: DecisionRecorded): Outcome =>
  batch?.rolled_back === true ? (own?.decision ?? decision) : decision;

/** Where the key of a run would now be answered by what stands, the change is evaluated all the same. */
const decideUnder = (question: AskForChange, state: GateState): DecisionRecorded | undefined => {
  const last = gateService.decide(question, state).entries.at(-1);
  return last?.type === 'decision_recorded' ? recordedDecision(last) : evaluate(question, state, 1);
};

/** Decides and counts. */
class Tally {
  decisions = 0;
  hidden = 0;
  isCut = false;
  readonly flips: OutcomeFlip[] = [];
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly whatIf: WhatIf,
    private readonly rules: RuleEngine,
  ) {}

  readonly visit = ({ tenantId, state }: RecordedAnswer, entry: RecordedEntry): void => {
    const recorded = recordedDecision(entry);
    if (this.whatIf.isMeant?.(recorded) === false) return;
    this.decisions += 1;
    const question = recordedQuestion(recorded, tenantId, this.rules);
    const policy = this.whatIf.policyFor(recorded.request.project_id);
    const supposedly = question && decideUnder(question, underPolicy(state, question, policy));
    if (supposedly === undefined) {
      this.hidden += 1;
      return;
    }
    const [from, to] = [ownOutcome(recorded), supposedly.decision];
    const { revision } = entry;
    this.count({ revision, decisionId: recorded.decision_id, from, to, reasonCodes: supposedly.reason_codes });
  };

  outcomes(): readonly OutcomeCount[] {
    return OUTCOMES.flatMap((from) =>
      OUTCOMES.flatMap((to) => {
        const count = this.counts.get(`${from} ${to}`);
        return count === undefined ? [] : [{ from, to, count }];
      }),
    );
  }

  private count(flip: OutcomeFlip): void {
    const cell = `${flip.from} ${flip.to}`;
    this.counts.set(cell, (this.counts.get(cell) ?? 0) + 1);
    if (flip.from === flip.to || this.whatIf.isListed?.(flip) === false) return;
    if (this.flips.length < FLIPS_MAX) this.flips.push(flip);
    else this.isCut = true;
  }
}

/**
 * Decides recorded decisions again under another policy, each by itself on the state that it was made on: what others held
 * stays as recorded, so nothing follows from a decision that comes out otherwise. Same input, same report.
 *
 * @throws PinnedEntryMissing when what an entry observed cannot be read, LogUnreadable, JournalGap.
 * @source operations section 11, `replay --policy`, `policy impact`
 */
export const createWhatIf =
  ({ rules }: { readonly rules: RuleEngine }) =>
  async (whatIf: WhatIf): Promise<WhatIfReport> => {
    const { source, range = {}, onProgress = () => undefined } = whatIf;
    const tally = new Tally(whatIf, rules);
    const { entries } = await walkDecisions({ source, range, rules, visit: tally.visit, onProgress });
    const { decisions, hidden, flips, isCut } = tally;
    const outcomes = tally.outcomes();
    const unchanged = outcomes.reduce((sum, { from, to, count }) => (from === to ? sum + count : sum), 0);
    const changed = decisions - hidden - unchanged;
    return { tenantId: source.tenantId, entries, decisions, unchanged, changed, hidden, outcomes, flips, isCut };
  };
