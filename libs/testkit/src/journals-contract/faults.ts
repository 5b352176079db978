import { describe, expect, it } from '@jest/globals';
import type { Journals } from '@verdict/application';
import type { Acknowledged, JournalsUnderTest, Open } from './under-test.js';
import { appendUntilIn, batchAfter, drain, eventually, freshJournal, labels, pause, using } from './under-test.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Every acknowledged entry is where its answer said, journals are dense, and nothing is stored twice. */
const expectAllKept = async (journals: Journals, acknowledged: readonly Acknowledged[]): Promise<void> => {
  const ids = new Set<string>();
  for (const journal of new Set(acknowledged.map((entry) => entry.journal))) {
    const stored = await drain(journals.read(journal, 0n));
    expect(stored.map(({ revision }) => revision)).toEqual(stored.map((_, index) => BigInt(index)));
    for (const { storeId } of stored) {
      expect(ids.has(storeId)).toBe(false);
      ids.add(storeId);
    }
    const own = acknowledged.filter((entry) => entry.journal === journal);
    for (const { revision, leafHash } of own)
      expect(hex(stored[Number(revision)]?.leafHash ?? leafHash)).toBe(hex(leafHash));
    expect(stored).toHaveLength(own.length);
  }
};

const readable = (journals: Journals): Promise<void> =>
  eventually(() =>
    journals.heads(['any']).then(
      () => true,
      () => false,
    ),
  );

const expectOnce = async (store: JournalsUnderTest, lose: () => void): Promise<void> => {
  const { journals } = store;
  const journal = freshJournal();
  await appendUntilIn(journals, journal, 'before');
  for (let round = 0n; round < 5n; round += 1n) {
    const batch = batchAfter(journal, round * 2n, [`a-${round.toString()}`, `b-${round.toString()}`]);
    lose();
    let result = await journals.append(journal, round * 2n, batch);
    expect(['appended', 'unknown']).toContain(result.kind); // Never a conflict with itself.
    if (result.kind === 'unknown') result = await journals.append(journal, round * 2n, batch);
    expect(result).toEqual({ kind: 'appended', revision: round * 2n + 2n });
  }
  expect(await drain(journals.read(journal, 0n))).toHaveLength(11);
  expect(store.losses()).toBe(5); // The switch did fire.
};

const expectNeighboursServed = async (store: JournalsUnderTest, lose: () => void): Promise<void> => {
  const names = Array.from({ length: 20 }, freshJournal);
  lose();
  const kept = await Promise.all(names.map((journal) => appendUntilIn(store.journals, journal, 'x')));
  expect(store.losses()).toBeGreaterThan(0);
  await expectAllKept(store.journals, kept);
};

export const describeFaults = (open: Open): void =>
  describe('faults', () => {
    it(
      'appends once when the request is lost and the append repeated',
      using(open, (store) =>
        expectOnce(store, () => {
          store.loseRequest();
        }),
      ),
    );

    it(
      'appends once when the answer is lost and the append repeated',
      using(open, (store) =>
        expectOnce(store, () => {
          store.loseAnswer();
        }),
      ),
    );

    it(
      'serves every journal once when the request of a shared trip is lost',
      using(open, (store) =>
        expectNeighboursServed(store, () => {
          store.loseRequest();
        }),
      ),
    );

    it(
      'serves every journal once when the answer of a shared trip is lost',
      using(open, (store) =>
        expectNeighboursServed(store, () => {
          store.loseAnswer();
        }),
      ),
    );

    it(
      'keeps what was acknowledged, dense and once, when the store dies again and again under load',
      using(open, async (store) => {
        const { journals, another, crash } = store;
        const clients = [journals, await another()];
        const names = Array.from({ length: 6 }, freshJournal);
        const kept: Acknowledged[] = [];
        let isOver = false;
        const writers = labels('w', 24).map(async (label, index) => {
          for (let round = 0; !isOver; round += 1) {
            const journal = names[(index + round) % names.length] ?? '';
            const client = clients[index % clients.length] ?? journals;
            kept.push(await appendUntilIn(client, journal, `${label}-${String(round)}`));
          }
        });
        for (let crashes = 0; crashes < 4; crashes += 1) {
          const { length: before } = kept;
          await eventually(() => kept.length > before + 50);
          await pause(crashes * 3);
          await crash();
        }
        const { length: afterLast } = kept;
        await eventually(() => kept.length > afterLast + 20);
        isOver = true;
        await Promise.all(writers);
        await readable(journals);
        await expectAllKept(journals, kept);
      }),
      60_000,
    );

    it(
      'goes on telling subscribers after the store has died',
      using(open, async ({ journals, crash }) => {
        const journal = freshJournal();
        let told = -1n;
        const subscription = await journals.subscribe((name, head) => {
          if (name === journal) told = head;
        });
        await appendUntilIn(journals, journal, 'a');
        await eventually(() => told === 0n);
        await crash();
        const { revision } = await appendUntilIn(journals, journal, 'b');
        await eventually(() => told === revision);
        await subscription.close();
      }),
    );
  });
