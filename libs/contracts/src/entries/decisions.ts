import type { DecisionsEntry } from '@verdict/domain';
import { z } from 'zod';
import {
  ChallengerText,
  ContextText,
  GrantUseText,
  ObligationText,
  RiskText,
  RuleTraceText,
  UsedExceptionText,
} from './decision-context.js';
import { BalanceText, ChangeText, CostText, HoldText, StageText } from './decision-money.js';
import { OutcomeText, RequesterText, RequestText, TermsText } from './decision-request.js';
import { entrySchema } from './entry-schema.js';
import { schemasOf } from './recorded.js';
import { Code, Count, DecisionId, InstantText, Ordinal, Sha256, Usd } from './scalars.js';

const KeyText = z.object({
  scope: z.string(),
  text: z.string(),
  is_derived: z.boolean(),
  generation: Ordinal.meta({ description: '2, 3 ... for derived keys whose earlier answer has lapsed' }),
});

const DecisionRecorded = z.object({
  decision_id: DecisionId,
  key: KeyText,
  payload_hash: Sha256,
  request_fingerprint: Sha256,
  subject_hash: Sha256,
  request: RequestText,
  requester: RequesterText,
  dry_run: z.boolean(),
  decision: OutcomeText,
  finding: z.enum(['clean', 'approval', 'violation', 'failure']),
  reason_codes: z.array(Code),
  mode: z.enum(['shadow', 'soft', 'hard']),
  mode_scope: z.string().meta({ description: '`<source>:<environment class>`', examples: ['terraform:prod'] }),
  policy_version: Ordinal,
  policy_document_sha256: Sha256,
  cost: CostText,
  waterfall: z.array(StageText),
  hold: HoldText,
  exposure_usd: Usd,
  would_be: z
    .object({
      decision: OutcomeText,
      has_notes: z
        .literal(true)
        .exactOptional()
        .meta({ description: 'its reasons have the notes of the answer; absent in entries of before' }),
      reason_codes: z.array(Code),
    })
    .nullable()
    .meta({ description: 'what enforcement would have said, where the mode softened it' }),
  approval: TermsText.nullable(),
  balances_after: z.array(BalanceText),
  warnings: z.array(z.string()),
  auto_approved_usd: Usd.nullable(),
  counted_before: z
    .object({ auto_approved_usd: Usd, exceptions: z.array(z.string()) })
    .exactOptional()
    .meta({ description: 'what the decision that is taken over was counted for already, and this one is not again' }),
  decided_at: InstantText,
  expires_at: InstantText,
  ttl_seconds: Count,
  supersedes: DecisionId.nullable().meta({ description: 'the decision whose lapsed hold this one took over' }),
  batch: z
    .object({
      index: Count,
      size: Ordinal,
      atomic: z.boolean(),
      rolled_back: z.boolean(),
      key: z
        .object({ payload_hash: Sha256, text: z.string() })
        .exactOptional()
        .meta({ description: 'the key that the batch itself came with, and the hash of all that it asked' }),
    })
    .nullable()
    .exactOptional()
    .meta({ description: 'where it stood among the members of one request' }),
  channel: z.enum(['token', 'grant']).exactOptional(),
  change: ChangeText.exactOptional(),
  rules: z.array(RuleTraceText).exactOptional(),
  rules_matched: z.array(z.string()).exactOptional(),
  obligations: z.array(ObligationText).exactOptional(),
  exceptions_used: z.array(UsedExceptionText).exactOptional(),
  grant_use: GrantUseText.nullable().exactOptional(),
  risk: RiskText.exactOptional(),
  computed_context: ContextText.nullable().exactOptional(),
  computed_context_sha256: Sha256.nullable().exactOptional(),
  challenger: ChallengerText.nullable().exactOptional(),
  salt: z.string().meta({ description: 'random: makes a payload of few possibilities unguessable from its hash' }),
});

const DecisionReanswered = z
  .object({
    decision_id: DecisionId,
    decision_revision: Count,
    key: z.object({ scope: z.string(), text: z.string() }),
    payload_hash: Sha256,
    integration_id: z.string(),
    run_id: z.string(),
    stage: z.string(),
    expires_at: InstantText,
    needs_approval: z.boolean(),
    is_permitted: z.boolean(),
    reanswered_at: InstantText,
  })
  .meta({ description: 'another question of the same run was answered by a decision that stands' });

const HoldVoided = z.object({
  decision_id: DecisionId,
  cause: z.enum(['approval_denied', 'approval_withdrawn', 'superseded', 'moved_to_grant_use']),
  released_usd: Usd,
  voided_at: InstantText,
});

const HoldReduced = z.object({
  decision_id: DecisionId.meta({ description: 'the decision that was approved' }),
  cause: z.literal('moved_to_grant_use'),
  legs: HoldText.shape.legs.meta({ description: 'what is left for further uses of the grant' }),
  released_usd: Usd,
  reduced_at: InstantText,
});

const HoldExpired = z.object({
  decision_id: DecisionId,
  cause: z.enum(['approve_by_passed', 'use_by_passed']),
  released_usd: Usd,
  expired_at: InstantText,
});

const kind = 'decisions';
/** Entries of `decisions-<tenant>`, written by the gate. */
export const DECISIONS_ENTRIES = schemasOf<DecisionsEntry>()({
  decision_recorded: { 1: entrySchema({ kind, type: 'decision_recorded', typeV: 1 }, DecisionRecorded) },
  decision_reanswered: { 1: entrySchema({ kind, type: 'decision_reanswered', typeV: 1 }, DecisionReanswered) },
  hold_voided: { 1: entrySchema({ kind, type: 'hold_voided', typeV: 1 }, HoldVoided) },
  hold_reduced: { 1: entrySchema({ kind, type: 'hold_reduced', typeV: 1 }, HoldReduced) },
  hold_expired: { 1: entrySchema({ kind, type: 'hold_expired', typeV: 1 }, HoldExpired) },
});
