import type {
  BudgetPeriod,
  BudgetScope,
  DecisionRecorded,
  Instant,
  MicroUsd,
  Outcome,
  PriceBook,
  Source,
} from '@verdict/domain';
import type { SentDocuments } from '../gate/evidence.js';

/** A question of a case, as a caller would ask it. Money in micro-USD, metadata as RFC 8785 text. */
export interface CaseQuestion {
  readonly source: Source;
  readonly action: string;
  readonly resourceReference: string;
  readonly projectId: string;
  readonly environment: string | undefined;
  readonly monthly: MicroUsd | null;
  readonly hourly: MicroUsd | null;
  readonly metadata: string;
  readonly documents: SentDocuments;
  readonly requester: {
    readonly subject: string;
    readonly onBehalfOf: string | null;
    readonly kind: 'user' | 'service';
    readonly roles: readonly string[];
    readonly groups: readonly string[];
  };
  readonly isDryRun: boolean;
}

/** What stands beside the policy when the question is asked. */
export interface CaseGiven {
  readonly priceBook: PriceBook | null;
  readonly budgets: readonly {
    readonly scope: BudgetScope;
    readonly period: BudgetPeriod;
    readonly limit: MicroUsd;
    readonly monthsCharged: number;
  }[];
  readonly credits: readonly {
    readonly pool: 'reserved' | 'emergency';
    readonly scope: 'tenant' | `project:${string}`;
    readonly total: MicroUsd;
    readonly priority: number;
  }[];
  /** Decided before it, in this order; what they hold is held. */
  readonly asked: readonly CaseQuestion[];
}

/** What has to come out; a member that is not given may be anything. */
export interface CaseExpectation {
  readonly decision?: Outcome | undefined;
  readonly finding?: DecisionRecorded['finding'] | undefined;
  /** All of them, and possibly others. */
  readonly reasonCodes?: readonly string[] | undefined;
  /** None of them. */
  readonly withoutReasonCodes?: readonly string[] | undefined;
  /** Exactly these. */
  readonly rulesMatched?: readonly string[] | undefined;
  /** Id of the routing rule that says who has to agree; null: none does. */
  readonly route?: string | null | undefined;
  /** Held, monthly. */
  readonly hold?: MicroUsd | undefined;
  readonly obligations?: readonly { readonly key: string; readonly value: string }[] | undefined;
}

/** One case: a clock that stands still, what is given, a question, and what has to come out. */
export interface PolicyCase {
  readonly name: string;
  readonly now: Instant;
  readonly given: CaseGiven;
  readonly ask: CaseQuestion;
  readonly expect: CaseExpectation;
}

/** One thing that came out otherwise. */
export interface CaseFailure {
  readonly what: keyof CaseExpectation | 'question';
  readonly expected: unknown;
  readonly actual: unknown;
}
export interface CaseResult {
  readonly name: string;
  readonly failures: readonly CaseFailure[];
  /** null: the question could not be decided; the failure says why. */
  readonly decision: Outcome | null;
  readonly reasonCodes: readonly string[];
}

/** All cases, and the rules and routes of the policy that none of them met. */
export interface CasesReport {
  readonly results: readonly CaseResult[];
  readonly failed: number;
  readonly uncovered: { readonly rules: readonly string[]; readonly routes: readonly string[] };
}
