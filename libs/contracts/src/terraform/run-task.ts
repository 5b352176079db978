import { z } from 'zod';

const text = z.string().min(1).max(2048);
const optional = z.string().max(2048).nullish();
const url = z.string().min(1).max(4096);
const name = z.string().min(1).max(256);

/** Longer ids belong to nobody, and would not fit where they are kept. */
const id = z.string().regex(/^[\x21-\x7e]{1,128}$/, '1 to 128 visible ASCII characters');

/** HCP Terraform sends this in place of a token when a task is created. @source protocols section 2 (T3) */
export const TEST_TOKEN = 'test-token';

/** How a run task's request names itself; what another version means nobody knows. @source protocols section 2 (T2) */
export const RunTaskHead = z.looseObject({ payload_version: z.literal(1), access_token: text });

/** Run task request, payload version 1: unknown members are ignored, absent optional ones tolerated. @source protocols section 2 (T2) */
export const RunTaskBody = z
  .looseObject({
    payload_version: z.literal(1),
    stage: z.enum(['pre_plan', 'post_plan', 'pre_apply', 'post_apply']),
    access_token: text,
    capabilities: z.looseObject({ outcomes: z.boolean().nullish() }).nullish(),
    is_speculative: z.boolean().nullish(),
    organization_name: name,
    workspace_id: id,
    workspace_name: name,
    project_name: optional,
    run_id: id,
    run_app_url: url.nullish(),
    run_created_by: optional,
    task_result_id: id,
    task_result_callback_url: url,
    task_result_enforcement_level: z.enum(['advisory', 'mandatory']).nullish(),
    plan_json_api_url: url.nullish(),
  })
  .refine(
    ({ stage, plan_json_api_url: plan }) =>
      stage === 'pre_plan' || stage === 'post_apply' || (plan !== null && plan !== undefined),
    { path: ['plan_json_api_url'], message: 'needed in this stage' },
  )
  .meta({ id: 'RunTask', description: 'what HCP Terraform or Terraform Enterprise sends' });
