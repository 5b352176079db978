import {
  AbuseTally,
  type After,
  COST_MAX,
  type Entrance,
  InFlight,
  lowerRate,
  type Rate,
  RateLimiter,
} from '@verdict/application';
import type { Logger } from 'pino';
import type { Metrics } from '../metrics/metrics.js';
import { problem, type ProblemException } from '../problems/problem.js';
import type { QuotaConfig } from './quota-env.js';
import { RATE_KINDS, type RateKind } from './quota-kind.js';

/** A limit that a call has met. */
export interface Overload {
  readonly kind: RateKind | 'in_flight';
  /** The figure of the limit, in `unit`. */
  readonly limit: number;
  readonly unit: string;
  readonly retryAfterSeconds: number;
}

/** What a tenant's own policy says; null: nothing. */
export interface LoweredRate {
  readonly perSecond: number | null;
  readonly burst: number | null;
}

export interface QuotaDeps {
  readonly config: QuotaConfig;
  readonly metrics: Pick<Metrics, 'quotaRefusals' | 'gateQueueDepth'>;
  readonly logger: Pick<Logger, 'warn'>;
  /** Milliseconds of a monotonic clock. */
  readonly nowMs?: () => number;
  readonly after?: After;
}

/** Whose call it is. */
interface Who {
  readonly tenantId: string;
  readonly subject: string;
}

const WAITING_ALL_MAX = 10_000;
const ALERT_MS = 60_000;
const BYTES_A_UNIT = 16 * 1024;

const perMinute = (count: number): Rate => ({ perSecond: count / 60, burst: count });
const perSecond = (count: number): Rate => ({ perSecond: count, burst: count });
const ratesOf = (config: QuotaConfig): Readonly<Record<RateKind, Rate>> => ({
  gate: { perSecond: config.VERDICT_QUOTA_GATE_PER_SECOND, burst: config.VERDICT_QUOTA_GATE_BURST },
  consume: perMinute(config.VERDICT_QUOTA_CONSUME_PER_MINUTE),
  admin_writes: perMinute(config.VERDICT_QUOTA_ADMIN_WRITES_PER_MINUTE),
  writes: { perSecond: config.VERDICT_QUOTA_WRITES_PER_SECOND, burst: 2 * config.VERDICT_QUOTA_WRITES_PER_SECOND },
  reads: perSecond(config.VERDICT_QUOTA_READS_PER_SECOND),
});
const UNITS: Readonly<Record<RateKind, { readonly unit: string; readonly seconds: number }>> = {
  gate: { unit: 'gate calls a second, a tenant', seconds: 1 },
  consume: { unit: 'consumed tokens a minute, a subject', seconds: 60 },
  admin_writes: { unit: 'administrative writes a minute, a tenant', seconds: 60 },
  writes: { unit: 'writes a second, a tenant', seconds: 1 },
  reads: { unit: 'reads a second, a tenant', seconds: 1 },
};

const ofTimeout: After = (ms, then) => {
  const timer = setTimeout(then, ms);
  timer.unref(); // An alert that waits keeps no process alive; `close` writes it.
  return () => {
    clearTimeout(timer);
  };
};

/** The problem that an excess is, where it is one: for an AdmissionReview it is a fail-safe answer. */
export const overloadProblem = ({ kind, limit, unit, retryAfterSeconds }: Overload): ProblemException =>
  problem(
    'rate_limited',
    { detail: `The limit is ${limit.toString()} ${unit}.`, extra: { limit, limit_kind: kind } },
    { retryAfterSeconds },
  );

/**
 * The limits of contract section 16 for one process: rates by tenant or subject, and the gate's calls in flight. One
 * tenant's excess takes nothing of another's share (G9). Refusals are no entries: they are counted, and once a minute
 * each tenant, limit and subject that had any is one warning in the log.
 */
export class Quotas {
  private readonly rates: Readonly<Record<RateKind, Rate>>;
  private readonly limiters: Readonly<Record<RateKind, RateLimiter>>;
  private readonly gate: InFlight;
  private readonly tally = new AbuseTally();
  private readonly nowMs: () => number;
  private lowered: (tenantId: string) => LoweredRate | undefined = () => undefined;
  private cancelAlert: (() => void) | undefined;

  constructor(private readonly deps: QuotaDeps) {
    const { config } = deps;
    this.nowMs = deps.nowMs ?? (() => performance.now());
    this.rates = ratesOf(config);
    const limiters = RATE_KINDS.map((kind) => [kind, new RateLimiter()] as const);
    // eslint-disable-next-line no-restricted-syntax -- one limiter for each kind, by the line above
    this.limiters = Object.fromEntries(limiters) as Record<RateKind, RateLimiter>;
    this.gate = new InFlight(
      {
        inFlightMax: config.VERDICT_GATE_IN_FLIGHT,
        waitingMax: config.VERDICT_GATE_WAITING,
        waitingAllMax: WAITING_ALL_MAX,
        waitMsMax: config.VERDICT_GATE_WAIT_MS,
      },
      deps.after,
    );
  }

  /** What the platform takes of a tenant's gate calls; its policy only lowers that. */
  get gateQuota(): Rate {
    return this.rates.gate;
  }

  /** Who knows the tenants' policies says here how to find what they lower the gate's rate to. */
  lowerGate(find: (tenantId: string) => LoweredRate | undefined): void {
    this.lowered = find;
  }

  /**
   * Counts a call of a tenant, or of one subject of it.
   *
   * @returns the limit that was met; undefined: the call may go on.
   */
  spend(kind: RateKind, who: Who): Overload | undefined {
    return this.take(kind, who, 1);
  }

  /**
   * Counts what a call of the gate asks beyond one question: the other members of a batch. A batch that is larger than the
   * burst needs all of it, and so may pass after a rest.
   */
  spendMembers(who: Who, members: number): Overload | undefined {
    const others = Math.min(members, this.rateOf('gate', who.tenantId).burst) - 1;
    return others < 1 ? undefined : this.take('gate', who, others);
  }

  /**
   * Waits for a place among the gate's calls in flight; calls `then` once, at once where there is room. Without an
   * overload the place is taken, and `leaveGate` must give it back.
   */
  enterGate(
    { tenantId, bodyBytes, waitMs }: { readonly tenantId: string; readonly bodyBytes: number; readonly waitMs: number },
    then: (overload: Overload | undefined) => void,
  ): void {
    const cost = Math.min(COST_MAX, 1 + Math.floor(bodyBytes / BYTES_A_UNIT));
    this.gate.enter({ tenantId, cost, waitMs }, (entrance: Entrance) => {
      this.showDepth();
      then(entrance === 'entered' ? undefined : this.refused(tenantId, null, this.crowded()));
    });
    this.showDepth();
  }

  leaveGate(): void {
    this.gate.leave();
    this.showDepth();
  }

  /** Writes what the running minute has counted. */
  close(): void {
    this.alert();
  }

  private rateOf(kind: RateKind, tenantId: string): Rate {
    return kind === 'gate' ? lowerRate(this.rates.gate, this.lowered(tenantId)) : this.rates[kind];
  }

  private take(kind: RateKind, { tenantId, subject: caller }: Who, tokens: number): Overload | undefined {
    const rate = this.rateOf(kind, tenantId);
    const subject = kind === 'consume' ? caller : null;
    const key = subject === null ? tenantId : `${tenantId}\n${subject}`;
    const taken = this.limiters[kind].take(key, rate, this.nowMs(), tokens);
    if (taken.kind === 'taken') return undefined;
    const { unit, seconds } = UNITS[kind];
    return this.refused(tenantId, subject, {
      kind,
      limit: Math.round(rate.perSecond * seconds),
      unit,
      retryAfterSeconds: Math.max(1, Math.ceil(taken.retryAfterMs / 1000)),
    });
  }

  private crowded(): Overload {
    const { VERDICT_GATE_IN_FLIGHT: limit } = this.deps.config;
    return { kind: 'in_flight', limit, unit: 'gate calls at the same time, a process', retryAfterSeconds: 1 };
  }

  private showDepth(): void {
    this.deps.metrics.gateQueueDepth.set(this.gate.waiting);
  }

  private refused(tenantId: string, subject: string | null, overload: Overload): Overload {
    this.deps.metrics.quotaRefusals.inc(overload.kind);
    this.tally.add({ tenantId, limit: overload.kind, subject });
    this.cancelAlert ??= (this.deps.after ?? ofTimeout)(ALERT_MS, () => {
      this.alert();
    });
    return overload;
  }

  private alert(): void {
    this.cancelAlert?.();
    this.cancelAlert = undefined;
    for (const { tenantId: tenant, limit, subject, count } of this.tally.drain())
      this.deps.logger.warn({ tenant, limit, subject, count }, 'calls were refused for a limit');
  }
}
