import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { GateAnswer, GateCommand, Platform, ServiceHost } from '@verdict/application';
import { creditsExpired, type GateState, type Instant, instantOf } from '@verdict/domain';
import { countLostCredits, METRICS, type Metrics } from '@verdict/nest-kit';
import { GATE_HOST, PLATFORM } from './tokens.js';

/** Nobody acts upon the end of a credit within seconds, and a look is at all grants of all tenants. */
const LOOK_EVERY_MS = 10_000;

/** Counts what was left of credits whose time has ended since the last look: no entry says so. */
@Injectable()
export class CreditsWatch implements OnModuleInit, OnModuleDestroy {
  private since: Instant;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(GATE_HOST) private readonly host: ServiceHost<GateState, GateCommand, GateAnswer>,
    @Inject(PLATFORM) private readonly platform: Platform,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {
    this.since = instantOf(platform.clock.nowMs());
  }

  onModuleInit(): void {
    this.timer = setInterval(() => {
      this.look();
    }, LOOK_EVERY_MS);
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const span = { since: this.since, until: instantOf(this.platform.clock.nowMs()) };
    for (const state of this.host.states()) countLostCredits(this.metrics, creditsExpired(state, span));
    this.since = span.until;
  }
}
