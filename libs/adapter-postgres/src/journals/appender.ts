import type { AppendResult, JournalName } from '@verdict/application';
import { sleep } from '../shared/errors.js';
import type { GroupLimits, Waiting } from './append-queue.js';
import { AppendQueue } from './append-queue.js';
import type { Patience, Query } from './connections.js';
import { failureOf } from './connections.js';
import type { Batch } from './statements.js';
import { appendStatement, createJournals, readBack } from './statements.js';

/** One transaction of the group commit, as an observer sees it. */
export interface BatchReport {
  readonly journals: number;
  readonly entries: number;
  readonly ms: number;
  /** `answered`: every append got appended or conflict. `one_by_one`: refused as a whole and repeated singly. */
  readonly outcome: 'answered' | 'one_by_one' | 'unknown' | 'failed';
}

export interface AppenderOptions {
  readonly query: Query;
  readonly patience: Patience;
  readonly limits: GroupLimits;
  /** Transactions under way at the same time; never two of one journal. */
  readonly inFlightMax: number;
  readonly waitingMax: number;
  readonly commitDelayMs: number;
  readonly onBatch: (report: BatchReport) => void;
}

const KNOWN_JOURNALS_MAX = 100_000;
const UNKNOWN: AppendResult = { kind: 'unknown' };
const CONFLICT: AppendResult = { kind: 'conflict' };

const appended = ({ expected, entries }: Batch): AppendResult => ({
  kind: 'appended',
  revision: expected + BigInt(entries.length),
});

const isOurs = ({ entries }: Batch, leafHashes: readonly Uint8Array[]): boolean =>
  leafHashes.length === entries.length &&
  entries.every(({ leafHash }, index) => Buffer.compare(leafHash, leafHashes[index] ?? new Uint8Array()) === 0);

type Outcome = { readonly report: BatchReport['outcome']; readonly results: ReadonlyMap<JournalName, AppendResult> };

/**
 * Group commit across journals. Appends that wait at the same moment share one statement; no timers: a flush happens in
 * the next turn of the event loop when a slot is free, else when a running transaction returns.
 */
export class Appender {
  private readonly queue = new AppendQueue();
  private readonly known = new Set<JournalName>();
  private inFlight = 0;
  private isFlushDue = false;
  private closing: (() => void) | undefined;

  constructor(private readonly options: AppenderOptions) {}

  append({ journal, expected, entries, seen }: Batch): Promise<AppendResult> {
    if (this.closing !== undefined) return Promise.reject(new Error('the journals are closed'));
    if (this.queue.size >= this.options.waitingMax) return Promise.resolve(UNKNOWN); // Safe to repeat, as ever.
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
    return new Promise((resolve, reject) => {
      this.queue.add({ journal, expected, entries, seen, bytes, resolve, reject });
      this.flushSoon();
    });
  }

  /** Answers what is waiting, then refuses more. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.closing = resolve;
      this.flushSoon();
    });
  }

  private flushSoon(): void {
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    setImmediate(() => {
      this.isFlushDue = false;
      this.flush();
    });
  }

  private flush(): void {
    while (this.inFlight < this.options.inFlightMax) {
      const group = this.queue.take(this.options.limits);
      if (group.length === 0) break;
      this.inFlight += 1;
      void this.run(group).finally(() => {
        this.inFlight -= 1;
        this.queue.done(group);
        this.flushSoon();
      });
    }
    if (this.inFlight === 0 && this.queue.size === 0) this.closing?.();
  }

  private async run(group: readonly Waiting[]): Promise<void> {
    const started = performance.now();
    const report = (outcome: BatchReport['outcome']): void => {
      const entries = group.reduce((sum, batch) => sum + batch.entries.length, 0);
      this.options.onBatch({ journals: group.length, entries, ms: performance.now() - started, outcome });
    };
    try {
      const outcome = await this.store(group);
      report(outcome?.report ?? 'one_by_one');
      if (outcome === undefined) {
        for (const single of group) await this.run([single]);
        return;
      }
      for (const { journal, resolve } of group) resolve(outcome.results.get(journal) ?? UNKNOWN);
    } catch (error) {
      report('failed');
      for (const { reject } of group) reject(error);
    }
  }

  /** Undefined: one batch of several was refused or its journal is locked, so each must go on its own. Throws what a single one was refused for. */
  private async store(group: readonly Waiting[]): Promise<Outcome | undefined> {
    const { repeats, backoffMs } = this.options.patience;
    for (let repeat = 0; repeat <= repeats; repeat += 1) {
      if (repeat > 0) await sleep(backoffMs * 2 ** (repeat - 1));
      try {
        return { report: 'answered', results: await this.attempt(group) };
      } catch (error) {
        const failure = failureOf(error);
        if (failure !== 'doubtful' && group.length > 1) return undefined;
        // After a doubtful try an error says nothing about that try: it may have been committed.
        if ((failure === 'definite' || failure === 'duplicate') && repeat === 0) throw error;
      }
    }
    return { report: 'unknown', results: new Map() };
  }

  private async attempt(group: readonly Waiting[]): Promise<ReadonlyMap<JournalName, AppendResult>> {
    await this.createMissing(group);
    const moved = new Set(await this.appendRows(group));
    const rest = group.filter(({ journal }) => !moved.has(journal));
    const stored = await this.leafHashes(rest);
    return new Map(
      group.map((batch) => {
        const isIn = moved.has(batch.journal) || isOurs(batch, stored.get(batch.journal) ?? []);
        return [batch.journal, isIn ? appended(batch) : CONFLICT];
      }),
    );
  }

  private async appendRows(group: readonly Waiting[]): Promise<readonly JournalName[]> {
    try {
      const rows = await this.options.query<{ stream: string }>(appendStatement(group, this.options.commitDelayMs));
      return rows.map(({ stream }) => stream);
    } catch (error) {
      // A single batch whose entries are stored elsewhere or in part: reading back tells which.
      if (failureOf(error) === 'duplicate' && group.length === 1) return [];
      throw error;
    }
  }

  private async createMissing(group: readonly Waiting[]): Promise<void> {
    const missing = group.filter(({ journal, expected }) => expected === -1n && !this.known.has(journal));
    if (missing.length === 0) return;
    const journals = missing.map(({ journal }) => journal);
    await this.options.query(createJournals(journals));
    if (this.known.size + journals.length > KNOWN_JOURNALS_MAX) this.known.clear();
    for (const journal of journals) this.known.add(journal);
  }

  private async leafHashes(batches: readonly Batch[]): Promise<ReadonlyMap<JournalName, readonly Uint8Array[]>> {
    if (batches.length === 0) return new Map();
    const rows = await this.options.query<{ stream: string; leaf_hash: Uint8Array }>(readBack(batches));
    const found = new Map<JournalName, Uint8Array[]>();
    for (const { stream, leaf_hash: leafHash } of rows) found.set(stream, [...(found.get(stream) ?? []), leafHash]);
    return found;
  }
}
