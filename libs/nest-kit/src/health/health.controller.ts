import { Controller, Inject } from '@nestjs/common';
import type { AnswerHead } from '../routing/answer-head.js';
import { Endpoint } from '../routing/endpoint.decorator.js';
import { Answer } from '../routing/params.decorator.js';
import type { RouteSpec } from '../routing/route-spec.js';
import { HEALTH } from '../http/tokens.js';
import type { Health, Readiness } from './health.js';

const probe = (id: string, path: string, summary: string): RouteSpec => ({
  id,
  method: 'GET',
  path,
  roles: 'public',
  status: 200,
  response: null,
  problems: [],
  summary,
  tag: 'health',
});

const LIVE = probe('health_live', '/health/live', 'The process answers');
const READY = probe('health_ready', '/health/ready', 'Every dependency answers; names the one that does not');
const STARTUP = probe('health_startup', '/health/startup', 'The process has started');

@Controller()
export class HealthController {
  constructor(@Inject(HEALTH) private readonly health: Health) {}

  @Endpoint(LIVE)
  live(): { readonly status: 'up' } {
    return { status: 'up' };
  }

  @Endpoint(READY)
  async ready(@Answer() answer: AnswerHead): Promise<Readiness> {
    const readiness = await this.health.readiness();
    if (readiness.status === 'down') answer.status(503);
    return readiness;
  }

  @Endpoint(STARTUP)
  startup(@Answer() answer: AnswerHead): { readonly status: 'up' | 'down' } {
    if (this.health.isStarted()) return { status: 'up' };
    answer.status(503);
    return { status: 'down' };
  }
}
