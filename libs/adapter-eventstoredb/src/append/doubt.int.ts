import { describe, expect, it } from '@jest/globals';
import { batchAfter, drain, freshJournal } from '@verdict/testkit';
import type { Fault } from '../../../../test/support/eventstore-server/src/index.js';
import type { EventStoreJournalsOptions } from '../open-journals.js';
import type { WithServer } from '../testing/with-server.js';
import { withServer } from '../testing/with-server.js';

const TRIES = 4;
const FAR_MS = 600_000;

/** Opens a journal with one entry, so that the next append is the first thing that a switch can strike. */
const begin = async (store: WithServer, options: Partial<EventStoreJournalsOptions> = { tryMs: FAR_MS }) => {
  const { journals, told } = await store.open(options);
  const journal = freshJournal();
  await journals.append(journal, -1n, batchAfter(journal, -1n, ['first']));
  told.appends.length = 0;
  return { journals, told, journal, batch: batchAfter(journal, 0n, ['a', 'b']) };
};

describe('An append whose outcome is in doubt', () => {
  const store = withServer();

  it.each<readonly [string, Fault]>([
    ['connection dies before the commit', 'die_before_commit'],
    ['connection dies after the commit', 'die_after_commit'],
    ['call is ended by the store with the answer pending', 'half_close'],
    ['deadline passes after the commit', 'timeout_after_commit'],
    ['node is not the leader', 'not_leader'],
    ['node is too busy', 'busy'],
  ])('is repeated with the same bytes when the %s, and its caller hears nothing of it', async (_, fault) => {
    const { journals, told, journal, batch } = await begin(store);
    store.faults.arm(fault, { stream: journal, times: TRIES - 1 });
    expect(await journals.append(journal, 0n, batch)).toEqual({ kind: 'appended', revision: 2n });
    expect(store.faults.count(fault)).toBe(TRIES - 1);
    expect(told.appends).toMatchObject([{ tries: TRIES, outcome: 'appended' }]);
    expect(await drain(journals.read(journal, 0n))).toHaveLength(3);
  });

  it.each<Fault>(['lose_request', 'never_answer', 'answer_late'])(
    'is repeated on a new client when no answer has come in time: %s',
    async (fault) => {
      const { journals, told, journal, batch } = await begin(store, { tryMs: 300, repeats: 50 });
      store.faults.arm(fault, { stream: journal, ms: 1_000 });
      expect(await journals.append(journal, 0n, batch)).toEqual({ kind: 'appended', revision: 2n });
      expect(told.reconnects).toContain('no answer within 300 ms');
      expect(await drain(journals.read(journal, 0n))).toHaveLength(3);
    },
  );

  it('is answered unknown after the last try, and repeating it settles the matter', async () => {
    const { journals, told, journal, batch } = await begin(store);
    store.faults.arm('die_after_commit', { stream: journal, times: TRIES });
    expect(await journals.append(journal, 0n, batch)).toEqual({ kind: 'unknown' });
    expect(told.appends).toMatchObject([{ tries: TRIES, outcome: 'unknown' }]);
    expect(await journals.append(journal, 0n, batch)).toEqual({ kind: 'appended', revision: 2n });
    expect(await drain(journals.read(journal, 0n))).toHaveLength(3);
  });

  it('gets a new client at once when its call was ended, without waiting for an answer', async () => {
    const { journals, told, journal, batch } = await begin(store);
    store.faults.arm('half_close', { stream: journal });
    expect(await journals.append(journal, 0n, batch)).toEqual({ kind: 'appended', revision: 2n });
    expect(told.reconnects).toEqual(['the store has ended the append call']);
  });

  it('goes to the leader on the client that was told of it', async () => {
    const { journals, told, journal, batch } = await begin(store);
    store.faults.arm('not_leader', { stream: journal });
    expect(await journals.append(journal, 0n, batch)).toEqual({ kind: 'appended', revision: 2n });
    expect(told.reconnects).toEqual([]);
  });

  it('gets a new client after three doubtful answers in a row', async () => {
    const { journals, told, journal, batch } = await begin(store);
    store.faults.arm('timeout_after_commit', { stream: journal, times: 3 });
    expect(await journals.append(journal, 0n, batch)).toEqual({ kind: 'appended', revision: 2n });
    expect(told.reconnects).toEqual(['3 doubtful outcomes in a row']);
  });

  it('says so at once when too many wait', async () => {
    const { journals } = await store.open({ waitingMax: 1, inFlightMax: 1 });
    const names = Array.from({ length: 4 }, freshJournal);
    const results = await Promise.all(names.map((name) => journals.append(name, -1n, batchAfter(name, -1n, ['a']))));
    expect(results.map(({ kind }) => kind)).toEqual(['appended', 'appended', 'unknown', 'unknown']);
  });
});
