import { randomUUID } from 'node:crypto';
import { checkCommit, type CommitDecision, type StreamFacts } from './commit-check.js';
import {
  DELETED_REVISION,
  type Expected,
  isMetastream,
  METADATA_TYPE,
  metastreamOf,
  NO_STREAM,
  originalOf,
  type ProposedEvent,
  type RecordedEvent,
} from './events.js';
import type { Log } from './log.js';
import { RecentIds } from './recent-ids.js';
import type { Frame, LogRecord } from './records.codec.js';
import { isSoftDeleted, retentionOf, softDeletion, undeletion } from './stream-metadata.js';
import { StreamIndex, type StreamView } from './stream-index.js';

export type WriteResult =
  | { readonly kind: 'success'; readonly revision: bigint; readonly position: bigint | undefined }
  | { readonly kind: 'wrong_expected_version'; readonly current: bigint }
  | { readonly kind: 'stream_deleted' };

interface Write {
  readonly stream: string;
  readonly expected: Expected;
  readonly createdTicks: bigint;
}

/** Called with what was just committed. */
export type CommitListener = (events: readonly RecordedEvent[]) => void;

const NEVER = new Promise<never>(() => undefined);

const metadataEvent = (data: Uint8Array): ProposedEvent => ({
  ...{ id: randomUUID(), type: METADATA_TYPE, isJson: true, data, metadata: new Uint8Array() },
});

/**
 * Streams on a log. A write is decided against all earlier ones at once, and shown to readers and to its writer when it
 * is durable. After `close` no promise of a write settles: a server that is gone answers nobody.
 */
export class Store {
  private readonly index = new StreamIndex();
  private readonly ids = new RecentIds();
  private readonly listeners = new Set<CommitListener>();
  private visibleEnd = 0n;
  private isOpen = true;

  private constructor(private readonly log: Log) {}

  static async open(log: Log): Promise<Store> {
    const store = new Store(log);
    for (const frame of await log.load()) for (const record of frame) store.index.apply(record);
    store.visibleEnd = store.index.end;
    return store;
  }

  async close(): Promise<void> {
    this.isOpen = false;
    this.listeners.clear();
    await this.log.close();
  }

  async append(write: Write, events: readonly ProposedEvent[]): Promise<WriteResult> {
    const { stream } = write;
    const decision = this.decide(
      write,
      events.map(({ id }) => id),
    );
    if (decision.kind !== 'write') return this.answer(stream, decision);
    const before = this.index.lastRevision(stream);
    const records: LogRecord[] = [{ kind: 'write', stream, createdTicks: write.createdTicks, events }];
    if (decision.isUndeletion) records.push(this.undeletion(write, stream, this.metadataOf(stream)));
    const original = isMetastream(stream) ? originalOf(stream) : undefined;
    // New metadata of a soft-deleted stream let it live again too.
    if (original !== undefined && isSoftDeleted(retentionOf(this.metadataOf(original)))) {
      records.push(this.undeletion(write, original, events.at(-1)));
    }
    await this.commit(records);
    return this.success(stream, before + BigInt(events.length));
  }

  /** Hides what the stream has; it may be written again and goes on counting. */
  async softDelete(write: Write): Promise<WriteResult> {
    const decision = this.decide(write, [randomUUID()]);
    if (decision.kind !== 'write') return this.answer(write.stream, decision);
    const metastream = metastreamOf(write.stream);
    const events = [metadataEvent(softDeletion())];
    await this.commit([{ kind: 'write', stream: metastream, createdTicks: write.createdTicks, events }]);
    return this.success(metastream, this.index.lastRevision(metastream));
  }

  /** Ends the stream for ever. */
  async tombstone({ stream, createdTicks, expected }: Write): Promise<WriteResult> {
    const id = randomUUID();
    const decision = this.decide({ stream, createdTicks, expected }, [id]);
    if (decision.kind !== 'write') return this.answer(stream, decision);
    await this.commit([{ kind: 'tombstone', stream, createdTicks, id }]);
    return this.success(stream, DELETED_REVISION);
  }

  lose(stream: string, revision: bigint): void {
    const record: LogRecord = { kind: 'loss', stream, revision };
    this.index.apply(record);
    void this.log.append([record]);
  }

  forgetIds(stream?: string): void {
    this.ids.forget(stream);
  }

  /** What is durable of a stream. */
  view(stream: string): StreamView {
    return this.index.view(stream, this.visibleEnd);
  }

  /** Durable events of all streams after a position, oldest first. */
  after(position: bigint, countMax: number): readonly RecordedEvent[] {
    return this.index.after(position, this.visibleEnd, countMax);
  }

  /** Durable events of all streams before a position, newest first. */
  before(position: bigint, countMax: number): readonly RecordedEvent[] {
    return this.index.before(position < this.visibleEnd ? position : this.visibleEnd, countMax);
  }

  get lastPosition(): bigint {
    return this.index.before(this.visibleEnd, 1)[0]?.position ?? -1n;
  }

  /** Every stream that was written, system streams included. */
  streamNames(): readonly string[] {
    return this.index.names();
  }

  /** Calls back after each commit, until the returned function is called. */
  onCommit(listener: CommitListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private decide({ stream, expected }: Write, ids: readonly string[]): CommitDecision {
    return checkCommit(expected, ids, this.facts(stream));
  }

  private facts(stream: string): StreamFacts {
    const isTombstoned = this.index.isTombstoned(isMetastream(stream) ? originalOf(stream) : stream);
    const metadata = this.metadataOf(stream);
    return {
      lastRevision: this.index.lastRevision(stream),
      isTombstoned,
      isSoftDeleted: isSoftDeleted(retentionOf(metadata)),
      hasMetadata: metadata !== undefined,
      idAt: (revision) => this.index.at(stream, revision)?.id,
      recentRevisionOf: (id) => this.ids.revisionOf(stream, id),
    };
  }

  private metadataOf(stream: string): RecordedEvent | undefined {
    return this.index.lastEvent(metastreamOf(stream));
  }

  private undeletion({ createdTicks }: Write, stream: string, metadata: ProposedEvent | undefined): LogRecord {
    const data = undeletion(metadata, this.index.lastRevision(stream) + 1n);
    return { kind: 'write', stream: metastreamOf(stream), createdTicks, events: [metadataEvent(data)] };
  }

  private async commit(frame: Frame): Promise<void> {
    if (!this.isUp()) return NEVER; // Nothing is awaited between the decision and this: two writers would both win.
    const events = frame.flatMap((record) => this.index.apply(record));
    for (const { id, stream, revision } of events) this.ids.remember(id, { stream, revision });
    const { end } = this.index;
    await this.durable(frame);
    if (end > this.visibleEnd) this.visibleEnd = end;
    for (const listener of this.listeners) listener(events);
    return this.isUp() ? undefined : NEVER;
  }

  private isUp(): boolean {
    return this.isOpen;
  }

  /** A server that cannot write is of no use, and what it has in memory is ahead of its disk: it ends. */
  private async durable(frame: Frame): Promise<void> {
    try {
      await this.log.append(frame);
    } catch (error) {
      this.isOpen = false;
      throw error;
    }
  }

  /** A repetition may come while the first is still under way: its answer waits for the disk too. */
  private async answer(stream: string, decision: Exclude<CommitDecision, { kind: 'write' }>): Promise<WriteResult> {
    if (decision.kind !== 'idempotent') return decision;
    const event = this.index.at(stream, decision.lastRevision);
    if (event !== undefined && event.position >= this.visibleEnd) await this.visible(event.position);
    return this.success(stream, decision.lastRevision);
  }

  private visible(position: bigint): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.onCommit(() => {
        if (position >= this.visibleEnd) return;
        stop();
        resolve();
      });
    });
  }

  private success(stream: string, revision: bigint): WriteResult {
    const event = revision === NO_STREAM ? undefined : this.index.at(stream, revision);
    return { kind: 'success', revision, position: event?.position };
  }
}
