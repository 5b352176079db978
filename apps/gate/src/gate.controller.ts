import { Controller, Inject } from '@nestjs/common';
import {
  type ChangeRequest,
  type DecideChange,
  type DecidedChange,
  preflightAnswer,
  verdictAnswer,
} from '@verdict/application';
import { FOREIGN_MEMBERS, GateBody, isEventBatch, PreflightBody, readCloudEvent, ROUTES } from '@verdict/contracts';
import {
  type Call,
  Endpoint,
  inSpan,
  isProblemCode,
  METRICS,
  type Metrics,
  problem,
  TheCall,
  unwrap,
  withSpan,
} from '@verdict/nest-kit';
import { type AskInTime, statedTime } from './ask-in-time.js';
import { countVerdict } from './count-verdict.js';
import { changeOf, eventChangeOf, preflightOf } from './gate-input.js';
import { ASK_IN_TIME, DECIDE_CHANGE } from './tokens.js';

const BODY = { raw: FOREIGN_MEMBERS };

/** The gates that answer with a verdict document. */
@Controller()
export class GateController {
  constructor(
    @Inject(DECIDE_CHANGE) private readonly decideChange: DecideChange,
    @Inject(ASK_IN_TIME) private readonly inTime: AskInTime,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  @Endpoint(ROUTES.gateTerraform)
  async terraform(@TheCall() call: Call) {
    const body = call.body(GateBody, BODY);
    const decided = await this.decide(changeOf(body, 'terraform'), call, body.idempotency_key);
    return verdictAnswer(decided.recorded, decided);
  }

  @Endpoint(ROUTES.gatePreflight)
  async preflight(@TheCall() call: Call) {
    const body = call.body(PreflightBody, BODY);
    const decided = await this.decide(preflightOf(body), call, body.idempotency_key);
    return preflightAnswer(decided.recorded, decided);
  }

  @Endpoint(ROUTES.gateAdmission)
  async admission(@TheCall() call: Call) {
    const body = call.body(GateBody, BODY);
    const decided = await this.decide(changeOf(body, 'k8s_admission'), call, body.idempotency_key);
    return verdictAnswer(decided.recorded, decided);
  }

  @Endpoint(ROUTES.gateCloudEvent)
  async cloudEvent(@TheCall() call: Call) {
    const { headers } = call;
    if (isEventBatch(headers['content-type'] ?? '')) {
      throw problem('media_type_unsupported', {
        detail: 'one event a request; POST /gate/batch takes several changes',
      });
    }
    const read = readCloudEvent(call.bytes, headers);
    if (read.kind === 'refused') {
      throw problem(isProblemCode(read.code) ? read.code : 'validation_failed', { errors: read.errors });
    }
    const decided = await this.decide(eventChangeOf(read.value), call, read.value.body.idempotency_key);
    return verdictAnswer(decided.recorded, decided);
  }

  private async decide(request: ChangeRequest, call: Call, key: string | undefined): Promise<DecidedChange> {
    const started = performance.now();
    const { source } = request;
    const meta = call.meta(key);
    const result = await this.inTime.ask({ source, ...statedTime(call) }, (wait) =>
      withSpan('decide change', { 'verdict.source': source }, () =>
        this.decideChange(request, { ...inSpan(meta), wait }),
      ),
    );
    countVerdict(this.metrics, source, result, (performance.now() - started) / 1000);
    const decided = unwrap(result);
    call.answer.entry('decisions', decided.entry.revision);
    return decided;
  }
}
