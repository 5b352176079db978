import { ByLength } from './by-length.js';

/** What waits: whose it is, and how much of the server's time it takes, in whole units from 1 to `COST_MAX`. */
export interface Waiting<Item> {
  readonly tenantId: string;
  readonly cost: number;
  readonly item: Item;
}

interface Line<Item> {
  readonly tenantId: string;
  readonly items: Waiting<Item>[];
  deficit: number;
}

export const COST_MAX = 16;
/** What a tenant may spend more each time its turn comes. */
const QUANTUM = 1;

export interface FairQueueLimits {
  /** Items of one tenant that may wait. */
  readonly waitingMax: number;
  /** Items of all tenants that may wait: each holds a connection and a body. */
  readonly waitingAllMax: number;
}

/**
 * `full`: the tenant's line is, or no line is longer. `gaveWay`: whoever lost the last place of the longest line to this
 * one, which nobody will be told of but by the caller.
 */
export type Offered<Item> =
  { readonly kind: 'waits'; readonly gaveWay: Waiting<Item> | null } | { readonly kind: 'full' };

/**
 * Deficit round robin over tenants: whoever waits gets an equal share of cost in each round, however much others have
 * waiting. An item waits for at most `cost` rounds and what its own tenant has before it.
 *
 * Memory is bounded by `waitingAllMax`; a tenant with nothing waiting is not remembered, and saves no turns for later.
 * Where all places are taken, the longest line gives its last one to a tenant that would still have fewer waiting, so
 * that many full lines together refuse nobody whose own line is short.
 *
 * @source M. Shreedhar and G. Varghese, Efficient fair queuing using deficit round robin, 1995; P. McKenney, Stochastic
 * fairness queueing, 1990 (the longest line gives way); contract section 16
 */
export class FairQueue<Item> {
  private readonly lines = new Map<string, Line<Item>>();
  private readonly byLength = new ByLength<Line<Item>>();
  /** Lines in the order of their turns; `head` is the next, what lies before it has been served. */
  private turns: Line<Item>[] = [];
  private head = 0;
  private count = 0;

  constructor(private readonly limits: FairQueueLimits) {}

  get size(): number {
    return this.count;
  }

  offer(waiting: Waiting<Item>): Offered<Item> {
    const own = this.lines.get(waiting.tenantId)?.items.length ?? 0;
    if (own >= this.limits.waitingMax) return { kind: 'full' };
    const gaveWay = this.count < this.limits.waitingAllMax ? null : this.lastOfLonger(own + 1);
    if (gaveWay === undefined) return { kind: 'full' };
    if (gaveWay !== null) this.remove(gaveWay);
    this.count += 1;
    const line = this.lines.get(waiting.tenantId) ?? this.open(waiting.tenantId);
    line.items.push(waiting);
    this.byLength.moved(line, own, own + 1);
    return { kind: 'waits', gaveWay };
  }

  /** The next in turn; undefined when nobody waits. */
  take(): Waiting<Item> | undefined {
    for (;;) {
      const line = this.turns[this.head];
      const first = line?.items[0];
      if (line === undefined || first === undefined) return undefined; // A line has somebody in it, or is none.
      if (line.deficit >= costOf(first)) return this.serve(line, first);
      this.pass(line);
    }
  }

  /** Takes out one that waits no longer. False: it is not here. */
  remove(waiting: Waiting<Item>): boolean {
    const line = this.lines.get(waiting.tenantId);
    const at = line?.items.indexOf(waiting) ?? -1;
    if (line === undefined || at < 0) return false;
    line.items.splice(at, 1);
    this.shortened(line);
    if (line.items.length > 0) return true;
    this.turns.splice(this.turns.indexOf(line, this.head), 1);
    this.lines.delete(line.tenantId);
    return true;
  }

  private open(tenantId: string): Line<Item> {
    const line: Line<Item> = { tenantId, items: [], deficit: QUANTUM };
    this.lines.set(tenantId, line);
    this.turns.push(line);
    return line;
  }

  /** The last of a line that has more than so many waiting: who came first there is nearest to his turn. */
  private lastOfLonger(than: number): Waiting<Item> | undefined {
    const { items = [] } = this.byLength.longest() ?? {};
    return items.length > than ? items.at(-1) : undefined;
  }

  private shortened(line: Line<Item>): void {
    this.count -= 1;
    this.byLength.moved(line, line.items.length + 1, line.items.length);
  }

  private serve(line: Line<Item>, first: Waiting<Item>): Waiting<Item> {
    line.items.shift();
    line.deficit -= costOf(first);
    this.shortened(line);
    if (line.items.length > 0) return first;
    this.advance();
    this.lines.delete(line.tenantId);
    return first;
  }

  /** The turn goes on to the next line. */
  private pass(line: Line<Item>): void {
    this.advance();
    line.deficit += QUANTUM;
    this.turns.push(line);
  }

  private advance(): void {
    this.head += 1;
    if (this.head * 2 < this.turns.length) return;
    this.turns = this.turns.slice(this.head); // Half of it was served: each place is moved about once.
    this.head = 0;
  }
}

const costOf = ({ cost }: Waiting<unknown>): number => Math.min(Math.max(1, cost), COST_MAX);
