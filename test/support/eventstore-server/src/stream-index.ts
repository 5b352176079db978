import {
  DELETED_REVISION,
  isMetastream,
  metastreamOf,
  msOf,
  originalOf,
  type ProposedEvent,
  type RecordedEvent,
  sizeOf,
  TOMBSTONE_TYPE,
} from './events.js';
import type { LogRecord } from './records.codec.js';
import { isSoftDeleted, retentionOf } from './stream-metadata.js';

interface Stream {
  /** By revision; a lost event leaves a hole. */
  readonly events: (RecordedEvent | undefined)[];
  tombstone: RecordedEvent | undefined;
}

/** A stream as readers see it. */
export interface StreamView {
  readonly status: 'alive' | 'absent' | 'tombstoned';
  /** Of the last event that was ever written, -1 if none was. */
  readonly lastRevision: bigint;
  /** The tombstone, of a tombstoned stream. */
  readonly tombstone: RecordedEvent | undefined;
  /** Events from a revision on, oldest first, at most `countMax`. */
  forwards(from: bigint, countMax: number): readonly RecordedEvent[];
  /** Events from a revision down, newest first. */
  backwards(from: bigint, countMax: number): readonly RecordedEvent[];
}

/** The log starts with a header, so that no event is at position 0. */
const FIRST_POSITION = 64n;
const RECORD_OVERHEAD = 96;

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** All streams in memory, in the order of the log. Positions follow from that order alone, hence survive a restart. */
export class StreamIndex {
  private readonly streams = new Map<string, Stream>();
  private readonly all: RecordedEvent[] = [];
  private nextPosition = FIRST_POSITION;

  /** Greater than the position of every event. */
  get end(): bigint {
    return this.nextPosition;
  }

  names(): readonly string[] {
    return [...this.streams.keys()];
  }

  /** Returns the events that the record adds. */
  apply(record: LogRecord): readonly RecordedEvent[] {
    switch (record.kind) {
      case 'write':
        return this.write(record.stream, record.createdTicks, record.events);
      case 'tombstone': {
        const event = this.place(record.stream, DELETED_REVISION, record.createdTicks, {
          ...{ id: record.id, type: TOMBSTONE_TYPE, isJson: false, data: new Uint8Array(), metadata: new Uint8Array() },
        });
        this.stream(record.stream).tombstone = event;
        return [event];
      }
      case 'loss':
        this.lose(record.stream, record.revision);
        return [];
    }
  }

  lastRevision(stream: string): bigint {
    return BigInt(this.streams.get(stream)?.events.length ?? 0) - 1n;
  }

  isTombstoned(stream: string): boolean {
    return this.streams.get(stream)?.tombstone !== undefined;
  }

  at(stream: string, revision: bigint): RecordedEvent | undefined {
    const found = this.streams.get(stream);
    return revision === DELETED_REVISION ? found?.tombstone : found?.events[Number(revision)];
  }

  lastEvent(stream: string): RecordedEvent | undefined {
    return this.streams.get(stream)?.events.at(-1);
  }

  view(name: string, end: bigint): StreamView {
    const events = this.streams.get(name)?.events ?? [];
    let count = events.length;
    while (count > 0 && (events[count - 1]?.position ?? 0n) >= end) count -= 1;
    const lastRevision = BigInt(count) - 1n;
    const tombstone = this.streams.get(isMetastream(name) ? originalOf(name) : name)?.tombstone;
    const isTombstoned = tombstone !== undefined && tombstone.position < end;
    const retention = this.retention(name, end);
    const isAbsent = count === 0 || isSoftDeleted(retention);
    const first = max(
      retention.truncateBefore ?? 0n,
      retention.maxCount === undefined ? 0n : lastRevision - retention.maxCount + 1n,
    );
    const oldestMs = retention.maxAgeSeconds === undefined ? 0 : Date.now() - retention.maxAgeSeconds * 1000;
    const collect = (from: bigint, step: 1n | -1n, countMax: number): readonly RecordedEvent[] => {
      const found: RecordedEvent[] = [];
      if (isAbsent || isTombstoned) return found;
      for (let r = from; r >= max(first, 0n) && r <= lastRevision && found.length < countMax; r += step) {
        const event = events[Number(r)];
        if (event !== undefined && msOf(event.createdTicks) >= oldestMs) found.push(event);
      }
      return found;
    };
    return {
      status: isTombstoned ? 'tombstoned' : isAbsent ? 'absent' : 'alive',
      lastRevision,
      tombstone: isTombstoned ? tombstone : undefined,
      forwards: (from, countMax) => collect(max(from, first), 1n, countMax),
      backwards: (from, countMax) => collect(min(from, lastRevision), -1n, countMax),
    };
  }

  after(position: bigint, end: bigint, countMax: number): readonly RecordedEvent[] {
    const found: RecordedEvent[] = [];
    for (let i = this.firstAt(position + 1n); i < this.all.length && found.length < countMax; i += 1) {
      const event = this.all[i];
      if (event === undefined || event.position >= end) break;
      found.push(event);
    }
    return found;
  }

  before(position: bigint, countMax: number): readonly RecordedEvent[] {
    const end = this.firstAt(position);
    return this.all.slice(Math.max(0, end - countMax), end).reverse();
  }

  /** Index of the first event at or after a position. */
  private firstAt(position: bigint): number {
    let [low, high] = [0, this.all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.all[middle]?.position ?? 0n) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A stream of metadata keeps its last event alone. */
  private retention(name: string, end: bigint): ReturnType<typeof retentionOf> {
    if (isMetastream(name)) return { maxCount: 1n };
    const events = this.streams.get(metastreamOf(name))?.events ?? [];
    return retentionOf(events.findLast((event) => event !== undefined && event.position < end));
  }

  private stream(name: string): Stream {
    const known = this.streams.get(name);
    if (known !== undefined) return known;
    const created: Stream = { events: [], tombstone: undefined };
    this.streams.set(name, created);
    return created;
  }

  private write(name: string, createdTicks: bigint, proposed: readonly ProposedEvent[]): readonly RecordedEvent[] {
    const { events } = this.stream(name);
    return proposed.map((event) => {
      const recorded = this.place(name, BigInt(events.length), createdTicks, event);
      events.push(recorded);
      return recorded;
    });
  }

  private place(stream: string, revision: bigint, createdTicks: bigint, event: ProposedEvent): RecordedEvent {
    const recorded = { ...event, stream, revision, position: this.nextPosition, createdTicks };
    this.nextPosition += BigInt(RECORD_OVERHEAD + sizeOf(event));
    this.all.push(recorded);
    return recorded;
  }

  private lose(name: string, revision: bigint): void {
    const { events } = this.stream(name);
    const event = events[Number(revision)];
    if (event === undefined) throw new Error(`${name} has no event ${String(revision)}`);
    events[Number(revision)] = undefined;
    this.all.splice(this.firstAt(event.position), 1);
  }
}
