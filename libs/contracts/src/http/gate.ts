import type { RawJson } from '@verdict/domain';
import { z } from 'zod';
import {
  ChallengerText,
  ContextText as RecordedContextText,
  ObligationText,
  RiskText,
  UsedExceptionText,
} from '../entries/decision-context.js';
import { listOf, pageQuery } from './pages.js';
import { EntryReference } from './policy.js';
import {
  DecisionIdText,
  HourlyUsd,
  HourlyUsdAnswer,
  IdempotencyKey,
  InstantAnswer,
  Metadata,
  MonthlyUsd,
  name,
  ProjectId,
  remark,
  Sha256Text,
  Ticket,
  UsdAnswer,
  UuidText,
} from './scalars.js';

/** Members of a gate body that others define; they are read by their own strict readers. */
export const FOREIGN_MEMBERS: ReadonlySet<string> = new Set(['plan', 'resource_changes', 'infracost']);

const base = {
  resource_reference: name(1, 512),
  project_id: ProjectId.default('default'),
  environment: name(0, 32).optional(),
  estimated_monthly_delta_usd: MonthlyUsd.optional(),
  estimated_hourly_delta_usd: HourlyUsd.optional(),
  metadata: Metadata.optional(),
  plan: z.custom<RawJson>().optional().meta({
    type: 'object',
    additionalProperties: true,
    description: 'what `terraform show -json` printed; the gate prices it itself',
  }),
  resource_changes: z
    .custom<RawJson>()
    .optional()
    .meta({
      type: 'array',
      items: { type: 'object', additionalProperties: true },
      description: 'the `resource_changes` of a plan, for callers that send no whole plan',
    }),
  infracost: z.custom<RawJson>().optional().meta({
    type: 'object',
    additionalProperties: true,
    description: 'what `infracost diff --format json` printed: evidence, but of the caller',
  }),
  plan_sha256: Sha256Text.optional(),
  idempotency_key: IdempotencyKey.optional(),
  dry_run: z.boolean().default(false),
  expected_request_fingerprint: Sha256Text.optional(),
  justification: remark(2000),
  ticket: Ticket,
};

/** POST /gate/terraform and /gate/k8s/admission. @source contract section 5.1 */
export const GateBody = z.strictObject({ action: name(1, 64), ...base }).meta({ id: 'GateRequest' });
/** The same as the data of a cloud event, whose subject or source names the resource if it does not. */
export const EventGateBody = z
  .strictObject({ action: name(1, 64), ...base, resource_reference: name(1, 512).optional() })
  .meta({ id: 'EventGateRequest' });
/** POST /gate/terraform/preflight. @source contract section 5.2 */
export const PreflightBody = z
  .strictObject({
    action: name(1, 64).default('terraform.apply'),
    ...base,
    run_id: name(1, 128),
    stage: name(1, 64).default('pre_plan'),
    workspace_id: name(1, 128).optional(),
    workspace_name: name(1, 256).optional(),
    run_url: name(1, 2048).optional(),
    callback_url: name(1, 2048).optional(),
  })
  .meta({ id: 'PreflightRequest' });

const Outcome = z.enum(['ALLOW', 'ALLOW_WITH_CREDITS', 'REQUIRE_APPROVAL', 'DENY']);
const Source = z.enum(['terraform', 'k8s_admission', 'cloud_event']);
const Leg = z.strictObject({ account: z.string(), amount_usd: UsdAnswer });
const CostLine = z.strictObject({
  address_sha256: Sha256Text.nullable(),
  type: z.string(),
  action: z.string(),
  entry_id: z.string().nullable(),
  status: z.enum(['priced', 'free', 'unpriced']),
  reason: z.string().nullable(),
  before_usd: UsdAnswer.nullable(),
  after_usd: UsdAnswer.nullable(),
  delta_usd: UsdAnswer.nullable(),
  count: z.int(),
});
const WaterfallStage = z.strictObject({
  stage: z.string(),
  status: z.enum(['pass', 'partial', 'fail', 'skipped']),
  available_usd: UsdAnswer.nullable(),
  consumed_usd: UsdAnswer,
  remaining_usd: UsdAnswer.nullable(),
});
export const BalanceAnswer = z.strictObject({
  account: z.string(),
  limit_usd: UsdAnswer.nullable(),
  spent_usd: UsdAnswer,
  held_usd: UsdAnswer,
  headroom_usd: UsdAnswer.nullable(),
});

const ComputedContextAnswer = RecordedContextText.extend({
  mtd_spend_usd: UsdAnswer,
  burn_rate_daily_usd: UsdAnswer,
  forecast_eom_usd: UsdAnswer,
}).meta({ id: 'ComputedContext' });
const CostSourceAnswer = z.strictObject({
  method: z.enum(['price_book', 'infracost', 'declared', 'annotation']),
  monthly_delta_usd: UsdAnswer.nullable(),
  hourly_delta_usd: HourlyUsdAnswer.nullable(),
  completeness: z.enum(['complete', 'partial', 'unknown']),
  priced: z.int(),
  unpriced: z.int(),
});

const verdict = {
  decision: Outcome,
  reason_codes: z.array(z.string()).min(1),
  decision_id: UuidText,
  source: Source,
  action: z.string(),
  resource_reference: z.string(),
  project_id: z.string(),
  environment: z.string(),
  environment_class: z.string(),
  mode: z.enum(['shadow', 'soft', 'hard']),
  mode_scope: z.string(),
  policy_version: z.int(),
  policy_document_sha256: Sha256Text,
  request_fingerprint: Sha256Text,
  subject_hash: Sha256Text,
  payload_hash: Sha256Text,
  idempotency_key: z.string(),
  approval_required: z.boolean(),
  approval_request_id: UuidText.nullable(),
  approval_channel: z.enum(['token', 'grant']).nullable(),
  reservation_active: z.boolean(),
  hold: z.strictObject({ legs: z.array(Leg), total: UsdAnswer, unfunded_usd: UsdAnswer }),
  exposure_usd: UsdAnswer,
  would_be: z.strictObject({ decision: Outcome, reason_codes: z.array(z.string()) }).nullable(),
  waterfall: z.array(WaterfallStage),
  cost: z.strictObject({
    monthly: UsdAnswer.nullable(),
    hourly: HourlyUsdAnswer.nullable(),
    method: z.enum(['price_book', 'infracost', 'declared', 'annotation', 'none']),
    completeness: z.enum(['complete', 'partial', 'unknown']),
    priced: z.int(),
    unpriced: z.int(),
    price_book: z.strictObject({ version: z.string(), sha256: Sha256Text }).nullable(),
    lines: z.array(CostLine),
    sources: z.array(CostSourceAnswer).meta({ description: 'every figure that was looked at' }),
  }),
  computed_context: ComputedContextAnswer.nullable(),
  computed_context_sha256: Sha256Text.nullable(),
  risk: RiskText.nullable(),
  override: z.null().meta({ description: 'the override in force; this release has none' }),
  warnings: z.array(z.string()),
  obligations: z.array(ObligationText),
  rules_matched: z.array(z.string()),
  exceptions_used: z.array(UsedExceptionText),
  grant_use: z
    .strictObject({
      approval_id: UuidText,
      cleared_by_approval: z.literal(true).exactOptional(),
      decision_id: UuidText,
      use: z.int(),
      is_last: z.boolean(),
    })
    .nullable(),
  challenger: ChallengerText.nullable(),
  failsafe: z.boolean(),
  retry_idempotency_key: z.string().nullable(),
  balances_after: z.array(BalanceAnswer),
  ttl_seconds: z.int(),
  decided_at: InstantAnswer,
  expires_at: InstantAnswer,
  expired: z.boolean(),
  replayed: z.boolean(),
  dry_run: z.boolean(),
  supersedes: UuidText.nullable(),
  observed: z.strictObject({ policy: z.int(), approvals: z.int(), reservations: z.int() }),
  entry: EntryReference,
};

/** What every gate answers. @source contract section 5.3 */
export const VerdictAnswer = z.strictObject(verdict).meta({ id: 'Verdict' });
export type VerdictAnswer = z.output<typeof VerdictAnswer>;
export const PreflightAnswer = z
  .strictObject({
    ...verdict,
    run_id: z.string(),
    stage: z.string(),
    continuation: z.strictObject({
      approval_consume_endpoint: z.string(),
      binding: z.strictObject({
        expected_source: Source,
        expected_project_id: z.string(),
        expected_environment: z.string(),
        expected_request_fingerprint: Sha256Text,
        expected_resource_reference: z.string(),
      }),
    }),
  })
  .meta({ id: 'PreflightVerdict' });

export const DecisionIdParams = z.strictObject({ decision_id: DecisionIdText });
/** Where a decision stands now; the recorded verdict itself never changes. */
export const DecisionState = z.enum([
  'permitted',
  'not_permitted',
  'pending_approval',
  'granted',
  'consumed',
  'denied',
  'expired',
  'withdrawn',
  'superseded',
  'settled',
]);
export const DecisionAnswer = z.strictObject({ ...verdict, state: DecisionState }).meta({ id: 'Decision' });
export const DecisionSummary = z
  .strictObject({
    decision_id: UuidText,
    revision: z.int(),
    decision: Outcome,
    state: DecisionState,
    reason_codes: z.array(z.string()),
    source: Source,
    project_id: z.string(),
    environment_class: z.string(),
    resource_reference: z.string(),
    monthly_delta_usd: UsdAnswer.nullable(),
    hold_usd: UsdAnswer,
    request_fingerprint: Sha256Text,
    dry_run: z.boolean(),
    decided_at: InstantAnswer,
  })
  .meta({ id: 'DecisionSummary' });

export const DecisionsQuery = pageQuery({
  project_id: ProjectId.optional(),
  environment_class: name(1, 32).optional(),
  decision: Outcome.optional(),
  source: Source.optional(),
});
export const DecisionsAnswer = listOf(DecisionSummary).meta({ id: 'Decisions' });
export const ReceiptAnswer = z
  .strictObject({ entry: EntryReference, recorded_at: InstantAnswer, entry_base64: z.string() })
  .meta({ id: 'Receipt' });
