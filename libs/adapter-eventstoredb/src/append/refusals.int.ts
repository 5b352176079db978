import { describe, expect, it } from '@jest/globals';
import { ErrorType } from '@eventstore/db-client';
import { InvalidAppend } from '@verdict/application';
import { batchAfter, drain, freshJournal, sealedEntry } from '@verdict/testkit';
import type { Fault } from '../../../../test/support/eventstore-server/src/index.js';
import { LogDamaged } from '../errors.js';
import { withServer } from '../testing/with-server.js';

describe('An append that the store refuses', () => {
  const store = withServer();

  it.each<readonly [Fault, ErrorType]>([
    ['access_denied', ErrorType.ACCESS_DENIED],
    ['oversize', ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED],
  ])('%s is neither unknown nor repeated: it throws, with an alarm', async (fault, type) => {
    const { journals, told } = await store.open();
    const journal = freshJournal();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    store.faults.arm(fault, { stream: journal });
    await expect(journals.append(journal, 0n, batchAfter(journal, 0n, ['b']))).rejects.toMatchObject({ type });
    expect(told.appends.map(({ outcome }) => outcome)).toEqual(['appended', 'failed']);
    expect(told.alarms).toMatchObject([{ kind: 'append_refused', journal }]);
    expect(await drain(journals.read(journal, 0n))).toHaveLength(1);
  });

  it('after a doubtful try stays unknown, since that try may have been stored', async () => {
    const { journals, told } = await store.open();
    const journal = freshJournal();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    store.faults.arm('timeout_after_commit', { stream: journal });
    store.faults.arm('access_denied', { stream: journal });
    const batch = batchAfter(journal, 0n, ['b']);
    expect(await journals.append(journal, 0n, batch)).toEqual({ kind: 'unknown' });
    expect(told.alarms.map(({ kind }) => kind)).toContain('append_refused');
    expect(await journals.append(journal, 0n, batch)).toEqual({ kind: 'appended', revision: 1n });
  });

  it('because the stream is deleted for ever throws, with an alarm', async () => {
    const { journals, told } = await store.open();
    const journal = freshJournal();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    await store.raw().tombstoneStream(journal);
    await expect(journals.append(journal, 0n, batchAfter(journal, 0n, ['b']))).rejects.toMatchObject({
      type: ErrorType.STREAM_DELETED,
    });
    expect(told.alarms).toMatchObject([{ kind: 'append_refused', journal }]);
  });
});

describe('A stream that was deleted softly', () => {
  const store = withServer();

  it('stops its journal with an alarm when it goes on counting', async () => {
    const { journals, told } = await store.open();
    const journal = freshJournal();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a', 'b']));
    await store.raw().deleteStream(journal);
    const again = batchAfter(journal, -1n, ['other']);
    await expect(journals.append(journal, -1n, again)).rejects.toThrow(LogDamaged);
    expect(told.alarms).toEqual([{ kind: 'journal_stopped', journal, reason: 'the store counts 2 where 0 was due' }]);
    await expect(journals.append(journal, 2n, batchAfter(journal, 2n, ['c']))).rejects.toThrow(LogDamaged);
    const beside = freshJournal();
    expect(await journals.append(beside, -1n, batchAfter(beside, -1n, ['x']))).toMatchObject({ kind: 'appended' });
  });
});

describe('An entry at a place that its envelope does not name', () => {
  const store = withServer();

  it('is a conflict with an alarm, also where the store would take it', async () => {
    const { journals, told } = await store.open();
    const journal = freshJournal();
    const entry = sealedEntry({ label: 'a', journal, revision: 5n });
    expect(await journals.append(journal, -1n, [entry])).toEqual({ kind: 'conflict' });
    expect(told.alarms).toMatchObject([{ kind: 'entry_misplaced', journal }]);
    expect(await journals.heads([journal])).toEqual([-1n]);
  });
});

describe('What no caller may append', () => {
  const store = withServer();

  it('is an entry whose id or hash is not of its bytes', async () => {
    const { journals } = await store.open();
    const journal = freshJournal();
    const [entry] = batchAfter(journal, -1n, ['a']);
    const [other] = batchAfter(journal, -1n, ['b']);
    for (const wrong of [
      { ...entry!, storeId: other!.storeId },
      { ...entry!, bytes: other!.bytes },
    ]) {
      await expect(journals.append(journal, -1n, [wrong])).rejects.toThrow(InvalidAppend);
    }
  });

  it.each(['$settings', '$$decisions-acme', 'verdict-journals', 'verdict-snapshots-gate/decisions-acme'])(
    'is anything to %s, which is no journal',
    async (journal) => {
      const { journals } = await store.open();
      await expect(journals.append(journal, -1n, batchAfter(journal, -1n, ['a']))).rejects.toThrow(InvalidAppend);
    },
  );
});
