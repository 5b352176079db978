import { FairQueue, type FairQueueLimits, type Waiting } from './fair-queue.js';

export interface InFlightLimits extends FairQueueLimits {
  /** Calls that are worked on at the same time. */
  readonly inFlightMax: number;
  /** Who has waited for as long as this is not worked on any more. */
  readonly waitMsMax: number;
}

/** `full`: the tenant's line was, at once, or it was the longest of all when there was no room for more. `waited_out`: no turn came in time. */
export type Entrance = 'entered' | 'full' | 'waited_out';

interface Visitor {
  readonly enter: (entrance: Entrance) => void;
  cancel: () => void;
}

/** Calls `then` after so many milliseconds, unless what it returns is called before. */
export type After = (ms: number, then: () => void) => () => void;

const afterTimeout: After = (ms, then) => {
  const timer = setTimeout(then, ms);
  return () => {
    clearTimeout(timer);
  };
};

/** Lets so many calls in at once; the others wait in turns of their tenants, so that a flood delays its sender alone. */
export class InFlight {
  private readonly queue: FairQueue<Visitor>;
  private running = 0;

  constructor(
    private readonly limits: InFlightLimits,
    private readonly after: After = afterTimeout,
  ) {
    this.queue = new FairQueue(limits);
  }

  get waiting(): number {
    return this.queue.size;
  }

  get inFlight(): number {
    return this.running;
  }

  /**
   * Calls `then` once, at once where there is room. Whoever has `entered` must `leave`; nobody else may.
   *
   * @param waitMs how long this visitor waits, where that is less than the limit.
   */
  enter(
    { waitMs = Infinity, ...who }: { readonly tenantId: string; readonly cost: number; readonly waitMs?: number },
    then: (entrance: Entrance) => void,
  ): void {
    if (this.running < this.limits.inFlightMax) {
      this.running += 1; // Nobody waits while there is room: see `leave`.
      then('entered');
      return;
    }
    const visitor: Visitor = { enter: then, cancel: () => undefined };
    const waiting: Waiting<Visitor> = { ...who, item: visitor };
    const offered = this.queue.offer(waiting);
    if (offered.kind === 'full') {
      then('full');
      return;
    }
    visitor.cancel = this.after(Math.max(0, Math.min(waitMs, this.limits.waitMsMax)), () => {
      if (this.queue.remove(waiting)) then('waited_out');
    });
    offered.gaveWay?.item.cancel();
    offered.gaveWay?.item.enter('full');
  }

  leave(): void {
    const next = this.queue.take();
    if (next === undefined) {
      this.running -= 1;
      return;
    }
    next.item.cancel();
    next.item.enter('entered');
  }
}
