import { type Expected, type ProposedEvent, ticksOf } from './events.js';
import type { Fault, FaultSwitches } from './faults.js';
import type { Store, WriteResult } from './store.js';

export interface AppendRequest {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly ProposedEvent[];
  /** Unix time after which the client does not wait any more; only a batch says so. */
  readonly deadlineMs?: number;
}

export type AppendAnswer =
  | WriteResult
  | { readonly kind: 'access_denied' }
  | { readonly kind: 'not_leader' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'too_large'; readonly limit: number };

/** What reaches the client of the answer. */
export type Delivery =
  | { readonly kind: 'answer'; readonly answer: AppendAnswer; readonly times: 1 | 2; readonly delayMs: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'half_close' };

/** `MaxAppendSize`, until it grew in later versions. Checked while the parts of an append come in. */
export const APPEND_BYTES_MAX = 1_048_576;

const LATE_MS = 3_000;
const SKEW_MS = 3_600_000;

const UNARY_FAULTS = [
  ...(['die_before_commit', 'die_after_commit', 'never_answer', 'lose_request', 'answer_late'] as const),
  ...(['drop_connection', 'not_leader', 'busy', 'timeout_after_commit', 'access_denied', 'oversize'] as const),
  ...(['clock_skew'] as const),
] satisfies readonly Fault[];

/** Faults of a call that can answer more than once, and end before it has. */
const BATCH_FAULTS = [...UNARY_FAULTS, 'answer_twice', 'half_close'] satisfies readonly Fault[];

type AppendFault = (typeof BATCH_FAULTS)[number];

const answered = (answer: AppendAnswer): Delivery => ({ kind: 'answer', answer, times: 1, delayMs: 0 });

/** Appends of both paths: the store, and what the switches do to them. What is too large came not so far. */
export class Appends {
  constructor(
    private readonly store: Store,
    private readonly faults: FaultSwitches,
  ) {}

  async handle(request: AppendRequest, path: 'unary' | 'batch'): Promise<Delivery> {
    const isOfStream = (stream: string): boolean => stream === request.stream;
    const strike = this.faults.take(path === 'batch' ? BATCH_FAULTS : UNARY_FAULTS, isOfStream);
    if (strike === undefined) return answered(await this.write(request, 0));
    return this.strike(strike.fault as AppendFault, request, strike.ms);
  }

  private async strike(fault: AppendFault, request: AppendRequest, ms: number | undefined): Promise<Delivery> {
    switch (fault) {
      case 'die_before_commit':
      case 'drop_connection':
        return { kind: 'cut' };
      case 'lose_request':
        return { kind: 'none' };
      case 'not_leader':
      case 'busy':
      case 'access_denied':
        return answered({ kind: fault });
      case 'oversize':
        return answered({ kind: 'too_large', limit: APPEND_BYTES_MAX });
      case 'clock_skew':
        return answered(await this.write(request, ms ?? SKEW_MS));
      case 'die_after_commit':
      case 'never_answer':
      case 'half_close':
      case 'answer_late':
      case 'answer_twice':
      case 'timeout_after_commit':
        return this.afterCommit(fault, await this.write(request, 0), ms);
    }
  }

  private afterCommit(fault: AppendFault, answer: AppendAnswer, ms: number | undefined): Delivery {
    if (fault === 'die_after_commit') return { kind: 'cut' };
    if (fault === 'never_answer') return { kind: 'none' };
    if (fault === 'half_close') return { kind: 'half_close' };
    if (fault === 'timeout_after_commit') return answered({ kind: 'timeout' });
    if (fault === 'answer_twice') return { kind: 'answer', answer, times: 2, delayMs: 0 };
    return { kind: 'answer', answer, times: 1, delayMs: ms ?? LATE_MS };
  }

  /** `skewMs`: how far the server's clock is ahead of the client's. */
  private async write(request: AppendRequest, skewMs: number): Promise<AppendAnswer> {
    const nowMs = Date.now() + skewMs;
    if (request.deadlineMs !== undefined && request.deadlineMs <= nowMs) return { kind: 'timeout' };
    const { stream, expected, events } = request;
    return this.store.append({ stream, expected, createdTicks: ticksOf(nowMs) }, events);
  }
}
