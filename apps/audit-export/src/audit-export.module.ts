import { type DynamicModule, Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { JOURNAL_KINDS, type Platform } from '@verdict/application';
import { HEALTH, type Health, LOGGER, METRICS, type Metrics } from '@verdict/nest-kit';
import type { Logger } from 'pino';
import { auditObserver } from './audit-observer.js';
import { ExportsController } from './exports.controller.js';
import { LedgerController } from './ledger.controller.js';
import { type AuditExportOptions, type AuditServices, createServices } from './services.js';
import { AUDIT_SERVICES, PLATFORM } from './tokens.js';

export type { AuditExportOptions } from './services.js';

const AGES_EVERY_MS = 1_000;

/** Checkpoints, ledger queries, exports with proofs, and parity. */
@Module({})
export class AuditExportModule implements OnModuleInit, OnModuleDestroy {
  private ages: NodeJS.Timeout | undefined;

  constructor(
    @Inject(AUDIT_SERVICES) private readonly services: AuditServices,
    @Inject(HEALTH) private readonly health: Health,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  static register(platform: Platform, options: AuditExportOptions): DynamicModule {
    return {
      module: AuditExportModule,
      controllers: [ExportsController, LedgerController],
      providers: [
        { provide: PLATFORM, useValue: platform },
        {
          provide: AUDIT_SERVICES,
          useFactory: (metrics: Metrics, logger: Logger) =>
            createServices(platform, options, auditObserver(metrics, logger)),
          inject: [METRICS, LOGGER],
        },
      ],
    };
  }

  async onModuleInit(): Promise<void> {
    const { publisher, runner, store, files } = this.services;
    this.health.add('audit_store', () => store.ping());
    this.health.add('export_files', () => files.ping());
    await publisher.start();
    runner.start();
    this.ages = setInterval(() => {
      const ages = publisher.ages();
      for (const kind of JOURNAL_KINDS) this.metrics.checkpointAgeSeconds.set(ages[kind], kind);
    }, AGES_EVERY_MS);
  }

  /** The runner first: it may still ask the publisher for a checkpoint. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.ages);
    await this.services.runner.stop();
    await this.services.publisher.stop();
  }
}
