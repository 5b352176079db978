import { createHmac } from 'node:crypto';

export type Stage = 'pre_plan' | 'post_plan' | 'pre_apply' | 'post_apply';

/** What a test may say about one run task; the rest is as HCP Terraform would fill it. */
export interface TaskTerms {
  readonly stage?: Stage;
  readonly runId?: string;
  readonly workspace?: string;
  readonly project?: string;
  readonly organization?: string;
  readonly isSpeculative?: boolean;
  readonly enforcement?: 'advisory' | 'mandatory';
  readonly hasOutcomes?: boolean;
  /** Members to replace, add (unknown ones are legal) or, with undefined, leave out. */
  readonly change?: Readonly<Record<string, unknown>>;
}

export interface TaskPlace {
  readonly address: string;
  readonly taskResultId: string;
  readonly token: string;
}

/** The body of a run task request, payload version 1. */
export const payloadOf = (terms: TaskTerms, { address, taskResultId, token }: TaskPlace): Record<string, unknown> => {
  const { stage = 'post_plan', runId = 'run-1', workspace = 'web-prod', organization = 'acme-org' } = terms;
  const runUrl = `${address}/app/${organization}/workspaces/${workspace}/runs/${runId}`;
  return {
    payload_version: 1,
    stage,
    access_token: token,
    capabilities: { outcomes: terms.hasOutcomes ?? true },
    configuration_version_download_url: `${address}/api/v2/configuration-versions/cv-1/download`,
    configuration_version_id: 'cv-1',
    is_speculative: terms.isSpeculative ?? false,
    organization_name: organization,
    ...(stage === 'pre_plan' ? {} : { plan_json_api_url: `${address}/api/v2/plans/${taskResultId}/json-output` }),
    project_id: 'prj-1',
    project_name: terms.project ?? 'core',
    run_app_url: runUrl,
    run_created_at: '2026-11-23T10:00:00.000Z',
    run_created_by: 'ana',
    run_id: runId,
    run_message: 'Queued manually',
    task_result_callback_url: `${address}/api/v2/task-results/${taskResultId}/callback`,
    task_result_enforcement_level: terms.enforcement ?? 'mandatory',
    task_result_id: taskResultId,
    vcs_branch: null,
    vcs_commit_url: null,
    vcs_pull_request_url: null,
    vcs_repo_url: null,
    workspace_app_url: `${address}/app/${organization}/workspaces/${workspace}`,
    workspace_id: 'ws-1',
    workspace_name: workspace,
    workspace_working_directory: '',
    ...terms.change,
  };
};

/** The body of the request that a run task is created with. */
export const testPayloadOf = (address: string): Record<string, unknown> => ({
  ...payloadOf({}, { address, taskResultId: 'taskrs-test', token: 'test-token' }),
  run_id: 'run-test',
  workspace_id: 'ws-test',
});

/** Lower-case hex HMAC-SHA512 of the raw body; empty without a key, as the peer sends it. */
export const signatureOf = (body: string, key: string): string =>
  key === '' ? '' : createHmac('sha512', key).update(body).digest('hex');
