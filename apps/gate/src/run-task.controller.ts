import { Controller, Inject } from '@nestjs/common';
import {
  KeyStoreUnavailable,
  type ReceiveRunTask,
  type RunTask,
  RunTaskInboxUnavailable,
  type RunTaskIntegration,
} from '@verdict/application';
import { FOREIGN_DEPTH_MAX, ROUTES, RunTaskBody, RunTaskHead, RunTaskParams, TEST_TOKEN } from '@verdict/contracts';
import {
  type Call,
  Endpoint,
  METRICS,
  type Metrics,
  overloadProblem,
  problem,
  QUOTAS,
  type Quotas,
  TheCall,
} from '@verdict/nest-kit';
import type { z } from 'zod';
import { RECEIVE_RUN_TASK } from './tokens.js';

const SIGNATURE = 'x-tfc-task-signature';
const BODY = { depthMax: FOREIGN_DEPTH_MAX };

const taskOf = (body: z.output<typeof RunTaskBody>): RunTask => ({
  taskResultId: body.task_result_id,
  stage: body.stage,
  callbackUrl: body.task_result_callback_url,
  planUrl: body.plan_json_api_url ?? null,
  hasOutcomes: body.capabilities?.outcomes ?? false,
  isSpeculative: body.is_speculative ?? false,
  isMandatory: body.task_result_enforcement_level === 'mandatory',
  organization: body.organization_name,
  project: body.project_name ?? '',
  workspaceId: body.workspace_id,
  workspace: body.workspace_name,
  runId: body.run_id,
  runUrl: body.run_app_url ?? null,
  createdBy: body.run_created_by ?? null,
});

/** Both URLs lie at the integration's address, or nothing is ever sent there. @source protocols section 2 (T9) */
const refuseOtherHosts = (task: RunTask, { integration }: RunTaskIntegration): void => {
  const { address } = integration.terms;
  const isThere = (url: string | null): boolean =>
    url === null || (URL.canParse(url) && new URL(url).origin === new URL(address).origin);
  const errors = [
    ['/task_result_callback_url', task.callbackUrl] as const,
    ['/plan_json_api_url', task.planUrl] as const,
  ].flatMap(([pointer, url]) =>
    isThere(url)
      ? []
      : [{ pointer, code: 'validation_failed' as const, detail: "lies at another address than the integration's" }],
  );
  if (errors.length > 0) throw problem('validation_failed', { errors });
};

const isAway = (error: unknown): boolean =>
  error instanceof RunTaskInboxUnavailable || error instanceof KeyStoreUnavailable;

/** What cannot be kept is not taken: the peer hears 503 and sends again. */
const orAway = async <Value>(asked: Promise<Value>): Promise<Value> => {
  try {
    return await asked;
  } catch (error) {
    throw isAway(error) ? problem('log_unavailable', { detail: 'the task cannot be kept now; send it again' }) : error;
  }
};

/** Requests of HCP Terraform and Terraform Enterprise: answered at once with nothing, and by callback once decided. */
@Controller()
export class RunTaskController {
  constructor(
    @Inject(RECEIVE_RUN_TASK) private readonly receive: ReceiveRunTask,
    @Inject(METRICS) private readonly metrics: Metrics,
    @Inject(QUOTAS) private readonly quotas: Quotas,
  ) {}

  @Endpoint(ROUTES.runTask)
  only(@TheCall() call: Call): Promise<void> {
    return this.take(call, null);
  }

  @Endpoint(ROUTES.runTaskOfIntegration)
  named(@TheCall() call: Call): Promise<void> {
    return this.take(call, call.params(RunTaskParams).integration_id);
  }

  private async take(call: Call, integrationId: string | null): Promise<void> {
    const found = await orAway(this.receive.signer(integrationId, call.bytes, call.header(SIGNATURE) ?? ''));
    if (found === undefined) {
      this.metrics.webhookAuthFailures.inc(call.header(SIGNATURE) === null ? 'none' : 'hmac');
      // No entry: there is no tenant to write to.
      throw problem('signature_invalid', {
        detail: 'No integration signs like this; with several, name one in the path.',
      });
    }
    const { tenantId, integration } = found;
    const overload = this.quotas.spend('gate', { tenantId, subject: integration.integrationId });
    if (overload !== undefined) throw overloadProblem(overload); // The peer sends again.
    // Read only now: nothing of a stranger is parsed.
    const { access_token: accessToken } = call.body(RunTaskHead, BODY);
    if (accessToken === TEST_TOKEN) return;
    const task = taskOf(call.body(RunTaskBody, BODY));
    refuseOtherHosts(task, found);
    await orAway(this.receive.accept(found, task, accessToken));
  }
}
