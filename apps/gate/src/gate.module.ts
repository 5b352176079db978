import { type DynamicModule, Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import {
  createDecideChange,
  createReviewAdmission,
  type DecideChange,
  createDecideChanges,
  DecideRunTask,
  createExplainDecision,
  FindIntegrations,
  gateService,
  IntegrationsAdmin,
  MoneyAdmin,
  type Platform,
  PolicyAdmin,
  ReceiveRunTask,
  type RunTaskInbox,
  type RunTaskObserver,
  RunTaskWorker,
  ServiceHost,
  type TerraformPeer,
} from '@verdict/application';
import { FOREIGN_DEPTH_MAX, readJson, ROUTES } from '@verdict/contracts';
import type { RawJson } from '@verdict/domain';
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
import { RunTaskController } from './run-task.controller.js';
import {
  DECIDE_CHANGE,
  DECIDE_CHANGES,
  EXPLAIN_DECISION,
  GATE_HOST,
  INTEGRATIONS,
  INTEGRATIONS_ADMIN,
  MONEY_ADMIN,
  PLATFORM,
  POLICY_ADMIN,
  REVIEW_ADMISSION,
  RECEIVE_RUN_TASK,
  RUN_TASK_WORKER,
} from './tokens.js';

const hostOf = (platform: Platform) => new ServiceHost(gateService, platform);
type GateHost = ReturnType<typeof hostOf>;

/** What run tasks need besides the platform. */
export interface RunTaskOptions {
  readonly inbox: RunTaskInbox;
  readonly peer: TerraformPeer;
  readonly publicUrl: string | null;
  readonly holder: string;
  readonly observer: RunTaskObserver;
}

const readPlan = (bytes: Uint8Array): RawJson | undefined => {
  const read = readJson(bytes, { depthMax: FOREIGN_DEPTH_MAX });
  return read.kind === 'ok' ? read.value : undefined;
};

const workerOf = (options: RunTaskOptions) => (gate: GateHost, ports: Platform, decideChange: DecideChange) =>
  new RunTaskWorker({
    ...ports,
    ...options,
    decide: new DecideRunTask({ gate, decideChange, clock: ports.clock, publicUrl: options.publicUrl }),
    readJson: readPlan,
    observer: options.observer,
  });

const runTaskProviders = (options: RunTaskOptions) => [
  { provide: RUN_TASK_WORKER, useFactory: workerOf(options), inject: [GATE_HOST, PLATFORM, DECIDE_CHANGE] },
  {
    provide: RECEIVE_RUN_TASK,
    useFactory: (ports: Platform, integrations: FindIntegrations, worker: RunTaskWorker) =>
      new ReceiveRunTask({
        ...ports,
        ...options,
        integrations,
        onArrived: () => {
          worker.wake();
        },
      }),
    inject: [PLATFORM, INTEGRATIONS, RUN_TASK_WORKER],
  },
];

type OfGate = (gate: GateHost, ports: Platform) => unknown;
/** A use case over the host and the ports of the process. */
const ofGate = (provide: symbol, useFactory: OfGate) => ({ provide, useFactory, inject: [GATE_HOST, PLATFORM] });

const USE_CASES = [
  { provide: GATE_HOST, useFactory: hostOf, inject: [PLATFORM] },
  ofGate(DECIDE_CHANGE, (gate, ports) => createDecideChange({ gate, ...ports })),
  ofGate(DECIDE_CHANGES, (gate, ports) => createDecideChanges({ gate, ...ports })),
  ofGate(EXPLAIN_DECISION, (_gate, ports) => createExplainDecision(ports)),
  ofGate(POLICY_ADMIN, (gate, ports) => new PolicyAdmin({ gate, ...ports })),
  ofGate(MONEY_ADMIN, (gate, ports) => new MoneyAdmin({ gate, ...ports })),
  ofGate(INTEGRATIONS_ADMIN, (gate, ports) => new IntegrationsAdmin({ gate, ...ports })),
  ofGate(INTEGRATIONS, (gate, ports) => new FindIntegrations({ gate, ...ports })),
  {
    provide: REVIEW_ADMISSION,
    useFactory: (gate: GateHost, decide: DecideChange) => createReviewAdmission({ gate }, decide),
    inject: [GATE_HOST, DECIDE_CHANGE],
  },
];

/** The gate: verdicts, policy, budgets, price books, and the decisions it made. */
@Module({})
export class GateModule implements OnModuleInit, OnModuleDestroy {
  // eslint-disable-next-line max-params -- one for each neighbour that it starts or tells
  constructor(
    @Inject(GATE_HOST) private readonly host: GateHost,
    @Inject(PLATFORM) private readonly platform: Platform,
    @Inject(HEALTH) private readonly health: Health,
    @Inject(QUOTAS) private readonly quotas: Quotas,
    @Inject(INTEGRATIONS) private readonly integrations: FindIntegrations,
    @Inject(WEBHOOK_ROUTES) private readonly webhooks: WebhookRoutes,
    @Inject(RUN_TASK_WORKER) private readonly runTasks: RunTaskWorker,
  ) {}

  static register(platform: Platform, runTasks: RunTaskOptions): DynamicModule {
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
        RunTaskController,
        DecisionsController,
      ],
      providers: [{ provide: PLATFORM, useValue: platform }, ...USE_CASES, ...runTaskProviders(runTasks)],
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
    this.runTasks.start(); // What was taken before comes first: peers are waiting.
  }

  async onModuleDestroy(): Promise<void> {
    await this.runTasks.stop();
    await this.host.stop();
  }
}
