import { Controller, Inject } from '@nestjs/common';
import { METRICS } from '../http/tokens.js';
import type { AnswerHead } from '../routing/answer-head.js';
import { Endpoint } from '../routing/endpoint.decorator.js';
import { Answer } from '../routing/params.decorator.js';
import type { RouteSpec } from '../routing/route-spec.js';
import type { Metrics } from './metrics.js';

const SCRAPE: RouteSpec = {
  id: 'metrics',
  method: 'GET',
  path: '/metrics',
  roles: 'public',
  status: 200,
  response: null,
  problems: [],
  summary: 'Metrics in the Prometheus text format; no label names a tenant',
  tag: 'health',
};

@Controller()
export class MetricsController {
  constructor(@Inject(METRICS) private readonly metrics: Metrics) {}

  @Endpoint(SCRAPE)
  async scrape(@Answer() answer: AnswerHead): Promise<string> {
    const { registry } = this.metrics;
    answer.header('content-type', registry.contentType);
    return registry.metrics();
  }
}
