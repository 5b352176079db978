const PERIODS = ['month', 'quarter', 'year', 'total'];
/** Clocks of services differ by seconds, so at the turn of a period the last one is still needed. */
const KEPT_PER_PERIOD = 2;
export const isPeriod = (text) => PERIODS.includes(text);
/** Money counters of one account, in micro-USD. */
export class Account {
    limit;
    period;
    held = 0n;
    #spent = new Map();
    constructor(
    /** null: no limit. */
    limit, period) {
        this.limit = limit;
        this.period = period;
    }
    /** Spent in the period that contains `instant` (RFC 3339, UTC). */
    spentAt(instant) {
        return this.#spent.get(this.period)?.get(periodKey(this.period, instant)) ?? 0n;
    }
    /** Counted for every period, since the account's own may be changed later. */
    spend(amount, instant) {
        for (const period of PERIODS) {
            const spent = this.#spent.get(period) ?? new Map();
            const key = periodKey(period, instant);
            spent.set(key, (spent.get(key) ?? 0n) + amount);
            for (const old of [...spent.keys()].sort().slice(0, -KEPT_PER_PERIOD))
                spent.delete(old);
            this.#spent.set(period, spent);
        }
    }
    /** What may still be committed at `instant`, never negative; null: anything. */
    headroomAt(instant, limit) {
        if (limit === null)
            return null;
        const left = limit - this.spentAt(instant) - this.held;
        return left < 0n ? 0n : left;
    }
}
const periodKey = (period, instant) => {
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
//# sourceMappingURL=accounts.js.map