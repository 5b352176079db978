/** UTC calendar period that a limit is counted in. */
export type Period = 'month' | 'quarter' | 'year' | 'total';

const PERIODS: readonly Period[] = ['month', 'quarter', 'year', 'total'];
/** Clocks of services differ by seconds, so at the turn of a period the last one is still needed. */
const KEPT_PER_PERIOD = 2;

export const isPeriod = (text: string): text is Period => (PERIODS as readonly string[]).includes(text);

/** Money counters of one account, in micro-USD. */
export class Account {
  held = 0n;
  /** Whether a saving that came true is taken off what is spent. */
  creditsSavings = false;
  /** When a credit expires; undefined: never. */
  endsAt: string | undefined;
  isRevoked = false;
  readonly #spent = new Map<Period, Map<string, bigint>>();

  constructor(
    /** null: no limit. */
    public limit: bigint | null,
    public period: Period,
  ) {}

  /** Whether it may fund nothing new at `instant`. */
  hasEnded(instant: string): boolean {
    return this.isRevoked || (this.endsAt !== undefined && instant >= this.endsAt);
  }

  /** Spent in the period that contains `instant` (RFC 3339, UTC). */
  spentAt(instant: string): bigint {
    return this.#spent.get(this.period)?.get(periodKey(this.period, instant)) ?? 0n;
  }

  /** Counted for every period, since the account's own may be changed later. */
  spend(amount: bigint, instant: string): void {
    for (const period of PERIODS) {
      const spent = this.#spent.get(period) ?? new Map<string, bigint>();
      const key = periodKey(period, instant);
      spent.set(key, (spent.get(key) ?? 0n) + amount);
      for (const old of [...spent.keys()].sort().slice(0, -KEPT_PER_PERIOD)) spent.delete(old);
      this.#spent.set(period, spent);
    }
  }

  /** Takes out of the periods that contain `instant` what had been spent there, and no more. */
  giveBack(amount: bigint, instant: string): void {
    for (const period of PERIODS) {
      const spent = this.#spent.get(period);
      const key = periodKey(period, instant);
      const booked = spent?.get(key) ?? 0n;
      if (spent !== undefined && booked > 0n) spent.set(key, booked > amount ? booked - amount : 0n);
    }
  }

  /** What may still be committed at `instant`, never negative; null: anything. */
  headroomAt(instant: string, limit: bigint | null): bigint | null {
    if (limit === null) return null;
    const left = limit - this.spentAt(instant) - this.held;
    return left < 0n ? 0n : left;
  }
}

const periodKey = (period: Period, instant: string): string => {
  switch (period) {
    case 'month':
      return instant.slice(0, 7);
    case 'quarter':
      return `${instant.slice(0, 4)}-Q${Math.ceil(Number(instant.slice(5, 7)) / 3).toString()}`;
    case 'year':
      return instant.slice(0, 4);
    case 'total':
      return 'total';
  }
};
