import type { PriceBook } from '../pricing/price-book.js';
import type { PricedLine } from '../pricing/priced-line.js';
import type { ApprovalId, DecisionId, Instant, Sha256Hex } from '../shared/brand.js';
import type { MicroUsd } from '../shared/money.js';
import type { Completeness, RecordedRequest, Requester } from './decisions.entries.js';

/** What evidence came to under one price book. Monthly in micro-USD, a multiple of 100; hourly in micro-USD. */
export interface PricedEvidence {
  readonly monthly: MicroUsd;
  readonly hourly: MicroUsd;
  readonly completeness: Completeness;
  readonly priced: number;
  readonly unpriced: number;
  readonly lines: readonly PricedLine[];
}

/** Evidence of the change that the gate prices itself; a pure function of the book, so that it may be asked twice. */
export interface Evidence {
  priceWith(book: PriceBook): PricedEvidence;
}

/** The question. Time, ids and salt are members, so that the same command on the same state has one outcome. */
export interface AskForChange {
  readonly kind: 'ask_for_change';
  readonly decisionId: DecisionId;
  readonly approvalId: ApprovalId;
  readonly salt: string;
  readonly now: Instant;
  readonly key: { readonly scope: string; readonly text: string; readonly isDerived: boolean };
  readonly payloadHash: Sha256Hex;
  /** `environment_class` is decided with the policy in force; all else is as asked. */
  readonly request: Omit<RecordedRequest, 'environment_class'>;
  readonly requester: Requester;
  readonly isDryRun: boolean;
  readonly claim: { readonly monthly: MicroUsd | null; readonly hourly: MicroUsd | null };
  readonly evidence: Evidence | null;
  /** Given when the caller insists on a fingerprint; another one is refused. */
  readonly expectedFingerprint: Sha256Hex | null;
  /** The answer of a key that has left memory, read from the read model by the use case. */
  readonly rememberedAnswer: { readonly payloadHash: Sha256Hex; readonly revision: bigint } | null;
}
