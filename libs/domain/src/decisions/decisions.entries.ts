import type { ApprovalId, DecisionId, HourlyUsdText, Instant, Sha256Hex, UsdText } from '../shared/brand.js';
import type { Actor, Entry, PersonalText } from '../shared/entry.js';
import type { RuleTrace } from '../rules/rule-trace.js';
import type { PricedLine } from '../pricing/priced-line.js';
import type { ApprovalTree } from '../approvals/approval-tree.js';
import type { RecordedContext } from '../context/recorded-context.js';
import type { RiskClass } from '../context/risk.js';
import type { EnvironmentClass, Mode } from '../policy/policy.document.js';

export type Source = 'terraform' | 'k8s_admission' | 'cloud_event';
/** What evaluation discovered, in rising strength; the strongest wins. */
export type Finding = 'clean' | 'approval' | 'violation' | 'failure';
export type Outcome = 'ALLOW' | 'ALLOW_WITH_CREDITS' | 'REQUIRE_APPROVAL' | 'DENY';

/** Money set aside on one account: `budget:<id>`, `ceiling:plan`, `ceiling:enterprise`, `overage:<decision id>`. */
export interface Leg {
  readonly account: string;
  readonly amount_usd: UsdText;
}

export interface WaterfallStage {
  readonly stage:
    | 'plan_limit'
    | 'project_allocation'
    | 'reserved_credits'
    | 'org_emergency_credits'
    | 'enterprise_ceiling'
    | 'unfunded';
  readonly status: 'pass' | 'partial' | 'fail' | 'skipped';
  /** null: no limit. */
  readonly available_usd: UsdText | null;
  readonly consumed_usd: UsdText;
  readonly remaining_usd: UsdText | null;
}

export interface Balance {
  readonly account: string;
  /** null: no limit. */
  readonly limit_usd: UsdText | null;
  readonly spent_usd: UsdText;
  readonly held_usd: UsdText;
  readonly headroom_usd: UsdText | null;
}

export type CostMethod = 'price_book' | 'infracost' | 'declared' | 'annotation' | 'none';
export type Completeness = 'complete' | 'partial' | 'unknown';

/** What the evidence of a change shows of it, whatever it costs. Counts are resources. */
export interface ChangeFacts {
  readonly creates: number;
  readonly updates: number;
  readonly deletes: number;
  /** Left running, and no longer managed. Absent: none, or an entry of before they were counted, and warned of. */
  readonly forgets?: number;
  readonly replaces: number;
  /** Types of what changes, sorted, without duplicates. */
  readonly resource_types: readonly string[];
}

/** One figure that was looked at: what it says alone. */
export interface CostSource {
  readonly method: Exclude<CostMethod, 'none'>;
  /** null: nothing known. */
  readonly monthly_delta_usd: UsdText | null;
  readonly hourly_delta_usd: HourlyUsdText | null;
  readonly completeness: Completeness;
  readonly priced: number;
  readonly unpriced: number;
}

/** How the amount of a decision came about, and how much of it is unknown. */
export interface CostEvidence {
  /** The known part; null when nothing at all is known. */
  readonly monthly_delta_usd: UsdText | null;
  readonly hourly_delta_usd: HourlyUsdText | null;
  readonly method: CostMethod;
  readonly completeness: Completeness;
  readonly priced: number;
  readonly unpriced: number;
  readonly price_book: { readonly version: string; readonly sha256: Sha256Hex } | null;
  readonly lines: readonly PricedLine[];
  /** Every figure that was looked at; the amount is one of them. */
  readonly sources?: readonly CostSource[];
  /** Set where the caller's amount was none. */
  readonly claim_invalid?: boolean;
  /**
   * true: the review of a deletion, which money never refuses; absent: none, or an entry of before that was a rule, when
   * an unknown saving was found as any unknown cost is.
   */
  readonly removal?: true;
}

/** How risky the change is, and what added up to it. Contract section 10. */
export interface RecordedRisk {
  readonly score: number;
  readonly class: RiskClass;
}

/** The change as asked, normalised: what the fingerprint and the payload hash are made from, and where it came from. */
export interface RecordedRequest {
  readonly source: Source;
  readonly action: string;
  readonly resource_reference: string;
  readonly project_id: string;
  readonly environment_raw: string;
  readonly environment_label: string;
  readonly environment_class: EnvironmentClass;
  /** The caller's own figures as sent, canonical text; null where absent. */
  readonly declared_monthly_delta_usd: UsdText | null;
  readonly declared_hourly_delta_usd: HourlyUsdText | null;
  /** RFC 8785 text of the caller's metadata, so that decimals are legal in it. */
  readonly metadata: string;
  readonly options: Readonly<Record<string, string | boolean>>;
  readonly run: {
    readonly run_id: string;
    readonly stage: string;
    readonly workspace_id: string | null;
    readonly workspace_name: string | null;
    readonly run_url: string | null;
    readonly callback_url: string | null;
    /** Set for a run task: several of them ask about one run. */
    readonly task?: { readonly integration_id: string; readonly task_result_id: string };
  } | null;
  /** The cloud event that asked; absent where none did. */
  readonly event?: {
    /** RFC 8785 text of its other attributes; absent: it has none, or nobody kept them yet. Part of no hash. */
    readonly extensions?: string;
    readonly id: string;
    readonly source: string;
    readonly type: string;
    readonly subject: string | null;
    readonly time: string | null;
  };
  readonly justification: PersonalText | null;
  /** In characters; a sealed text cannot be measured any more. */
  readonly justification_length: number;
  readonly ticket: string | null;
}

/** What the approval of this decision needs, pinned by the policy version in force. */
export interface ApprovalTerms {
  readonly approval_id: ApprovalId;
  readonly approve_by_seconds: number;
  readonly use_by_seconds: number;
  readonly token_ttl_seconds: number;
  readonly quorum: number;
  readonly is_separation_required: boolean;
  readonly justification_length_min: number;
  readonly consumer: 'creator' | 'project' | 'member';
  readonly cap_monthly_delta_usd: UsdText;
  readonly cap_hourly_delta_usd: HourlyUsdText;
  /** The part that no account can fund; granting makes the exception `overage:<decision id>` over it. */
  readonly unfunded_usd: UsdText;
  /** Who has to agree; absent: one stage of `quorum` approvers. */
  readonly route?: ApprovalTree;
  /** Absent: token. */
  readonly channel?: ApprovalChannel;
  /** How often a grant may be used; absent: once. */
  readonly grant_uses_max?: number;
  /** A pattern that the ticket has to match, if one is asked for. */
  readonly ticket_pattern?: string | null;
  /** The routing rule that decided who has to agree; null: none did. */
  readonly routing_rule?: string | null;
}

/** How an approval reaches the caller: as a token that is consumed, or as a grant that the next request uses. */
export type ApprovalChannel = 'token' | 'grant';

export interface Requester {
  readonly subject: string;
  /** The person behind a pipeline, if it named one. */
  readonly on_behalf_of: string | null;
  /** What rules and routing saw of him. */
  readonly kind?: Actor['kind'];
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
}

/** The use of a granted approval by a later request; its legs come out of the hold that was approved. */
export interface GrantUse {
  readonly approval_id: ApprovalId;
  /** The decision that was approved. */
  readonly decision_id: DecisionId;
  /** 1, 2 ... */
  readonly use: number;
  readonly is_last: boolean;
  /**
   * What was agreed to is cleared by that alone: neither auto-approval nor a waiver is used for it, an earlier denial of an
   * equal change says nothing against it, and the exception over what no account funds is among `exceptions_used`. Absent:
   * written when none of that held.
   */
  readonly cleared_by_approval?: true;
}

/** A finding that an exception removed: a waiver, or the overage that the approval of a grant made. */
export interface UsedException {
  /**
   * false: no use is counted, since it made no difference to what may go ahead, or was counted by the decision that this one
   * takes over; absent: one is, save by a dry run.
   */
  readonly counts?: false;
  readonly exception_id: string;
  /** Rule ids or reason codes. */
  readonly waived: readonly string[];
}

/** What the decision that is taken over was counted for already, and this one is not again. */
export interface CountedBefore {
  /** For the same requester and UTC month. */
  readonly auto_approved_usd: UsdText;
  /** Ids of the exceptions that it is a use of. */
  readonly exceptions: readonly string[];
}

/** A member of a batch. Contract section 5.4. */
export interface BatchPlace {
  /** 0-based. */
  readonly index: number;
  readonly size: number;
  /** All members or none. */
  readonly atomic: boolean;
  /** Another member was not permitted: this one holds nothing and opens no request. */
  readonly rolled_back: boolean;
  /** The key that the batch itself came with, and the hash of all that it asked; absent: it had none. */
  readonly key?: { readonly payload_hash: Sha256Hex; readonly text: string };
}

/** What the challenger of the policy in force would have said. */
export interface ChallengerVerdict {
  readonly version: number;
  /** False: half of the time for the answer was gone before it was decided. */
  readonly evaluated: boolean;
  readonly decision: Outcome | null;
  readonly reason_codes: readonly string[];
  /** Whether it let the change through by a grant. Absent: it used none, or was written when challengers saw no grants. */
  readonly grant_used?: true;
  /** As of a use of a grant. */
  readonly cleared_by_approval?: true;
}

export interface DecisionRecorded {
  readonly decision_id: DecisionId;
  readonly key: {
    readonly scope: string;
    readonly text: string;
    readonly is_derived: boolean;
    /** 1, 2, 3 ... for derived keys whose earlier answer has lapsed. */
    readonly generation: number;
  };
  readonly payload_hash: Sha256Hex;
  readonly request_fingerprint: Sha256Hex;
  readonly subject_hash: Sha256Hex;
  readonly request: RecordedRequest;
  readonly requester: Requester;
  readonly dry_run: boolean;
  readonly decision: Outcome;
  readonly finding: Finding;
  readonly reason_codes: readonly string[];
  readonly mode: Mode;
  /** `<source>:<environment class>`, the cell of the mode matrix that decided. */
  readonly mode_scope: string;
  readonly policy_version: number;
  readonly policy_document_sha256: Sha256Hex;
  readonly cost: CostEvidence;
  readonly waterfall: readonly WaterfallStage[];
  readonly hold: { readonly legs: readonly Leg[]; readonly total_usd: UsdText; readonly unfunded_usd: UsdText };
  readonly exposure_usd: UsdText;
  /** What enforcement would have said, where the mode softened it. */
  readonly would_be: {
    readonly decision: Outcome;
    /** Absent: told before its reasons had the notes of the answer. */
    readonly has_notes?: true;
    readonly reason_codes: readonly string[];
  } | null;
  readonly approval: ApprovalTerms | null;
  readonly balances_after: readonly Balance[];
  readonly warnings: readonly string[];
  /** The amount that auto-approval let pass and counts for this requester and UTC month: see `counted_before`. */
  readonly auto_approved_usd: UsdText | null;
  readonly decided_at: Instant;
  readonly expires_at: Instant;
  readonly ttl_seconds: number;
  /** The decision whose lapsed hold this one took over, if any. */
  readonly supersedes: DecisionId | null;
  /** Members below are absent in entries of the first release. */
  /** Where it stood among the members of one request; absent: it was asked alone. */
  readonly batch?: BatchPlace | null;
  /** How an approval would reach the caller; absent: token. */
  readonly channel?: ApprovalChannel;
  readonly change?: ChangeFacts;
  /** The trace of every enabled rule, in order. */
  readonly rules?: readonly RuleTrace[];
  /** Ids of the rules that matched, errors that counted as a match included. */
  readonly rules_matched?: readonly string[];
  readonly obligations?: readonly { readonly key: string; readonly value: string }[];
  readonly exceptions_used?: readonly UsedException[];
  /** Absent: it takes nothing over that was counted, or was written when such was counted again. */
  readonly counted_before?: CountedBefore;
  readonly grant_use?: GrantUse | null;
  readonly risk?: RecordedRisk;
  /** Actual cost and forecast of the project, and the risk. */
  readonly computed_context?: RecordedContext | null;
  readonly computed_context_sha256?: Sha256Hex | null;
  readonly challenger?: ChallengerVerdict | null;
  /** 16 random bytes, base64url: makes a payload of few possibilities unguessable from its hash. */
  readonly salt: string;
}

/** Another question of the same run was answered by a decision that stands: nothing was decided, and nothing held. */
export interface DecisionReanswered {
  readonly decision_id: DecisionId;
  readonly decision_revision: number;
  readonly key: { readonly scope: string; readonly text: string };
  readonly payload_hash: Sha256Hex;
  readonly integration_id: string;
  readonly run_id: string;
  readonly stage: string;
  readonly expires_at: Instant;
  readonly needs_approval: boolean;
  readonly is_permitted: boolean;
  readonly reanswered_at: Instant;
}

/** Entries of `decisions-<tenant>`, written by the gate alone. */
export type DecisionsEntry =
  | Entry<'decision_recorded', DecisionRecorded>
  | Entry<'decision_reanswered', DecisionReanswered>
  | Entry<
      'hold_voided',
      {
        readonly decision_id: DecisionId;
        readonly cause: 'approval_denied' | 'approval_withdrawn' | 'superseded' | 'moved_to_grant_use';
        readonly released_usd: UsdText;
        readonly voided_at: Instant;
      }
    >
  | Entry<
      'hold_reduced',
      {
        /** The decision that was approved: what is left for further uses of the grant. */
        readonly decision_id: DecisionId;
        readonly cause: 'moved_to_grant_use';
        readonly legs: readonly Leg[];
        readonly released_usd: UsdText;
        readonly reduced_at: Instant;
      }
    >
  | Entry<
      'hold_expired',
      {
        readonly decision_id: DecisionId;
        readonly cause: 'approve_by_passed' | 'use_by_passed';
        readonly released_usd: UsdText;
        readonly expired_at: Instant;
      }
    >;
