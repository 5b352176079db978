import {
  boundedReference,
  derivedKey,
  type GateState,
  instantOf,
  isRunTask,
  jcsText,
  planMetadata,
  policyFor,
  type PriceBook,
  priceBookOf,
  type RawJson,
  readPlan,
  sha256Hex,
  type RunTaskTerms,
  workspaceRuleOf,
} from '@verdict/domain';
import type { ChangeRequest, DecideChange } from '../gate/decide-change.js';
import type { GateAnswer, GateCommand } from '../gate/gate-service.js';
import type { ServiceHost } from '../journals/service-host.js';
import type { HeldRunTask } from '../ports/run-task-inbox.js';
import type { Clock } from '../ports/system.js';
import type { PeerAddress } from '../ports/terraform-peer.js';
import { contextOf, type RequestMeta } from '../shared/request.js';
import type { RunTask } from './run-task.js';
import { plainVerdict, type PublicPlaces, taskVerdict, type TaskVerdict } from './task-result.js';

export interface DecideRunTaskDeps extends PublicPlaces {
  readonly gate: ServiceHost<GateState, GateCommand, GateAnswer>;
  readonly decideChange: DecideChange;
  readonly clock: Clock;
}

/** A verdict for the peer, or nothing yet: the question is asked again later. */
export type RunTaskDecision = TaskVerdict | 'again';

/** Refusals that pass: nothing was decided, and repeating with the same key is safe. */
const RETRYABLE: ReadonlySet<string> = new Set([
  'verdict_not_durable',
  'outcome_unknown',
  'log_unavailable',
  'rate_limited',
]);

const UNMAPPED_PROJECT = 'default';

/** A plan as the peer sent it; `json` undefined: it is none. */
export interface FetchedPlan {
  readonly bytes: Uint8Array;
  readonly json: RawJson | undefined;
}

/**
 * What is asked about. A plan that nobody can read is told apart by its bytes, and one that never came by its run: the
 * approval of an unknown cost is no approval of another run's.
 */
const metadataOf = (plan: FetchedPlan | undefined, runId: string, book: PriceBook | undefined): string => {
  if (plan === undefined) return jcsText({ changes: [], run_id: runId, v: 1 });
  const reading = plan.json === undefined ? undefined : readPlan(plan.json);
  return reading?.kind === 'plan'
    ? planMetadata(reading.plan, book)
    : jcsText({ changes: [], plan_sha256: sha256Hex(plan.bytes), v: 1 });
};

/** A plan that nobody can read is no evidence: the cost is unknown, and the question is asked all the same. */
const evidenceIn = (plan: RawJson | undefined): RawJson | undefined => {
  if (plan === undefined) return undefined;
  const reading = readPlan(plan);
  return reading.kind === 'plan' || reading.code === 'plan_format_unsupported' ? plan : undefined;
};

/** Asks the gate for a run task, as the installation and on behalf of whoever started the run. */
export class DecideRunTask {
  constructor(private readonly deps: DecideRunTaskDeps) {}

  /** Where the peer is, from the integration as it stands; undefined once it is revoked. */
  async peerOf({ tenantId, integrationId }: HeldRunTask): Promise<PeerAddress | undefined> {
    const terms = await this.termsOf(tenantId, integrationId);
    return terms === undefined ? undefined : { address: terms.address, isPrivateAllowed: terms.allow_private_address };
  }

  /** Stages without money are answered as they are; the others are questions about the plan. @source protocols section 2 */
  async decide(held: HeldRunTask, task: RunTask, plan: FetchedPlan | undefined): Promise<RunTaskDecision> {
    if (task.stage === 'pre_plan') return plainVerdict('passed', 'Nothing stands against planning.');
    if (task.stage === 'post_apply') return this.noteApplied(held, task);
    const { state } = await this.deps.gate.current(held.tenantId);
    const request = this.requestOf(held, task, { state, plan });
    const result = await this.deps.decideChange(request, metaOf(held, task));
    if (result.kind === 'done') return taskVerdict(result.value.recorded, this.deps);
    const { code, detail } = result.problem;
    if (RETRYABLE.has(code)) return 'again';
    return plainVerdict('failed', `The question was refused: ${code}${detail === undefined ? '' : `, ${detail}`}.`);
  }

  /** Nothing is asked any more; that the run was applied is written down beside its decision. */
  private async noteApplied(held: HeldRunTask, task: RunTask): Promise<RunTaskDecision> {
    const { tenantId, integrationId } = held;
    const text = derivedKey({ kind: 'run_task', taskResultId: task.taskResultId });
    const scope = task.isSpeculative ? 'terraform:dry_run' : 'terraform';
    const command = {
      kind: 'note_run_stage',
      integrationId,
      runId: task.runId,
      stage: task.stage,
      key: { scope, text },
      payloadHash: sha256Hex(jcsText({ run_id: task.runId, stage: task.stage, workspace_id: task.workspaceId })),
      now: instantOf(this.deps.clock.nowMs()),
    } as const;
    const context = contextOf(metaOf(held, task), `${integrationId}/${task.taskResultId}`);
    const outcome = await this.deps.gate.execute(tenantId, command, context);
    return outcome.kind === 'committed' ? plainVerdict('passed', 'The run was applied.') : 'again';
  }

  private async termsOf(tenantId: string, integrationId: string): Promise<RunTaskTerms | undefined> {
    const { state } = await this.deps.gate.current(tenantId);
    const found = state.policy.integrations.get(integrationId);
    return found !== undefined && found.revokedAt === null && isRunTask(found) ? found.terms : undefined;
  }

  private requestOf(
    { tenantId: _, integrationId }: HeldRunTask,
    task: RunTask,
    { state, plan }: { readonly state: GateState; readonly plan: FetchedPlan | undefined },
  ): ChangeRequest {
    const integration = state.policy.integrations.get(integrationId);
    const rule =
      integration !== undefined && isRunTask(integration)
        ? workspaceRuleOf(integration.terms, task.project, task.workspace)
        : undefined;
    const projectId = rule?.project_id ?? UNMAPPED_PROJECT;
    const inForce = policyFor(state.policy, instantOf(this.deps.clock.nowMs()), projectId);
    const book = inForce === undefined ? undefined : priceBookOf(state.policy, inForce.document)?.book;
    return {
      source: 'terraform',
      action: 'terraform.apply',
      resourceReference: boundedReference(`${task.organization}/${task.workspace}`),
      projectId,
      environment: rule?.environment,
      claim: { method: 'declared', monthly: null, hourly: null, isInvalid: false },
      metadata: metadataOf(plan, task.runId, book),
      documents: { plan: evidenceIn(plan?.json) },
      keyFrom: { kind: 'run_task', taskResultId: task.taskResultId },
      channel: 'grant', // Nobody carries a token back into a run: whoever comes later with this change uses the grant.
      planSha256: null,
      run: {
        callback_url: null, // Its token ends with the task.
        run_id: task.runId,
        run_url: task.runUrl,
        stage: task.stage,
        task: { integration_id: integrationId, task_result_id: task.taskResultId },
        workspace_id: task.workspaceId,
        workspace_name: task.workspace,
      },
      isDryRun: task.isSpeculative,
      expectedFingerprint: null,
      justification: null,
      ticket: null,
    };
  }
}

const metaOf = ({ tenantId, integrationId }: HeldRunTask, task: RunTask): RequestMeta => {
  const subject = `run_task:${integrationId}`;
  return {
    caller: {
      tenantId,
      subject,
      actor: { kind: 'service', id: subject, roles: ['service'] },
      projects: null,
      groups: [],
      onBehalfOf: task.createdBy,
    },
    key: null,
    correlationId: task.runId,
    traceparent: null,
  };
};
