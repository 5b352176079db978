import { type DynamicModule, Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import {
  createReconcileReservation,
  createResolveException,
  ImportActualCosts,
  type Platform,
  type ReconcileReservation,
  reconciliationService,
  ServiceHost,
  SweepReservations,
} from '@verdict/application';
import { HEALTH, type Health, METRICS, type Metrics } from '@verdict/nest-kit';
import { ActualCostsController } from './actual-costs.controller.js';
import { ExceptionsController } from './exceptions.controller.js';
import { ReservationsController } from './reservations.controller.js';
import { showReservations, watchReconciliation } from './watch-reconciliation.js';
import {
  IMPORT_COSTS,
  PLATFORM,
  RECONCILE_RESERVATION,
  RECONCILIATION_HOST,
  RESOLVE_EXCEPTION,
  SWEEP_RESERVATIONS,
} from './tokens.js';

const hostOf = (service: typeof reconciliationService, platform: Platform, metrics: Metrics) =>
  new ServiceHost(service, platform, watchReconciliation(metrics, platform.clock));
type ReconciliationHost = ReturnType<typeof hostOf>;

/** Each time the open exceptions are looked through, and the holds that are overdue. */
const GAUGES_EVERY_MS = 10_000;

/** Reconciliation: settles what was held with what was really spent. */
@Module({})
export class ReconciliationModule implements OnModuleInit, OnModuleDestroy {
  private gauges: NodeJS.Timeout | undefined;

  constructor(
    @Inject(RECONCILIATION_HOST) private readonly host: ReconciliationHost,
    @Inject(PLATFORM) private readonly platform: Platform,
    @Inject(HEALTH) private readonly health: Health,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  /** `service`: with another memory than usual, for tests. */
  static register(platform: Platform, service = reconciliationService): DynamicModule {
    return {
      module: ReconciliationModule,
      controllers: [ReservationsController, ExceptionsController, ActualCostsController],
      providers: [
        { provide: PLATFORM, useValue: platform },
        {
          provide: RECONCILIATION_HOST,
          useFactory: (ports: Platform, metrics: Metrics) => hostOf(service, ports, metrics),
          inject: [PLATFORM, METRICS],
        },
        {
          provide: RECONCILE_RESERVATION,
          useFactory: (reconciliation: ReconciliationHost, ports: Platform) =>
            createReconcileReservation({ reconciliation, ...ports }),
          inject: [RECONCILIATION_HOST, PLATFORM],
        },
        {
          provide: IMPORT_COSTS,
          useFactory: (reconciliation: ReconciliationHost, reconcile: ReconcileReservation, ports: Platform) =>
            new ImportActualCosts({ reconciliation, reconcile, ...ports }),
          inject: [RECONCILIATION_HOST, RECONCILE_RESERVATION, PLATFORM],
        },
        {
          provide: SWEEP_RESERVATIONS,
          useFactory: (reconciliation: ReconciliationHost, ports: Platform) =>
            new SweepReservations({ reconciliation, ...ports }),
          inject: [RECONCILIATION_HOST, PLATFORM],
        },
        {
          provide: RESOLVE_EXCEPTION,
          useFactory: (reconciliation: ReconciliationHost, ports: Platform) =>
            createResolveException({ reconciliation, ...ports }),
          inject: [RECONCILIATION_HOST, PLATFORM],
        },
      ],
    };
  }

  async onModuleInit(): Promise<void> {
    this.health.add('log', async () => {
      await this.platform.log.heads(['reservations-readiness']);
    });
    await this.host.start();
    this.gauges = setInterval(() => {
      showReservations(this.metrics, this.host.states(), this.platform.clock.nowMs());
    }, GAUGES_EVERY_MS);
  }

  onModuleDestroy(): Promise<void> {
    clearInterval(this.gauges);
    return this.host.stop();
  }
}
