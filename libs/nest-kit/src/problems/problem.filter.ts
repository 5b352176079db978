import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { LogUnreadable, ReadModelsUnavailable } from '@verdict/application';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Metrics } from '../metrics/metrics.js';
import { rateKindOf } from '../quotas/quota-kind.js';
import type { RouteSpec } from '../routing/route-spec.js';
import { frameworkProblem } from './framework-errors.js';
import { ProblemException, toProblem, type Problem, type ProblemHeaders } from './problem.js';
import { sendProblem } from './send-problem.js';

const outageProblem = (exception: unknown): Problem | undefined => {
  if (exception instanceof LogUnreadable)
    return toProblem('log_unavailable', { detail: 'the log cannot be read; nothing was changed' });
  if (exception instanceof ReadModelsUnavailable)
    return toProblem('read_model_behind', { detail: 'the read models cannot be reached' });
  return undefined;
};

interface Answered {
  readonly problem: Problem;
  readonly answer?: ProblemHeaders;
}

const sourceOf = ({ path }: RouteSpec) => {
  if (path.includes('/gate/k8s/')) return 'k8s_admission';
  return path.includes('/gate/cloud-event') ? 'cloud_event' : 'terraform';
};

/** Turns everything that was thrown into a problem; what nobody expected is logged and says nothing of its inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly metrics: Pick<Metrics, 'quotaRefusals' | 'gateRefusals'>,
  ) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (reply.sent) {
      this.logger.error({ err: exception, request_id: request.id }, 'failed after the answer had begun');
      return;
    }
    const { problem, answer } = this.answerTo(exception, request);
    this.count(problem, request.routeOptions.config.endpoint);
    sendProblem(request, reply, problem, answer);
  }

  /** Limits of what is kept or runs are found by the use cases; the others have counted themselves. */
  private count({ code, limit_kind: counted }: Problem, spec: RouteSpec | undefined): void {
    if (spec !== undefined && rateKindOf(spec) === 'gate') this.metrics.gateRefusals.inc(sourceOf(spec), code);
    if (code === 'quota_exceeded') this.metrics.quotaRefusals.inc('kept');
    else if (code === 'rate_limited' && counted === undefined) this.metrics.quotaRefusals.inc('running');
  }

  private answerTo(exception: unknown, request: FastifyRequest): Answered {
    if (exception instanceof ProblemException) return { problem: exception.problem, answer: exception.answer };
    const known = frameworkProblem(exception) ?? this.outage(exception, request);
    if (known === undefined) {
      this.logger.error({ err: exception, request_id: request.id }, 'unexpected error');
      return { problem: toProblem('internal_error') };
    }
    return { problem: known };
  }

  /** A port says that what it stands for is away: an outcome like any other, and safe to repeat. */
  private outage(exception: unknown, { id }: FastifyRequest): Problem | undefined {
    const found = outageProblem(exception);
    if (found !== undefined) this.logger.warn({ err: exception, request_id: id }, 'answered 503: a store is away');
    return found;
  }
}
