export type RunStage = 'pre_plan' | 'post_plan' | 'pre_apply' | 'post_apply';

/** What a run task's request says that matters here, without its token. URLs are the peer's word: see TerraformPeer. */
export interface RunTask {
  readonly taskResultId: string;
  readonly stage: RunStage;
  readonly callbackUrl: string;
  /** null in `pre_plan`. */
  readonly planUrl: string | null;
  readonly hasOutcomes: boolean;
  readonly isSpeculative: boolean;
  readonly isMandatory: boolean;
  readonly organization: string;
  /** '' where the peer has no projects. */
  readonly project: string;
  readonly workspaceId: string;
  readonly workspace: string;
  readonly runId: string;
  readonly runUrl: string | null;
  readonly createdBy: string | null;
}

/** Binds a sealed token to its task, so that it cannot be moved to another. */
export const tokenPlace = (integrationId: string, taskResultId: string): string =>
  `run_task/${integrationId}/${taskResultId}`;

/** Whose key seals the secrets of an integration. */
export const integrationSubject = (integrationId: string): string => `integration:${integrationId}`;
