import { type DynamicModule, Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import {
  createDecideChange,
  createReviewAdmission,
  type DecideChange,
  createDecideChanges,
  createExplainDecision,
  BudgetsAdmin,
  FindIntegrations,
  gateService,
  IntegrationsAdmin,
  MoneyAdmin,
  type Platform,
  PolicyAdmin,
  ServiceHost,
} from '@verdict/application';
import { ROUTES } from '@verdict/contracts';
import {
  HEALTH,
  type Health,
  LOGGER,
  type Logger,
  METRICS,
  type Metrics,
  QUOTAS,
  type Quotas,
  WEBHOOK_ROUTES,
  type WebhookRoutes,
} from '@verdict/nest-kit';
import { AskInTime } from './ask-in-time.js';
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
import { RunTaskController } from './run-task.controller.js';
import { type RunTaskOptions, runTaskProviders } from './run-tasks.providers.js';
import { CreditsWatch } from './watch-credits.js';
import { watchGate } from './watch-gate.js';
import {
  ASK_IN_TIME,
  DECIDE_CHANGE,
  DECIDE_CHANGES,
  EXPLAIN_DECISION,
  GATE_HOST,
  INTEGRATIONS,
  INTEGRATIONS_ADMIN,
  BUDGETS_ADMIN,
  MONEY_ADMIN,
  PLATFORM,
  POLICY_ADMIN,
  REVIEW_ADMISSION,
} from './tokens.js';

const hostOf = (platform: Platform, metrics: Metrics) =>
  new ServiceHost(gateService, platform, watchGate(metrics, platform.clock));
type GateHost = ReturnType<typeof hostOf>;

const CONTROLLERS = [
  GateController,
  ReviewController,
  BatchController,
  PolicyController,
  BudgetsController,
  PriceBooksController,
  CreditsController,
  WaiversController,
  IntegrationsController,
  RunTaskController,
  DecisionsController,
];

type OfGate = (gate: GateHost, ports: Platform) => unknown;
/** A use case over the host and the ports of the process. */
const ofGate = (provide: symbol, useFactory: OfGate) => ({ provide, useFactory, inject: [GATE_HOST, PLATFORM] });

const USE_CASES = [
  { provide: GATE_HOST, useFactory: hostOf, inject: [PLATFORM, METRICS] },
  ofGate(DECIDE_CHANGE, (gate, ports) => createDecideChange({ gate, ...ports })),
  ofGate(DECIDE_CHANGES, (gate, ports) => createDecideChanges({ gate, ...ports })),
  ofGate(EXPLAIN_DECISION, (_gate, ports) => createExplainDecision(ports)),
  ofGate(POLICY_ADMIN, (gate, ports) => new PolicyAdmin({ gate, ...ports })),
  ofGate(BUDGETS_ADMIN, (gate, ports) => new BudgetsAdmin({ gate, ...ports })),
  ofGate(MONEY_ADMIN, (gate, ports) => new MoneyAdmin({ gate, ...ports })),
  ofGate(INTEGRATIONS_ADMIN, (gate, ports) => new IntegrationsAdmin({ gate, ...ports })),
  ofGate(INTEGRATIONS, (gate, ports) => new FindIntegrations({ gate, ...ports })),
  {
    provide: ASK_IN_TIME,
    useFactory: (metrics: Metrics, logger: Logger) => new AskInTime(metrics, logger),
    inject: [METRICS, LOGGER],
  },
  {
    provide: REVIEW_ADMISSION,
    useFactory: (gate: GateHost, decide: DecideChange) => createReviewAdmission({ gate }, decide),
    inject: [GATE_HOST, DECIDE_CHANGE],
  },
];

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

  static register(platform: Platform, runTasks: RunTaskOptions): DynamicModule {
    return {
      module: GateModule,
      controllers: CONTROLLERS,
      providers: [{ provide: PLATFORM, useValue: platform }, ...USE_CASES, CreditsWatch, ...runTaskProviders(runTasks)],
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
