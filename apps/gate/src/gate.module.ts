import { type DynamicModule, Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import {
  createDecideChange,
  createReviewAdmission,
  type DecideChange,
  createDecideChanges,
  FindIntegrations,
  gateService,
  IntegrationsAdmin,
  MoneyAdmin,
  type Platform,
  PolicyAdmin,
  ServiceHost,
} from '@verdict/application';
import { ROUTES } from '@verdict/contracts';
import { HEALTH, type Health, QUOTAS, type Quotas, WEBHOOK_ROUTES, type WebhookRoutes } from '@verdict/nest-kit';
import { BatchController } from './batch.controller.js';
import { BudgetsController } from './budgets.controller.js';
import { CreditsController } from './credits.controller.js';
import { DecisionsController } from './decisions.controller.js';
import { GateController } from './gate.controller.js';
import { IntegrationsController } from './integrations.controller.js';
import { PolicyController } from './policy.controller.js';
import { PriceBooksController } from './price-books.controller.js';
import { policyRates } from './policy-rates.js';
import { ReviewController } from './review.controller.js';
import { WaiversController } from './waivers.controller.js';
import {
  DECIDE_CHANGE,
  DECIDE_CHANGES,
  GATE_HOST,
  INTEGRATIONS,
  INTEGRATIONS_ADMIN,
  MONEY_ADMIN,
  PLATFORM,
  POLICY_ADMIN,
  REVIEW_ADMISSION,
} from './tokens.js';

const hostOf = (platform: Platform) => new ServiceHost(gateService, platform);
type GateHost = ReturnType<typeof hostOf>;

/** The gate: verdicts, policy, budgets, price books, and the decisions it made. */
@Module({})
export class GateModule implements OnModuleInit, OnModuleDestroy {
  constructor(
    @Inject(GATE_HOST) private readonly host: GateHost,
    @Inject(PLATFORM) private readonly platform: Platform,
    @Inject(HEALTH) private readonly health: Health,
    @Inject(QUOTAS) private readonly quotas: Quotas,
    @Inject(INTEGRATIONS) private readonly integrations: FindIntegrations,
    @Inject(WEBHOOK_ROUTES) private readonly webhooks: WebhookRoutes,
  ) {}

  static register(platform: Platform): DynamicModule {
    return {
      module: GateModule,
      controllers: [
        GateController,
        ReviewController,
        BatchController,
        PolicyController,
        BudgetsController,
        PriceBooksController,
        CreditsController,
        WaiversController,
        IntegrationsController,
        DecisionsController,
      ],
      providers: [
        { provide: PLATFORM, useValue: platform },
        { provide: GATE_HOST, useFactory: hostOf, inject: [PLATFORM] },
        {
          provide: DECIDE_CHANGE,
          useFactory: (gate: GateHost, ports: Platform) => createDecideChange({ gate, ...ports }),
          inject: [GATE_HOST, PLATFORM],
        },
        {
          provide: REVIEW_ADMISSION,
          useFactory: (gate: GateHost, decide: DecideChange) => createReviewAdmission({ gate }, decide),
          inject: [GATE_HOST, DECIDE_CHANGE],
        },
        {
          provide: DECIDE_CHANGES,
          useFactory: (gate: GateHost, ports: Platform) => createDecideChanges({ gate, ...ports }),
          inject: [GATE_HOST, PLATFORM],
        },
        {
          provide: MONEY_ADMIN,
          useFactory: (gate: GateHost, ports: Platform) => new MoneyAdmin({ gate, ...ports }),
          inject: [GATE_HOST, PLATFORM],
        },
        {
          provide: POLICY_ADMIN,
          useFactory: (gate: GateHost, ports: Platform) => new PolicyAdmin({ gate, ...ports }),
          inject: [GATE_HOST, PLATFORM],
        },
        {
          provide: INTEGRATIONS_ADMIN,
          useFactory: (gate: GateHost, ports: Platform) => new IntegrationsAdmin({ gate, ...ports }),
          inject: [GATE_HOST, PLATFORM],
        },
        {
          provide: INTEGRATIONS,
          useFactory: (gate: GateHost, ports: Platform) => new FindIntegrations({ gate, ...ports }),
          inject: [GATE_HOST, PLATFORM],
        },
      ],
    };
  }

  async onModuleInit(): Promise<void> {
    this.health.add('log', async () => {
      await this.platform.log.heads(['policy-readiness']);
    });
    const { clock } = this.platform;
    this.quotas.lowerGate(
      policyRates(
        (tenantId) => this.host.peek(tenantId)?.policy,
        () => clock.nowMs(),
      ),
    );
    for (const { id } of [ROUTES.reviewAdmission, ROUTES.reviewAdmissionBySegment])
      this.webhooks.add(id, (proof) => this.integrations.byProof(proof));
    await this.host.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.host.stop();
  }
}
