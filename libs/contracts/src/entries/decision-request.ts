import { z } from 'zod';
import { ApprovalId, Count, HourlyUsd, Ordinal, Sealed, Usd } from './scalars.js';

export const SourceText = z.enum(['terraform', 'k8s_admission', 'cloud_event']);
export const OutcomeText = z.enum(['ALLOW', 'ALLOW_WITH_CREDITS', 'REQUIRE_APPROVAL', 'DENY']);

export const RequesterText = z.object({
  subject: z.string(),
  on_behalf_of: z.string().nullable().meta({ description: 'the person behind a pipeline, if it named one' }),
});

/** The change as asked, normalised, and where it came from. */
export const RequestText = z.object({
  source: SourceText,
  action: z.string(),
  resource_reference: z.string(),
  project_id: z.string(),
  environment_raw: z.string(),
  environment_label: z.string(),
  environment_class: z.string(),
  declared_monthly_delta_usd: Usd.nullable(),
  declared_hourly_delta_usd: HourlyUsd.nullable(),
  metadata: z.string().meta({ description: 'RFC 8785 text of the metadata sent: decimals are legal in it' }),
  options: z.record(z.string(), z.union([z.string(), z.boolean()])),
  run: z
    .object({
      run_id: z.string(),
      stage: z.string(),
      workspace_id: z.string().nullable(),
      workspace_name: z.string().nullable(),
      run_url: z.string().nullable(),
      callback_url: z.string().nullable(),
    })
    .nullable(),
  justification: Sealed.nullable(),
  justification_length: Count.meta({ description: 'in characters, since a sealed text cannot be measured' }),
  ticket: z.string().nullable(),
});

/** What the approval of a decision needs, pinned by the policy version in force. */
export const TermsText = z
  .object({
    approval_id: ApprovalId,
    approve_by_seconds: Count,
    use_by_seconds: Count,
    token_ttl_seconds: Count,
    quorum: Ordinal,
    is_separation_required: z.boolean(),
    justification_length_min: Count,
    consumer: z.enum(['creator', 'project', 'member']),
    cap_monthly_delta_usd: Usd,
    cap_hourly_delta_usd: HourlyUsd,
    unfunded_usd: Usd.meta({ description: 'the part that no account can fund' }),
  })
  .meta({ id: 'ApprovalTerms' });
