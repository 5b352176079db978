import { type DynamicModule, Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import {
  createReconcileReservation,
  type Platform,
  reconciliationService,
  ServiceHost,
  type Settled,
} from '@verdict/application';
import { HEALTH, type Health, METRICS, type Metrics } from '@verdict/nest-kit';
import { ReservationsController } from './reservations.controller.js';
import { PLATFORM, RECONCILE_RESERVATION, RECONCILIATION_HOST } from './tokens.js';

const hostOf = (platform: Platform) => new ServiceHost(reconciliationService, platform);
type ReconciliationHost = ReturnType<typeof hostOf>;

/** For graphs only: money that counts is decided in micro-USD and written in the ledger. */
const count =
  (metrics: Metrics) =>
  ({ status, drift_usd: drift, trigger }: Settled['settled']): void => {
    metrics.reservationReconciliations.inc(trigger, status);
    if (status !== 'matched') metrics.reservationDriftUsd.add(Math.abs(Number(drift)), status);
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
      controllers: [ReservationsController],
      providers: [
        { provide: PLATFORM, useValue: platform },
        { provide: RECONCILIATION_HOST, useFactory: hostOf, inject: [PLATFORM] },
        {
          provide: RECONCILE_RESERVATION,
          useFactory: (reconciliation: ReconciliationHost, ports: Platform, metrics: Metrics) =>
            createReconcileReservation({ reconciliation, ...ports, onSettled: count(metrics) }),
          inject: [RECONCILIATION_HOST, PLATFORM, METRICS],
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
