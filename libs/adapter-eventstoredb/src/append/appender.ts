import { binaryEvent, ErrorType } from '@eventstore/db-client';
import type { AppendResult, JournalName, Revision, SealedEntry } from '@verdict/application';
import type { ClockWatch } from '../driver/clock-watch.js';
import type { Connections } from '../driver/connections.js';
import { failureOf } from '../driver/failure.js';
import type { Patience } from '../driver/patience.js';
import { pauseBefore } from '../driver/patience.js';
import { JournalsClosed, LogDamaged, memberOf, messageOf } from '../errors.js';
import type { OnAlarm } from '../errors.js';
import type { KnownHeads } from '../read/known-heads.js';
import { appendEvents } from '../streams/append-events.js';
import type { Batch, Waiting } from './append-queue.js';
import { AppendQueue } from './append-queue.js';
import { misplacedIn } from './placement.js';
import type { Preparation } from './preparation.js';

/** One append, as an observer sees it. */
export interface AppendReport {
  readonly journal: JournalName;
  readonly entries: number;
  readonly tries: number;
  readonly ms: number;
  readonly outcome: AppendResult['kind'] | 'failed';
}

export interface AppenderOptions {
  readonly connections: Connections;
  readonly preparation: Preparation;
  readonly known: KnownHeads;
  readonly clock: ClockWatch;
  readonly patience: Patience;
  /** Appends under way at the same time; never two of one journal. */
  readonly inFlightMax: number;
  readonly waitingMax: number;
  readonly onAppend: (report: AppendReport) => void;
  readonly onAlarm: OnAlarm;
}

type Outcome = { readonly result: AppendResult; readonly tries: number };

const UNKNOWN: AppendResult = { kind: 'unknown' };
const CONFLICT: AppendResult = { kind: 'conflict' };

const eventOf = ({ storeId, type, bytes }: SealedEntry) => binaryEvent({ id: storeId, type, data: bytes });

/** Group commit's other half: what waits is sent journal by journal, one batch of each at a time. */
export class Appender {
  private readonly queue = new AppendQueue();
  private readonly stopped = new Map<JournalName, LogDamaged>();
  private inFlight = 0;
  private closing: (() => void) | undefined;

  constructor(private readonly options: AppenderOptions) {}

  append(journal: JournalName, expected: Revision, entries: readonly SealedEntry[]): Promise<AppendResult> {
    if (this.closing !== undefined) return Promise.reject(new JournalsClosed());
    if (this.queue.size >= this.options.waitingMax) return Promise.resolve(UNKNOWN); // Safe to repeat, as ever.
    return new Promise((resolve, reject) => {
      this.queue.add({ journal, expected, entries, resolve, reject });
      this.flush();
    });
  }

  /** Answers what is waiting, then refuses more. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.closing = resolve;
      this.flush();
    });
  }

  private flush(): void {
    while (this.inFlight < this.options.inFlightMax) {
      const next = this.queue.take();
      if (next === undefined) break;
      this.inFlight += 1;
      void this.run(next).finally(() => {
        this.inFlight -= 1;
        this.queue.done(next.journal);
        this.flush();
      });
    }
    if (this.inFlight === 0 && this.queue.size === 0) this.closing?.();
  }

  private async run(batch: Waiting): Promise<void> {
    const started = performance.now();
    const report = (outcome: AppendReport['outcome'], tries: number): void => {
      const { journal, entries } = batch;
      this.options.onAppend({ journal, entries: entries.length, tries, ms: performance.now() - started, outcome });
    };
    try {
      const { result, tries } = await this.store(batch);
      report(result.kind, tries);
      batch.resolve(result);
    } catch (error) {
      report('failed', 1);
      batch.reject(error);
    }
  }

  private async store(batch: Batch): Promise<Outcome> {
    const { journal, expected, entries } = batch;
    const stopped = this.stopped.get(journal);
    if (stopped !== undefined) throw stopped;
    const misplaced = misplacedIn(journal, expected, entries);
    if (misplaced !== undefined) {
      this.options.onAlarm({
        kind: 'entry_misplaced',
        journal,
        reason: `entry ${misplaced.storeId} names another place`,
      });
      return { result: CONFLICT, tries: 0 };
    }
    try {
      await this.options.preparation.prepare(journal);
    } catch (error) {
      if (failureOf(error) === 'doubtful' && !(error instanceof LogDamaged)) return { result: UNKNOWN, tries: 0 };
      this.refused(journal, error);
      throw error;
    }
    return this.tryAgain(batch);
  }

  /** The same ids at the same revision until the outcome is known: the store answers a repeat like the first time. */
  private async tryAgain(batch: Batch): Promise<Outcome> {
    const { patience } = this.options;
    const { repeats } = patience;
    for (let repeat = 0; repeat <= repeats; repeat += 1) {
      if (repeat > 0) await pauseBefore(patience, repeat - 1);
      try {
        return { result: await this.attempt(batch), tries: repeat + 1 };
      } catch (error) {
        if (error instanceof LogDamaged) throw error;
        const failure = failureOf(error);
        if (failure === 'conflict') return { result: CONFLICT, tries: repeat + 1 };
        if (failure === 'doubtful') continue;
        this.refused(batch.journal, error);
        // After a doubtful try a refusal says nothing about that try: it may have been stored.
        if (repeat === 0) throw error;
        break;
      }
    }
    return { result: UNKNOWN, tries: repeats + 1 };
  }

  private async attempt({ journal, expected, entries }: Batch): Promise<AppendResult> {
    const { connections, clock, known } = this.options;
    const last = expected + BigInt(entries.length);
    const sentAtMs = clock.now();
    const append = { stream: journal, expected, events: entries.map(eventOf) };
    try {
      const answer = await connections.run((client) => appendEvents(client, append), { isAppend: true });
      if (!answer.success || answer.nextExpectedRevision !== last) throw this.stop(journal, last, answer);
    } catch (error) {
      if (memberOf(error, 'type') === ErrorType.DEADLINE_EXCEEDED) clock.timedOut(sentAtMs);
      throw error;
    }
    clock.appended(journal, last, sentAtMs);
    known.raise(journal, last);
    return { kind: 'appended', revision: last };
  }

  /** A stream that was deleted softly takes a first entry and goes on counting: its entries before are gone. */
  private stop(
    journal: JournalName,
    wanted: Revision,
    { nextExpectedRevision }: { readonly nextExpectedRevision: bigint },
  ): LogDamaged {
    const reason = `the store counts ${nextExpectedRevision.toString()} where ${wanted.toString()} was due`;
    const damage = new LogDamaged([journal], reason);
    this.stopped.set(journal, damage);
    this.options.onAlarm({ kind: 'journal_stopped', journal, reason });
    return damage;
  }

  private refused(journal: JournalName, error: unknown): void {
    this.options.onAlarm({ kind: 'append_refused', journal, reason: messageOf(error) });
  }
}
