/**
 * What can go wrong, by name. Each fault strikes the next call it fits, as often as it was armed.
 *
 * - `crash_before_commit`: the append is lost on its way; answered `unknown`, nothing is stored
 * - `crash_after_commit`: the append is stored, its answer is lost; answered `unknown`
 * - `conflict`: answered `conflict` though nobody else wrote; nothing is stored
 * - `delay`: the append commits and answers some turns of the event loop later
 * - `duplicate_notice`, `late_notice`, `lost_notice`: a subscriber hears twice, later, or only at the next `poll()`
 * - `gap`: a read finds a hole and throws JournalGap
 */
export type Fault =
  | 'crash_before_commit'
  | 'crash_after_commit'
  | 'conflict'
  | 'delay'
  | 'duplicate_notice'
  | 'late_notice'
  | 'lost_notice'
  | 'gap';

/** Arms faults and counts those that struck, so that a test can prove that it met what it was written for. */
export class Faults {
  private readonly armed = new Map<Fault, number>();
  private readonly struck = new Map<Fault, number>();

  /** Lets `fault` strike the next `times` calls that it fits, in addition to those already armed. */
  arm(fault: Fault, times = 1): void {
    this.armed.set(fault, (this.armed.get(fault) ?? 0) + times);
  }

  /** Disarms everything; the counts stay. */
  clear(): void {
    this.armed.clear();
  }

  /** How often `fault` has struck so far. */
  count(fault: Fault): number {
    return this.struck.get(fault) ?? 0;
  }

  /** Takes one armed strike, if there is one. */
  strikes(fault: Fault): boolean {
    const left = this.armed.get(fault) ?? 0;
    if (left === 0) return false;
    this.armed.set(fault, left - 1);
    this.struck.set(fault, this.count(fault) + 1);
    return true;
  }
}
