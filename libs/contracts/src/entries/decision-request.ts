import type { ApprovalTree } from '@verdict/domain';
import { z } from 'zod';
import { ApprovalId, Count, HourlyUsd, Ordinal, Sealed, Usd } from './scalars.js';

export const SourceText = z.enum(['terraform', 'k8s_admission', 'cloud_event']);
export const OutcomeText = z.enum(['ALLOW', 'ALLOW_WITH_CREDITS', 'REQUIRE_APPROVAL', 'DENY']);

export const RequesterText = z.object({
  subject: z.string(),
  on_behalf_of: z.string().nullable().meta({ description: 'the person behind a pipeline, if it named one' }),
  kind: z.enum(['user', 'service', 'system']).exactOptional(),
  roles: z.array(z.string()).exactOptional(),
  groups: z.array(z.string()).exactOptional(),
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
      task: z
        .object({ integration_id: z.string(), task_result_id: z.string() })
        .exactOptional()
        .meta({ description: 'set for a run task: several of them ask about one run' }),
    })
    .nullable(),
  event: z
    .object({
      extensions: z.string().exactOptional().meta({
        description:
          'RFC 8785 text of the attributes beside these, one that metadata could not hold as its JSON text; no hash is made of them',
      }),
      id: z.string(),
      source: z.string(),
      type: z.string(),
      subject: z.string().nullable(),
      time: z.string().nullable(),
    })
    .exactOptional()
    .meta({ description: 'the cloud event that asked' }),
  justification: Sealed.nullable(),
  justification_length: Count.meta({ description: 'in characters, since a sealed text cannot be measured' }),
  ticket: z.string().nullable(),
});

const Names = z.array(z.string());
const StageText = z
  .object({
    id: z.string(),
    quorum: Ordinal,
    roles: Names,
    groups: Names,
    subjects: Names,
    deny_quorum: Ordinal.meta({ description: 'so many denials in this stage deny the whole request' }),
  })
  .meta({ id: 'ApprovalStage', description: 'with all three lists empty it admits the role approver' });
/** A tree nests no deeper than policies allow, so its schema need not refer to itself. @source contract section 8.3 */
const treeOf = <Branch extends z.ZodType>(branch: Branch) =>
  z.union([StageText, z.object({ all: z.array(branch) }), z.object({ any: z.array(branch) })]);
export const TreeText: z.ZodType<ApprovalTree, ApprovalTree> = treeOf(treeOf(StageText)).meta({
  id: 'ApprovalTree',
  description: 'who has to agree: a stage, all of several, or any one of them',
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
    route: TreeText.exactOptional(),
    channel: z
      .enum(['token', 'grant'])
      .exactOptional()
      .meta({ description: 'token: consumed by a pipeline; grant: used by the next request; absent: token' }),
    grant_uses_max: Ordinal.exactOptional(),
    ticket_pattern: z.string().nullable().exactOptional(),
    routing_rule: z.string().nullable().exactOptional().meta({ description: 'the rule that chose the route' }),
  })
  .meta({ id: 'ApprovalTerms' });
