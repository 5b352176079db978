import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { Logger } from 'pino';
import type { WebhookRoutes } from '../auth/webhook-check.js';
import { HealthController } from '../health/health.controller.js';
import type { Health } from '../health/health.js';
import { MetricsController } from '../metrics/metrics.controller.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Quotas } from '../quotas/quotas.js';
import { HEALTH, LOGGER, METRICS, QUOTAS, WEBHOOK_ROUTES } from './tokens.js';

export interface Kit {
  readonly health: Health;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly webhooks: WebhookRoutes;
  readonly quotas: Quotas;
}

/** Health and metrics routes, and the kit's objects for every module to inject. */
@Module({ controllers: [HealthController, MetricsController] })
export class KitModule {
  static with({ health, metrics, logger, webhooks, quotas }: Kit): DynamicModule {
    const providers = [
      { provide: HEALTH, useValue: health },
      { provide: METRICS, useValue: metrics },
      { provide: LOGGER, useValue: logger },
      { provide: WEBHOOK_ROUTES, useValue: webhooks },
      { provide: QUOTAS, useValue: quotas },
    ];
    return { module: KitModule, global: true, providers, exports: providers };
  }
}

/** The root of one process: the kit, then the app's own module. */
@Module({})
export class RootModule {
  static of(kit: Kit, module: Type | DynamicModule): DynamicModule {
    return { module: RootModule, imports: [KitModule.with(kit), module] };
  }
}
