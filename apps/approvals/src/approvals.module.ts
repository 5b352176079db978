import { type DynamicModule, Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import {
  type ApprovalTokens,
  approvalsService,
  ConsumeApproval,
  ManageApprovals,
  type Platform,
  ServiceHost,
} from '@verdict/application';
import { HEALTH, type Health, METRICS, type Metrics } from '@verdict/nest-kit';
import { ApprovalsController } from './approvals.controller.js';
import { ConsumeController } from './consume.controller.js';
import { JoseApprovalTokens } from './jose-approval-tokens.js';
import { showQueue, watchApprovals } from './watch-approvals.js';
import { APPROVAL_TOKENS, APPROVALS_HOST, CONSUME_APPROVAL, MANAGE_APPROVALS, PLATFORM } from './tokens.js';

const hostOf = (service: typeof approvalsService, platform: Platform, metrics: Metrics) =>
  new ServiceHost(service, platform, watchApprovals(metrics));
type ApprovalsHost = ReturnType<typeof hostOf>;

type TokenEvent = Parameters<Metrics['approvalTokenEvents']['inc']>[0];

const countTokenEvent = (metrics: Metrics, event: TokenEvent): void => {
  metrics.approvalTokenEvents.inc(event);
  if (event === 'token_tenant_mismatch') metrics.crossTenantRefusals.inc();
};

const GAUGES_EVERY_MS = 5_000;

/** Approvals: requests, votes, tokens and the keys that sign them. */
@Module({})
export class ApprovalsModule implements OnModuleInit, OnModuleDestroy {
  private gauges: NodeJS.Timeout | undefined;

  constructor(
    @Inject(APPROVALS_HOST) private readonly host: ApprovalsHost,
    @Inject(PLATFORM) private readonly platform: Platform,
    @Inject(HEALTH) private readonly health: Health,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  /** `service`: with another memory than usual, for tests. */
  static register(platform: Platform, service = approvalsService): DynamicModule {
    return {
      module: ApprovalsModule,
      controllers: [ApprovalsController, ConsumeController],
      providers: [
        { provide: PLATFORM, useValue: platform },
        {
          provide: APPROVALS_HOST,
          useFactory: (ports: Platform, metrics: Metrics) => hostOf(service, ports, metrics),
          inject: [PLATFORM, METRICS],
        },
        {
          provide: APPROVAL_TOKENS,
          useFactory: (ports: Platform) => new JoseApprovalTokens(ports.keys, ports.logHost),
          inject: [PLATFORM],
        },
        {
          provide: MANAGE_APPROVALS,
          useFactory: (approvals: ApprovalsHost, tokens: ApprovalTokens, ports: Platform) =>
            new ManageApprovals({ approvals, tokens, ...ports }),
          inject: [APPROVALS_HOST, APPROVAL_TOKENS, PLATFORM],
        },
        {
          provide: CONSUME_APPROVAL,
          useFactory: (approvals: ApprovalsHost, tokens: ApprovalTokens, ports: Platform, metrics: Metrics) =>
            new ConsumeApproval({
              approvals,
              tokens,
              ...ports,
              onEvent: (event) => {
                countTokenEvent(metrics, event);
              },
            }),
          inject: [APPROVALS_HOST, APPROVAL_TOKENS, PLATFORM, METRICS],
        },
      ],
    };
  }

  async onModuleInit(): Promise<void> {
    this.health.add('log', async () => {
      await this.platform.log.heads(['approvals-readiness']);
    });
    await this.host.start();
    this.gauges = setInterval(() => {
      showQueue(this.metrics, this.host.states(), this.platform.clock.nowMs());
    }, GAUGES_EVERY_MS);
  }

  onModuleDestroy(): Promise<void> {
    clearInterval(this.gauges);
    return this.host.stop();
  }
}
