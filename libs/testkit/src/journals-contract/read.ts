import { describe, expect, it } from '@jest/globals';
import { JournalGap } from '@verdict/application';
import type { JournalName, Revision } from '@verdict/application';
import { sealedBytes } from '../sealed-entry.js';
import type { JournalsAbilities, Open } from './under-test.js';
import {
  appendUntilIn,
  batchAfter,
  denseTo,
  drain,
  eventually,
  freshJournal,
  labels,
  revisionsOf,
  using,
} from './under-test.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const describeReading = (open: Open, { canLoseEntries = true }: JournalsAbilities = {}): void =>
  describe('read', () => {
    it(
      'gives the exact bytes, whatever they are, with type, id and hash, in order',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        const own = Buffer.from(journal); // No other test's bytes.
        const everyByte = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, value) => value)), own]);
        const samples = [
          ...[everyByte, Buffer.concat([Buffer.from('\\x00"\'{},NULL\u0000'), own, Buffer.from([0])])],
          ...[Buffer.concat([Buffer.from('ü€😀'), own]), Buffer.concat([own, Buffer.alloc(100_000, 0xff)])],
        ];
        const entries = samples.map((bytes, index) => sealedBytes(`type_${String(index)} "{,}\\ ü`, bytes));
        const kept = entries.map(({ type, storeId, leafHash, bytes }) => [type, storeId, hex(leafHash), hex(bytes)]);
        await journals.append(journal, -1n, entries);
        everyByte.fill(0); // What is stored is a copy.
        const stored = await drain(journals.read(journal, 0n));
        expect(stored.map(({ type, storeId, leafHash, bytes }) => [type, storeId, hex(leafHash), hex(bytes)])).toEqual(
          kept,
        );
        expect(revisionsOf(stored)).toEqual(denseTo(samples.length));
      }),
    );

    it(
      'starts at the given revision, inclusive, and stops at the limit or the head',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        await journals.append(journal, -1n, batchAfter(journal, -1n, labels('e', 450)));
        await journals.append(journal, 449n, batchAfter(journal, 449n, labels('f', 450)));
        expect(revisionsOf(await drain(journals.read(journal, 0n)))).toEqual(denseTo(900));
        expect(revisionsOf(await drain(journals.read(journal, 897n)))).toEqual([897n, 898n, 899n]);
        expect(revisionsOf(await drain(journals.read(journal, 3n, 2)))).toEqual([3n, 4n]);
        expect(revisionsOf(await drain(journals.read(journal, 100n, 700)))).toEqual(denseTo(800).slice(100));
        expect(await drain(journals.read(journal, 900n))).toEqual([]);
        expect(await drain(journals.read(journal, 5_000n))).toEqual([]);
        expect(await drain(journals.read(journal, 0n, 0))).toEqual([]);
      }),
    );

    it(
      'gives nothing for an unknown journal, whose head is -1 and which is not listed',
      using(open, async ({ journals }) => {
        const [journal, other] = [freshJournal(), freshJournal()];
        await journals.append(other, -1n, batchAfter(other, -1n, ['a']));
        await journals.append(journal, 3n, batchAfter(journal, 3n, ['refused']));
        expect(await drain(journals.read(journal, 0n))).toEqual([]);
        expect(await journals.heads([journal, other, journal])).toEqual([-1n, 0n, -1n]);
        const listed = await journals.list();
        expect(listed).toContain(other);
        expect(listed).not.toContain(journal);
        expect(listed).toEqual([...listed].sort());
      }),
    );

    (canLoseEntries ? it : it.skip).each([0n, 1n, 2n])(
      'stops with JournalGap when the store has lost revision %s of 0..2',
      async (lost) => {
        await using(open, async ({ journals, loseEntry }) => {
          const journal = freshJournal();
          await journals.append(journal, -1n, batchAfter(journal, -1n, ['a', 'b', 'c']));
          await loseEntry(journal, lost);
          await expect(drain(journals.read(journal, 0n))).rejects.toThrow(JournalGap);
        })();
      },
    );

    it(
      'misses nothing under 16 concurrent writers',
      using(open, async ({ journals, another }) => {
        const journal = freshJournal();
        const clients = [journals, await another()];
        const total = 16 * 10;
        const writing = Promise.all(
          labels('w', 16).map(async (label, index) => {
            for (const each of labels(label, 10)) await appendUntilIn(clients[index % 2] ?? journals, journal, each);
          }),
        );
        const seen: Revision[] = [];
        const reader = await another();
        while (seen.length < total) seen.push(...revisionsOf(await drain(reader.read(journal, BigInt(seen.length)))));
        await writing;
        expect(seen).toEqual(denseTo(total));
      }),
    );

    it(
      'shows in heads every append that was acknowledged before, from any client',
      using(open, async ({ journals, another }) => {
        const reader = await another();
        const names = Array.from({ length: 8 }, freshJournal);
        await Promise.all(
          names.map(async (journal) => {
            for (let round = 0; round < 10; round += 1) {
              const { revision } = await appendUntilIn(journals, journal, `r-${String(round)}`);
              const [head = -1n] = await reader.heads([journal]);
              expect(head >= revision).toBe(true);
            }
          }),
        );
      }),
    );
  });

export const describeSubscribing = (open: Open): void =>
  describe('subscribe', () => {
    it(
      'tells every journal with entries once after the start, then each append by whomever',
      using(open, async ({ journals, another }) => {
        const [before, after] = [freshJournal(), freshJournal()];
        await journals.append(before, -1n, batchAfter(before, -1n, ['a', 'b']));
        const heads = new Map<JournalName, Revision>();
        const subscription = await journals.subscribe((journal, head) => heads.set(journal, head));
        await eventually(() => heads.get(before) === 1n);
        await appendUntilIn(await another(), after, 'by another');
        await appendUntilIn(journals, before, 'by itself');
        await eventually(() => heads.get(after) === 0n && heads.get(before) === 2n);
        await subscription.close();
      }),
    );

    it(
      'tells a second subscriber everything too, and a closed one nothing more',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        await appendUntilIn(journals, journal, 'a');
        const calls = { first: 0, second: 0 };
        const first = await journals.subscribe((name) => void (calls.first += name === journal ? 1 : 0));
        await eventually(() => calls.first > 0);
        const second = await journals.subscribe((name) => void (calls.second += name === journal ? 1 : 0));
        await eventually(() => calls.second > 0);
        await first.close();
        const { first: callsAtClose } = calls;
        await appendUntilIn(journals, journal, 'b');
        await eventually(() => calls.second > 1);
        expect(calls.first).toBe(callsAtClose);
        await second.close();
      }),
    );

    it(
      'leads a reader that follows it to every entry of 16 concurrent writers, in order, once',
      using(open, async ({ journals, another }) => {
        const names = Array.from({ length: 4 }, freshJournal);
        const seen = new Map(names.map((name): [JournalName, Revision[]] => [name, []]));
        let following = Promise.resolve();
        const follow = async (journal: JournalName): Promise<void> => {
          const own = seen.get(journal) ?? [];
          own.push(...revisionsOf(await drain(journals.read(journal, BigInt(own.length)))));
        };
        const subscription = await journals.subscribe((journal) => {
          if (seen.has(journal)) following = following.then(() => follow(journal));
        });
        const writer = await another();
        await Promise.all(
          labels('w', 16).map(async (label, index) => {
            const journal = names[index % names.length] ?? '';
            for (const each of labels(label, 10)) await appendUntilIn(writer, journal, each);
          }),
        );
        await eventually(() => names.every((name) => seen.get(name)?.length === 40));
        await following;
        for (const name of names) expect(seen.get(name)).toEqual(denseTo(40));
        await subscription.close();
      }),
    );

    it(
      'tells of an append whose notice was lost',
      using(open, async ({ journals, another, loseNotice }) => {
        const journal = freshJournal();
        let told = -1n;
        const subscription = await journals.subscribe((name, head) => {
          if (name === journal) told = head;
        });
        await appendUntilIn(journals, journal, 'a');
        await eventually(() => told === 0n);
        await loseNotice();
        await appendUntilIn(await another(), journal, 'b');
        await eventually(() => told === 1n);
        await subscription.close();
      }),
    );
  });
