import { z } from 'zod';
import { Account, Count, HourlyUsd, Ordinal, Sha256, Usd } from './scalars.js';

const UNPRICED_REASONS = [
  'no_entry',
  'attribute_unknown',
  'attribute_sensitive',
  'usage_missing',
  'region_unknown',
  'deferred',
  'action_unknown',
] as const;

/** How one resource was priced; its address is hashed. */
const LineText = z
  .object({
    address_sha256: Sha256.nullable(),
    type: z.string(),
    action: z.enum(['create', 'update', 'delete', 'replace', 'no-op', 'read', 'forget', 'unknown']),
    entry_id: z.string().nullable(),
    status: z.enum(['priced', 'free', 'unpriced']),
    reason: z.enum(UNPRICED_REASONS).nullable(),
    before_usd: Usd.nullable(),
    after_usd: Usd.nullable(),
    delta_usd: Usd.nullable(),
    count: Ordinal.meta({ description: 'more than 1 when equal lines were grouped' }),
  })
  .meta({ id: 'PricedLine' });

const Completeness = z.enum(['complete', 'partial', 'unknown']);
/** One figure that was looked at. */
const SourceText = z
  .object({
    method: z.enum(['price_book', 'infracost', 'declared', 'annotation']),
    monthly_delta_usd: Usd.nullable(),
    hourly_delta_usd: HourlyUsd.nullable(),
    completeness: Completeness,
    priced: Count,
    unpriced: Count,
  })
  .meta({ id: 'CostSource' });

/** What the evidence of a change shows of it. */
export const ChangeText = z
  .object({
    creates: Count,
    updates: Count,
    deletes: Count,
    forgets: Ordinal.exactOptional().meta({ description: 'left running, and no longer managed; absent: none' }),
    replaces: Count,
    resource_types: z.array(z.string()),
  })
  .meta({ id: 'ChangeFacts' });

export const CostText = z.object({
  monthly_delta_usd: Usd.nullable().meta({ description: 'the known part; null when nothing at all is known' }),
  hourly_delta_usd: HourlyUsd.nullable(),
  method: z.enum(['price_book', 'infracost', 'declared', 'annotation', 'none']),
  completeness: z.enum(['complete', 'partial', 'unknown']),
  priced: Count,
  unpriced: Count,
  price_book: z.object({ version: z.string(), sha256: Sha256 }).nullable(),
  lines: z.array(LineText),
  sources: z
    .array(SourceText)
    .exactOptional()
    .meta({ description: 'every figure that was looked at; the amount is one of them' }),
  removal: z.literal(true).exactOptional().meta({
    description: 'the review of a deletion: money never refuses it, also where nobody knows what it saves',
  }),
  claim_invalid: z.boolean().exactOptional().meta({ description: "set where the caller's amount was none" }),
});

export const StageText = z.object({
  stage: z.enum([
    'plan_limit',
    'project_allocation',
    'reserved_credits',
    'org_emergency_credits',
    'enterprise_ceiling',
    'unfunded',
  ]),
  status: z.enum(['pass', 'partial', 'fail', 'skipped']),
  available_usd: Usd.nullable().meta({ description: 'null: no limit' }),
  consumed_usd: Usd,
  remaining_usd: Usd.nullable(),
});

export const HoldText = z.object({
  legs: z.array(z.object({ account: Account, amount_usd: Usd })),
  total_usd: Usd,
  unfunded_usd: Usd,
});

export const BalanceText = z.object({
  account: Account,
  limit_usd: Usd.nullable().meta({ description: 'null: no limit' }),
  spent_usd: Usd,
  held_usd: Usd,
  headroom_usd: Usd.nullable(),
});
