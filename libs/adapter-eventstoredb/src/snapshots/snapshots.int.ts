import { describe, expect, it } from '@jest/globals';
import type { Snapshot } from '@verdict/application';
import { freshJournal } from '@verdict/testkit';
import { randomBytes } from 'node:crypto';
import { contentEvent } from '../streams/append-events.js';
import { withServer } from '../testing/with-server.js';
import { chunksOf, encodeChunk } from './chunks.js';

const snapshotOf = (revision: bigint, bytes: number): Snapshot => ({
  ...{ revision, leafHash: randomBytes(32), schemaVersion: 3, state: randomBytes(bytes) },
});
const same = (a: Snapshot | undefined, b: Snapshot): boolean =>
  a?.revision === b.revision && Buffer.compare(a.state, b.state) === 0 && Buffer.compare(a.leafHash, b.leafHash) === 0;

describe('A snapshot', () => {
  const store = withServer();
  const kept = async (stream: string): Promise<number> => {
    let count = 0;
    for await (const { event } of store.raw().readStream(stream)) count += event === undefined ? 0 : 1;
    return count;
  };

  it.each([0, 1, 256 * 1024, 256 * 1024 + 1, 5 * 1024 * 1024])(
    'of %d bytes comes back as it was, however many appends it takes',
    async (bytes) => {
      const { journals } = await store.open();
      const journal = freshJournal();
      const snapshot = snapshotOf(7n, bytes);
      await journals.saveSnapshot(journal, 'gate', snapshot);
      expect(same(await journals.loadSnapshot(journal, 'gate'), snapshot)).toBe(true);
    },
  );

  it('takes the place of those before it, which the store may forget', async () => {
    const { journals } = await store.open();
    const journal = freshJournal();
    for (const revision of [1n, 2n, 3n]) await journals.saveSnapshot(journal, 'gate', snapshotOf(revision, 600_000));
    expect(await kept(`verdict-snapshots-gate/${journal}`)).toBe(3);
    expect((await journals.loadSnapshot(journal, 'gate'))?.revision).toBe(3n);
  });

  it('is passed over when its writer died half-way: the one before it counts', async () => {
    const { journals } = await store.open();
    const journal = freshJournal();
    const whole = snapshotOf(4n, 700_000);
    await journals.saveSnapshot(journal, 'gate', whole);
    const torn = chunksOf(snapshotOf(9n, 2_000_000)).slice(0, 3);
    const stream = `verdict-snapshots-gate/${journal}`;
    await store.raw().appendToStream(
      stream,
      torn.map((chunk) => contentEvent('snapshot_chunk', encodeChunk(chunk))),
      {
        expectedRevision: 2n,
      },
    );
    await store.raw().appendToStream(stream, contentEvent('note', Buffer.from('not ours')), { expectedRevision: 5n });
    expect(same(await journals.loadSnapshot(journal, 'gate'), whole)).toBe(true);
    const newer = snapshotOf(10n, 10);
    await journals.saveSnapshot(journal, 'gate', newer);
    expect(same(await journals.loadSnapshot(journal, 'gate'), newer)).toBe(true);
  });

  it('is the newest of many that are saved at once by several processes', async () => {
    const clients = await Promise.all([store.open(), store.open(), store.open()]);
    const journal = freshJournal();
    const revisions = [4n, 9n, 1n, 7n, 3n, 8n];
    await Promise.all(
      revisions.map((revision, index) =>
        clients[index % clients.length]!.journals.saveSnapshot(journal, 'gate', snapshotOf(revision, 1_200_000)),
      ),
    );
    for (const { journals } of clients) expect((await journals.loadSnapshot(journal, 'gate'))?.revision).toBe(9n);
  });

  it('is saved once more when the outcome of an append was in doubt', async () => {
    const { journals } = await store.open();
    const journal = freshJournal();
    const snapshot = snapshotOf(5n, 2_000_000);
    store.faults.arm('die_after_commit', { stream: `verdict-snapshots-gate/${journal}`, times: 2 });
    await journals.saveSnapshot(journal, 'gate', snapshot);
    expect(same(await journals.loadSnapshot(journal, 'gate'), snapshot)).toBe(true);
    expect(await kept(`verdict-snapshots-gate/${journal}`)).toBe(8);
  });
});
