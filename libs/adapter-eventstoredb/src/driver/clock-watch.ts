import type { RecordedEvent } from '@eventstore/db-client';
import type { OnAlarm } from '../errors.js';

interface Sent {
  readonly revision: bigint;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

const SKEW_MS_MAX = 1_000;
const REMEMBERED_MAX = 1_000;
const ALARM_PAUSE_MS = 60_000;
/** Well below the deadline of 10 s that each append carries. */
const EARLY_MS = 1_000;

/**
 * Compares the store's clock with ours. An append carries its deadline as a time of day: a store whose clock is ahead
 * drops it unread. An event that we have appended was made between our sending it and our hearing of it.
 *
 * @source protocols section 5, row 7 of the table
 */
export class ClockWatch {
  private readonly sent = new Map<string, Sent>();
  private alarmedAtMs = 0;

  constructor(
    private readonly onAlarm: OnAlarm,
    private readonly nowMs: () => number = Date.now,
  ) {}

  now(): number {
    return this.nowMs();
  }

  appended(stream: string, revision: bigint, sentAtMs: number): void {
    if (this.sent.size >= REMEMBERED_MAX) this.sent.clear();
    this.sent.set(stream, { revision, sentAtMs, answeredAtMs: this.nowMs() });
  }

  /** The store called the deadline of an append passed; right after sending, that can be its clock. */
  timedOut(sentAtMs: number): void {
    const elapsedMs = this.nowMs() - sentAtMs;
    if (elapsedMs < EARLY_MS)
      this.alarm(`the store called the deadline of an append passed ${String(elapsedMs)} ms after it was sent`);
  }

  seen({ streamId, revision, created }: Pick<RecordedEvent, 'streamId' | 'revision' | 'created'>): void {
    const sent = this.sent.get(streamId);
    if (sent?.revision !== revision) return;
    this.sent.delete(streamId);
    const madeAtMs = created.getTime();
    const skewMs = Math.max(sent.sentAtMs - madeAtMs, madeAtMs - sent.answeredAtMs);
    if (skewMs > SKEW_MS_MAX) this.alarm(`the clocks of the store and of this process differ by ${String(skewMs)} ms`);
  }

  private alarm(reason: string): void {
    if (this.nowMs() - this.alarmedAtMs < ALARM_PAUSE_MS) return;
    this.alarmedAtMs = this.nowMs();
    this.onAlarm({ kind: 'clock_skew', reason });
  }
}
