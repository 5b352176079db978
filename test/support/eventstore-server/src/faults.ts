/** What may go wrong. Those of appends strike the unary and the batch path alike, but for the two that need a batch. */
export type Fault =
  | 'die_before_commit'
  | 'die_after_commit'
  | 'never_answer'
  | 'lose_request'
  | 'answer_late'
  | 'answer_twice'
  | 'half_close'
  | 'drop_connection'
  | 'not_leader'
  | 'busy'
  | 'timeout_after_commit'
  | 'access_denied'
  | 'oversize'
  | 'silent_subscription'
  | 'drop_subscription'
  | 'checkpoint_ahead'
  | 'all_gap'
  | 'forget_ids'
  | 'clock_skew';

export interface FaultOptions {
  readonly stream?: string;
  readonly times?: number;
  readonly ms?: number;
}

export interface Faults {
  /** The next `times` (default 1) calls that the switch concerns (of `stream`, if given) are hit; then it is off again. */
  arm(fault: Fault, options?: FaultOptions): void;
  clear(): void;
  /** How often it has struck since start. */
  count(fault: Fault): number;
}

interface Armed {
  readonly fault: Fault;
  readonly stream: string | undefined;
  readonly ms: number | undefined;
  left: number;
}

export interface Strike {
  readonly fault: Fault;
  readonly ms: number | undefined;
}

/** The switches, as the server's parts ask them. */
export class FaultSwitches implements Faults {
  private armed: Armed[] = [];
  private readonly counts = new Map<Fault, number>();
  private readonly listeners = new Map<Fault, (options: FaultOptions) => number>();

  arm(fault: Fault, options: FaultOptions = {}): void {
    const struck = this.listeners.get(fault)?.(options) ?? 0;
    this.add(fault, struck);
    const left = (options.times ?? 1) - (struck > 0 ? 1 : 0);
    if (left > 0) this.armed.push({ fault, stream: options.stream, ms: options.ms, left });
  }

  clear(): void {
    this.armed = [];
  }

  count(fault: Fault): number {
    return this.counts.get(fault) ?? 0;
  }

  /** For faults that concern what is there already: strikes as soon as it is armed, and says how much was hit. */
  strikeWhenArmed(fault: Fault, strike: (options: FaultOptions) => number): void {
    this.listeners.set(fault, strike);
  }

  /** Takes the first armed switch among `faults` that concerns one of these streams; counts it. */
  take(faults: readonly Fault[], concerns: (stream: string) => boolean): Strike | undefined {
    const found = this.armed.find(
      ({ fault, stream }) => faults.includes(fault) && (stream === undefined || concerns(stream)),
    );
    if (found === undefined) return undefined;
    found.left -= 1;
    this.armed = this.armed.filter(({ left }) => left > 0);
    this.add(found.fault, 1);
    return { fault: found.fault, ms: found.ms };
  }

  private add(fault: Fault, times: number): void {
    this.counts.set(fault, this.count(fault) + times);
  }
}
