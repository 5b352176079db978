/**
 * What may go wrong. A switch without a remark concerns appends, on either path; the four of "any call" concern reads,
 * subscriptions and deletions too.
 */
export type Fault =
  | 'die_before_commit' // The connection is dropped, nothing is stored. All clients of a process share one.
  | 'die_after_commit' // Stored, then the connection is dropped.
  | 'never_answer' // Stored, never answered; the connection stays.
  | 'lose_request' // Not stored, never answered.
  | 'answer_late' // Stored, answered after `ms` (default 3000).
  | 'answer_twice' // Batch only: an answer to what is answered already.
  | 'half_close' // Batch only: stored, and the call ends cleanly with the answer pending.
  | 'drop_connection' // Any call: its connection is dropped, nothing is done.
  | 'not_leader' // Any call: the leader is somebody else, at this address.
  | 'busy' // Any call.
  | 'timeout_after_commit' // Stored, answered as timed out.
  | 'access_denied' // Any call.
  | 'oversize' // Not stored, refused as too large.
  | 'silent_subscription' // Those that are open deliver nothing more, without an error; if none is, the next to open.
  | 'drop_subscription' // Those that are open end with an error; if none is, the next to open.
  | 'checkpoint_ahead' // The checkpoint of a filter is sent before the events it covers.
  | 'all_gap' // An event that is appended is kept from every subscription to `$all`, until a restart.
  | 'forget_ids' // The best-effort memory of ids is emptied at once, or what it has of a stream.
  | 'clock_skew'; // The server's clock is `ms` (default one hour) ahead: a batch is too late for its deadline.

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
