import { Controller, Inject } from '@nestjs/common';
import {
  type ChangeRequest,
  type DecideChange,
  type DecidedChange,
  preflightAnswer,
  verdictAnswer,
} from '@verdict/application';
import { FOREIGN_DEPTH_MAX, FOREIGN_MEMBERS, GateBody, PreflightBody, ROUTES } from '@verdict/contracts';
import { type Call, Endpoint, METRICS, type Metrics, TheCall, unwrap, withSpan } from '@verdict/nest-kit';
import type { z } from 'zod';
import { countVerdict } from './count-verdict.js';
import { DECIDE_CHANGE } from './tokens.js';

type GateInput = z.output<typeof GateBody>;
type PreflightInput = z.output<typeof PreflightBody>;

const BODY = { depthMax: FOREIGN_DEPTH_MAX, raw: FOREIGN_MEMBERS };

const changeOf = (body: GateInput | PreflightInput, run: ChangeRequest['run']): ChangeRequest => ({
  source: 'terraform',
  action: body.action,
  resourceReference: body.resource_reference,
  projectId: body.project_id,
  environment: body.environment,
  claim: {
    method: 'declared',
    monthly: body.estimated_monthly_delta_usd ?? null,
    hourly: body.estimated_hourly_delta_usd ?? null,
    isInvalid: false,
  },
  metadata: body.metadata ?? '{}',
  // Handed through as the strict reader read them.
  documents: { plan: body.plan, resourceChanges: body.resource_changes, infracost: body.infracost },
  planSha256: body.plan_sha256 ?? null,
  run,
  isDryRun: body.dry_run,
  expectedFingerprint: body.expected_request_fingerprint ?? null,
  justification: body.justification ?? null,
  ticket: body.ticket ?? null,
});

const runOf = (body: PreflightInput): ChangeRequest['run'] => ({
  run_id: body.run_id,
  stage: body.stage,
  workspace_id: body.workspace_id ?? null,
  workspace_name: body.workspace_name ?? null,
  run_url: body.run_url ?? null,
  callback_url: body.callback_url ?? null,
});

@Controller()
export class GateController {
  constructor(
    @Inject(DECIDE_CHANGE) private readonly decideChange: DecideChange,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  @Endpoint(ROUTES.gateTerraform)
  async terraform(@TheCall() call: Call) {
    const body = call.body(GateBody, BODY);
    const decided = await this.decide(changeOf(body, null), call, body.idempotency_key);
    return verdictAnswer(decided.recorded, decided);
  }

  @Endpoint(ROUTES.gatePreflight)
  async preflight(@TheCall() call: Call) {
    const body = call.body(PreflightBody, BODY);
    const decided = await this.decide(changeOf(body, runOf(body)), call, body.idempotency_key);
    return preflightAnswer(decided.recorded, decided);
  }

  private async decide(request: ChangeRequest, call: Call, key: string | undefined): Promise<DecidedChange> {
    const started = performance.now();
    const result = await withSpan('decide change', { 'verdict.source': request.source }, () =>
      this.decideChange(request, call.meta(key)),
    );
    countVerdict(this.metrics, request.source, result, (performance.now() - started) / 1000);
    const decided = unwrap(result);
    call.answer.entry('decisions', decided.entry.revision);
    return decided;
  }
}
