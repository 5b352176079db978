import type { JournalName, Snapshot } from '@verdict/application';
import { APPEND_BYTES_MAX } from '@verdict/application';
import type { Connections } from '../driver/connections.js';
import { failureOf } from '../driver/failure.js';
import type { Patience } from '../driver/patience.js';
import { patiently } from '../driver/patience.js';
import { appendEvents, contentEvent } from '../streams/append-events.js';
import type { EventReader } from '../streams/event-reader.js';
import type { Access } from '../streams/stream-metadata.js';
import { hasAcl, readMetadata, snapshotAcl, writeMetadata } from '../streams/stream-metadata.js';
import { snapshotStream } from '../streams/stream-names.js';
import { CHUNK_BYTES, chunksOf, decodeChunk, encodeChunk, joinChunks } from './chunks.js';

export interface SnapshotsOptions {
  readonly connections: Connections;
  readonly reader: EventReader;
  readonly patience: Patience;
  readonly access: Access | undefined;
}

/** The newest whole snapshot of a stream, and the stream's last revision. */
interface Kept {
  readonly snapshot: Snapshot | undefined;
  readonly head: bigint;
}

const CHUNK = 'snapshot_chunk';
const CHUNKS_PER_APPEND = Math.floor(APPEND_BYTES_MAX / (CHUNK_BYTES + 2_048));
const CONFLICTS_MAX = 20;

/** Snapshots in streams of their own, one per journal and owner, cut into chunks that an append may hold. */
export class Snapshots {
  constructor(private readonly options: SnapshotsOptions) {}

  async load(journal: JournalName, owner: string): Promise<Snapshot | undefined> {
    return (await this.kept(snapshotStream(journal, owner))).snapshot;
  }

  /** A conflict means that somebody else saves too: the newer of both is decided anew. */
  async save(journal: JournalName, owner: string, snapshot: Snapshot): Promise<void> {
    const stream = snapshotStream(journal, owner);
    for (let conflict = 0; conflict <= CONFLICTS_MAX; conflict += 1) {
      const { snapshot: kept, head } = await this.kept(stream);
      if (kept !== undefined && kept.revision > snapshot.revision) return;
      if (await this.append(stream, head, snapshot)) {
        await this.trim(stream, head + 1n);
        return;
      }
    }
    throw new Error(`the snapshot of ${journal} met ${String(CONFLICTS_MAX)} conflicts in a row`);
  }

  /** Goes back from the end: a writer that died half-way has left chunks that make no snapshot. */
  private async kept(stream: string): Promise<Kept> {
    const { reader } = this.options;
    const newest = await reader.last(stream);
    const head = newest?.revision ?? -1n;
    let event = newest;
    while (event !== undefined) {
      const { revision, data } = event;
      const chunk = decodeChunk(data);
      if (chunk !== undefined && chunk.index === chunk.count - 1) {
        const events = await reader.page({ stream, from: revision, count: chunk.count, isBackwards: true });
        const snapshot = joinChunks(events.map((each) => decodeChunk(each.data)).reverse());
        if (snapshot !== undefined) return { snapshot, head };
      }
      [event] = revision === 0n ? [] : await reader.page({ stream, from: revision - 1n, count: 1, isBackwards: true });
    }
    return { snapshot: undefined, head };
  }

  /** `false`: somebody else has written to the stream. */
  private async append(stream: string, head: bigint, snapshot: Snapshot): Promise<boolean> {
    const { connections, patience } = this.options;
    const events = chunksOf(snapshot).map((chunk) => contentEvent(CHUNK, encodeChunk(chunk)));
    try {
      for (let start = 0; start < events.length; start += CHUNKS_PER_APPEND) {
        const part = events.slice(start, start + CHUNKS_PER_APPEND);
        const append = { stream, expected: head + BigInt(start), events: part };
        await patiently(patience, () => connections.run((client) => appendEvents(client, append), { isAppend: true }));
      }
      return true;
    } catch (error) {
      if (failureOf(error) === 'conflict') return false;
      throw error;
    }
  }

  /** Lets the store forget what is before the newest snapshot. Somebody else's trim at the same time will do. */
  private async trim(stream: string, before: bigint): Promise<void> {
    const { connections, reader, patience, access } = this.options;
    const current = await readMetadata(reader, stream);
    const { $tb: given } = current.metadata;
    if (typeof given === 'number' && BigInt(given) >= before) return;
    const acl = access === undefined || hasAcl(current) ? {} : { $acl: snapshotAcl(access) };
    const metadata = { ...current.metadata, ...acl, $tb: Number(before) };
    await patiently(patience, () => writeMetadata(connections, stream, { ...current, metadata }));
  }
}
