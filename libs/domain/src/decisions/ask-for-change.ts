import type { PriceBook } from '../pricing/price-book.js';
import type { PricedLine } from '../pricing/priced-line.js';
import type { RuleEngine } from '../rules/rules.js';
import type { ApprovalId, DecisionId, Instant, Sha256Hex } from '../shared/brand.js';
import type { Actor } from '../shared/entry.js';
import type { MicroUsd } from '../shared/money.js';
import type { ApprovalChannel, ChangeFacts, Completeness, RecordedRequest } from './decisions.entries.js';

/** What evidence came to. Monthly in micro-USD, a multiple of 100; hourly in micro-USD. */
export interface PricedEvidence {
  readonly monthly: MicroUsd;
  readonly hourly: MicroUsd;
  readonly completeness: Completeness;
  readonly priced: number;
  readonly unpriced: number;
  readonly lines: readonly PricedLine[];
  /** What is changed, as far as the evidence shows it. */
  readonly change: ChangeFacts;
}

/**
 * Evidence of the change that the gate prices itself (a plan, resource changes, a Kubernetes object); a pure function of
 * the book, so that it may be asked twice.
 */
export interface Evidence {
  priceWith(book: PriceBook): PricedEvidence;
  /** What it comes to, and what it changes, where there is no book at all; absent: nobody can read it. */
  readonly withoutBook?: PricedEvidence;
}

/** The caller's own figures: of the request's body, or of the annotations of a Kubernetes object. */
export interface Claim {
  readonly method: 'declared' | 'annotation';
  readonly monthly: MicroUsd | null;
  readonly hourly: MicroUsd | null;
  /** An amount was given that is none: a violation, never 0 and never an error of the transport. */
  readonly isInvalid: boolean;
}

/**
 * The idempotency key: as sent, derived by the use case, or of an admission review, whose key holds the fingerprint and
 * so is known only once the change is priced. @source contract section 6.3
 */
export interface AskedKey {
  readonly scope: string;
  readonly text: string;
  readonly isDerived: boolean;
  /** Given for a review without a key of its own; `text` is not looked at then. */
  readonly review?: { readonly clusterId: string; readonly generatedName: string | null };
}

/** Who asks, as rules and routing see him. */
export interface Asker {
  readonly subject: string;
  /** The person behind a pipeline, if it named one. */
  readonly on_behalf_of: string | null;
  readonly kind: Actor['kind'];
  readonly roles: readonly string[];
  readonly groups: readonly string[];
}

/** The action of the review of a deletion. Anybody may call his action so: `isRemoval` says that it is one. */
export const REMOVAL_ACTION = 'admission.delete';

/** The question. Time, ids and salt are members, so that the same command on the same state has one outcome. */
export interface AskForChange {
  readonly kind: 'ask_for_change';
  readonly decisionId: DecisionId;
  readonly approvalId: ApprovalId;
  readonly salt: string;
  readonly now: Instant;
  readonly key: AskedKey;
  readonly payloadHash: Sha256Hex;
  /** `environment_class` is decided with the policy in force; all else is as asked. */
  readonly request: Omit<RecordedRequest, 'environment_class'>;
  readonly requester: Asker;
  readonly isDryRun: boolean;
  /** The review of a deletion: nothing is added by it, so money never refuses it. @source protocols section 1.4 rule 7 */
  readonly isRemoval: boolean;
  /** How an approval reaches the caller: a token that a pipeline consumes, or a grant that the next review uses. */
  readonly channel: ApprovalChannel;
  readonly claim: Claim;
  readonly evidence: Evidence | null;
  /** What an Infracost report came to, if one was sent: evidence, but of the caller. */
  readonly report: PricedEvidence | null;
  /** Evaluates the conditions of the policy's rules. */
  readonly rules: RuleEngine;
  /** Given when the caller insists on a fingerprint; another one is refused. */
  readonly expectedFingerprint: Sha256Hex | null;
  /** The answer of a key that has left memory, read from the read model by the use case. */
  readonly rememberedAnswer: {
    readonly payloadHash: Sha256Hex;
    readonly revision: bigint;
    /** null: nobody asked for it. */
    readonly requestFingerprint: Sha256Hex | null;
  } | null;
  /** Of a question that was recorded: its challenger used no grant, or could not see any. Absent: it may use one. */
  readonly isChallengerWithoutGrants?: true;
  /** Of a question that was recorded when what an answer takes over was counted again. Absent: it is counted once. */
  readonly isCountedAgain?: true;
  /** Of a question that was recorded when a use of a grant was auto-approved as well. Absent: its approval is enough. */
  readonly isUseAutoApproved?: true;
  /** Of a question that was recorded: what would have been was told without notes. */
  readonly isWouldBeBare?: true;
  /** No time is left for the challenger, or none was when it was recorded. Absent: it is evaluated. @source contract section 8.1 */
  readonly isChallengerSkipped?: true;
}
