import { describe, expect, it } from '@jest/globals';
import { binaryEvent, jsonEvent } from '@eventstore/db-client';
import type { EventData } from '@eventstore/db-client';
import { JournalGap } from '@verdict/application';
import type { StoredEntry } from '@verdict/application';
import { batchAfter, drain, freshJournal } from '@verdict/testkit';
import { LogDamaged } from '../errors.js';
import { withServer } from '../testing/with-server.js';

describe('A read', () => {
  const store = withServer();

  it.each([0n, 1n, 2n, 3n, 4n, 5n])('in pages of two stops where revision %s of 0..5 is lost', async (lost) => {
    const { journals } = await store.open({ pageEntriesMax: 2 });
    const journal = freshJournal();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a', 'b', 'c', 'd', 'e', 'f']));
    store.server.loseEvent(journal, lost);
    const seen: StoredEntry[] = [];
    const reading = (async () => {
      for await (const entry of journals.read(journal, 0n)) seen.push(entry);
    })();
    await expect(reading).rejects.toThrow(JournalGap);
    expect(seen.every(({ revision }) => revision < lost)).toBe(true);
  });

  it.each<readonly [string, EventData]>([
    ['other bytes under an id', binaryEvent({ type: 'decision_recorded', data: Buffer.from('{"envelope":{}}') })],
    ['JSON', jsonEvent({ type: 'decision_recorded', data: { envelope: {} } })],
    ['a link to another journal', binaryEvent({ type: '$>', data: Buffer.from('0@decisions-other') })],
  ])('stops where another hand has written %s', async (_, event) => {
    const { journals } = await store.open();
    const journal = freshJournal();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    await store.raw().appendToStream(journal, event, { expectedRevision: 0n });
    await expect(drain(journals.read(journal, 0n))).rejects.toThrow(LogDamaged);
    expect(await drain(journals.read(journal, 0n, 1))).toHaveLength(1);
  });

  it('that is left early leaves nothing behind that fails later', async () => {
    const { journals, told } = await store.open({ pageEntriesMax: 8 });
    const journal = freshJournal();
    await journals.append(
      journal,
      -1n,
      batchAfter(
        journal,
        -1n,
        Array.from({ length: 100 }, (_, n) => String(n)),
      ),
    );
    for await (const { revision } of journals.read(journal, 0n)) if (revision === 10n) break;
    await store.server.kill();
    await store.server.restart();
    expect(await drain(journals.read(journal, 90n))).toHaveLength(10);
    expect(told.alarms).toEqual([]);
  });

  it.each(['drop_connection', 'busy', 'not_leader'] as const)('goes on after %s', async (fault) => {
    const { journals } = await store.open({ pageEntriesMax: 8 });
    const journal = freshJournal();
    await journals.append(
      journal,
      -1n,
      batchAfter(
        journal,
        -1n,
        Array.from({ length: 40 }, (_, n) => String(n)),
      ),
    );
    let count = 0;
    for await (const { revision } of journals.read(journal, 0n)) {
      if (revision % 16n === 7n) store.faults.arm(fault, { stream: journal });
      count += 1;
    }
    expect(count).toBe(40);
    expect(store.faults.count(fault)).toBeGreaterThan(1);
  });

  it('of a journal that is refused throws what the store said, without repeating it', async () => {
    const { journals } = await store.open();
    const journal = freshJournal();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    store.faults.arm('access_denied', { stream: journal });
    await expect(journals.heads([journal])).rejects.toMatchObject({ type: 'access-denied' });
    expect(await journals.heads([journal])).toEqual([0n]);
  });
});

describe('Clocks that differ', () => {
  const store = withServer();

  it('raise an alarm as soon as an entry comes back with a time that cannot be', async () => {
    const { journals, told } = await store.open();
    const journal = freshJournal();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    store.faults.arm('clock_skew', { stream: journal, ms: 5_000 });
    await journals.append(journal, 0n, batchAfter(journal, 0n, ['b']));
    await journals.heads([journal]);
    expect(told.alarms).toMatchObject([{ kind: 'clock_skew' }]);
  });

  it('by more than the deadline make the outcome unknown, with an alarm', async () => {
    const { journals, told } = await store.open({ repeats: 1 });
    const journal = freshJournal();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    store.faults.arm('clock_skew', { stream: journal, ms: 60_000, times: 2 });
    expect(await journals.append(journal, 0n, batchAfter(journal, 0n, ['b']))).toEqual({ kind: 'unknown' });
    expect(told.alarms).toMatchObject([{ kind: 'clock_skew' }]);
  });
});
