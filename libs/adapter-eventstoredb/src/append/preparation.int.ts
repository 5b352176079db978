import { describe, expect, it } from '@jest/globals';
import { jsonEvent, NO_STREAM, StreamNotFoundError } from '@eventstore/db-client';
import { batchAfter, freshJournal } from '@verdict/testkit';
import { LogDamaged } from '../errors.js';
import { withServer } from '../testing/with-server.js';

const ACCESS = { writer: 'gate', readers: ['approvals', 'audit'] };
const ALL = ['gate', 'approvals', 'audit'];

describe('Metadata of a journal', () => {
  const store = withServer();
  const setMetadata = (journal: string, data: Record<string, unknown>) =>
    store.raw().appendToStream(`$$${journal}`, jsonEvent({ type: '$metadata', data: data as Record<string, string> }), {
      expectedRevision: NO_STREAM,
    });
  const metadataOf = async (stream: string): Promise<unknown> => {
    const reading = store.raw().readStream(`$$${stream}`, { direction: 'backwards', fromRevision: 'end', maxCount: 1 });
    try {
      const found: unknown[] = [];
      for await (const { event } of reading) found.push(event?.data);
      return found[0];
    } catch (error) {
      if (error instanceof StreamNotFoundError) return undefined;
      throw error;
    }
  };

  it.each([{ $maxCount: 1_000_000 }, { $maxAge: 1_000_000 }, { $tb: 0 }])(
    'that lets the store forget entries keep the adapter from starting: %j',
    async (metadata) => {
      const journal = freshJournal();
      const { journals } = await store.open();
      await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
      await setMetadata(journal, metadata);
      await expect(store.open()).rejects.toMatchObject({
        name: 'LogDamaged',
        journals: [journal],
        message: expect.stringContaining(Object.keys(metadata)[0] ?? ''),
      });
    },
  );

  it('that lets the store forget entries keep a first append out', async () => {
    const journal = freshJournal();
    const { journals, told } = await store.open();
    await setMetadata(journal, { $maxCount: 10 });
    await expect(journals.append(journal, -1n, batchAfter(journal, -1n, ['a']))).rejects.toThrow(LogDamaged);
    expect(told.alarms).toMatchObject([{ kind: 'append_refused', journal }]);
    expect(await journals.list()).not.toContain(journal);
  });

  it('hold no access list unless users are named', async () => {
    const journal = freshJournal();
    const { journals } = await store.open();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    expect(await metadataOf(journal)).toBeUndefined();
  });

  it('say who may write, read and change them, from the first append on', async () => {
    const journal = freshJournal();
    const { journals } = await store.open({ access: ACCESS });
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    expect(await metadataOf(journal)).toEqual({
      $acl: { $w: ['gate'], $r: ALL, $mr: ALL, $d: ['$admins'], $mw: ['$admins'] },
    });
    expect(await metadataOf('verdict-journals')).toMatchObject({ $acl: { $w: ALL, $r: ALL } });
    const snapshot = { revision: 0n, leafHash: new Uint8Array(32), schemaVersion: 1, state: new Uint8Array(1) };
    await journals.saveSnapshot(journal, 'gate', snapshot);
    expect(await metadataOf(`verdict-snapshots-gate/${journal}`)).toEqual({
      $acl: { $w: ['gate'], $r: ALL, $mr: ALL, $d: ['$admins'], $mw: ['gate', '$admins'] },
      $tb: 0,
    });
  });

  it('keep what an operator has set', async () => {
    const journal = freshJournal();
    const { journals } = await store.open({ access: ACCESS });
    await setMetadata(journal, { $acl: { $w: ['ops'] }, note: 'ours' });
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    expect(await metadataOf(journal)).toEqual({ $acl: { $w: ['ops'] }, note: 'ours' });
  });
});

describe('The registry of names', () => {
  const store = withServer();

  it('takes names from many processes at once, each once', async () => {
    const clients = await Promise.all([store.open(), store.open(), store.open()]);
    const names = Array.from({ length: 30 }, freshJournal);
    await Promise.all(
      clients.flatMap(({ journals }) =>
        names.map((journal) => journals.append(journal, -1n, batchAfter(journal, -1n, ['a']))),
      ),
    );
    for (const { journals } of clients) expect(await journals.list()).toEqual([...names].sort());
    let stored = 0;
    for await (const { event } of store.raw().readStream('verdict-journals')) stored += event === undefined ? 0 : 1;
    expect(stored).toBe(names.length);
  });
});
