import { type DynamicModule, Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import {
  createReconcileReservation,
  createResolveException,
  ImportActualCosts,
  type Platform,
  type ReconcileReservation,
  reconciliationService,
  ServiceHost,
  type Settlement,
  SweepReservations,
} from '@verdict/application';
import { HEALTH, type Health, METRICS, type Metrics } from '@verdict/nest-kit';
import { ActualCostsController } from './actual-costs.controller.js';
import { ExceptionsController } from './exceptions.controller.js';
import { ReservationsController } from './reservations.controller.js';
import {
  IMPORT_COSTS,
  PLATFORM,
  RECONCILE_RESERVATION,
  RECONCILIATION_HOST,
  RESOLVE_EXCEPTION,
  SWEEP_RESERVATIONS,
} from './tokens.js';

const hostOf = (platform: Platform) => new ServiceHost(reconciliationService, platform);
type ReconciliationHost = ReturnType<typeof hostOf>;

/** For graphs only: money that counts is decided in micro-USD and written in the ledger. */
const count =
  (metrics: Metrics) =>
  ({ cause, status, driftUsd, trigger }: Settlement): void => {
    metrics.reservationReconciliations.inc(
      cause === 'correction' ? 'correction' : trigger,
      cause === 'late_actual' ? 'late_actual' : status,
    );
    if (status !== 'matched') metrics.reservationDriftUsd.add(Math.abs(Number(driftUsd)), status);
  };

/** Reconciliation: settles what was held with what was really spent. */
@Module({})
export class ReconciliationModule implements OnModuleInit, OnModuleDestroy {
  constructor(
    @Inject(RECONCILIATION_HOST) private readonly host: ReconciliationHost,
    @Inject(PLATFORM) private readonly platform: Platform,
    @Inject(HEALTH) private readonly health: Health,
  ) {}

  static register(platform: Platform): DynamicModule {
    return {
      module: ReconciliationModule,
      controllers: [ReservationsController, ExceptionsController, ActualCostsController],
      providers: [
        { provide: PLATFORM, useValue: platform },
        { provide: RECONCILIATION_HOST, useFactory: hostOf, inject: [PLATFORM] },
        {
          provide: RECONCILE_RESERVATION,
          useFactory: (reconciliation: ReconciliationHost, ports: Platform, metrics: Metrics) =>
            createReconcileReservation({ reconciliation, ...ports, onSettled: count(metrics) }),
          inject: [RECONCILIATION_HOST, PLATFORM, METRICS],
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
  }

  onModuleDestroy(): Promise<void> {
    return this.host.stop();
  }
}
