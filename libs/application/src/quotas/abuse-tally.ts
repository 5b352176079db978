/** Somebody asked for more than a limit allows. `subject` is null where the limit is the tenant's. */
export interface Excess {
  readonly tenantId: string;
  readonly limit: string;
  readonly subject: string | null;
}
export interface CountedExcess extends Excess {
  readonly count: number;
}

/** As many different ones as are told apart in one minute; the rest is counted together. */
export const EXCESSES_MAX = 10_000;
const OTHERS: Excess = { tenantId: '(others)', limit: '(others)', subject: null };

/** Counts refusals for limits, so that a flood of them becomes one line a minute. */
export class AbuseTally {
  private counts = new Map<string, CountedExcess>();

  constructor(private readonly excessesMax: number = EXCESSES_MAX) {}

  add(excess: Excess): void {
    const key = JSON.stringify([excess.tenantId, excess.limit, excess.subject]);
    const known = this.counts.get(key);
    if (known === undefined && this.counts.size >= this.excessesMax) {
      const others = this.counts.get('') ?? { ...OTHERS, count: 0 };
      this.counts.set('', { ...others, count: others.count + 1 });
      return;
    }
    this.counts.set(key, { ...excess, count: (known?.count ?? 0) + 1 });
  }

  /** What was counted since the last call; begins anew. */
  drain(): readonly CountedExcess[] {
    const counted = [...this.counts.values()];
    this.counts = new Map();
    return counted;
  }
}
