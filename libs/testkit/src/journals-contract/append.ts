import { describe, expect, it } from '@jest/globals';
import { APPEND_BYTES_MAX, APPEND_ENTRIES_MAX, InvalidAppend } from '@verdict/application';
import { sealedBytes, sealedEntry } from '../sealed-entry.js';
import type { Open } from './under-test.js';
import { appendUntilIn, batchAfter, denseTo, drain, freshJournal, labels, revisionsOf, using } from './under-test.js';

const CONFLICT = { kind: 'conflict' };
const appended = (revision: bigint) => ({ kind: 'appended', revision });

export const describeExpectedRevision = (open: Open): void =>
  describe('append with an expected revision', () => {
    it(
      'starts an empty journal at -1 and answers with the revision of the last entry',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        expect(await journals.append(journal, -1n, batchAfter(journal, -1n, ['a', 'b']))).toEqual(appended(1n));
        expect(await journals.append(journal, 1n, batchAfter(journal, 1n, ['c']))).toEqual(appended(2n));
      }),
    );

    it(
      'refuses a revision that is behind or ahead of the head and stores nothing',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        expect(await journals.append(journal, 0n, batchAfter(journal, 0n, ['ahead of nothing']))).toEqual(CONFLICT);
        await journals.append(journal, -1n, batchAfter(journal, -1n, ['a', 'b']));
        for (const expected of [-1n, 0n, 2n, 7n]) {
          expect(await journals.append(journal, expected, batchAfter(journal, expected, ['other']))).toEqual(CONFLICT);
        }
        expect(await drain(journals.read(journal, 0n))).toHaveLength(2);
      }),
    );

    it(
      'lets exactly one of two racing writers win',
      using(open, async ({ journals, another }) => {
        const journal = freshJournal();
        const rival = await another();
        for (let round = 0n; round < 20n; round += 1n) {
          const results = await Promise.all([
            journals.append(journal, round - 1n, batchAfter(journal, round - 1n, [`left-${round.toString()}`])),
            rival.append(journal, round - 1n, batchAfter(journal, round - 1n, [`right-${round.toString()}`])),
          ]);
          expect(results.map(({ kind }) => kind).sort()).toEqual(['appended', 'conflict']);
        }
        expect(revisionsOf(await drain(journals.read(journal, 0n)))).toEqual(denseTo(20));
      }),
    );

    it(
      'keeps a journal dense under many writers that retry, and stores each entry once',
      using(open, async ({ journals, another }) => {
        const journal = freshJournal();
        const clients = [journals, await another()];
        const wanted = labels('w', 40);
        const got = await Promise.all(
          wanted.map((label, index) => appendUntilIn(clients[index % 2] ?? journals, journal, label)),
        );
        const stored = await drain(journals.read(journal, 0n));
        expect(revisionsOf(stored)).toEqual(denseTo(wanted.length));
        expect(new Set(got.map(({ revision }) => revision)).size).toBe(wanted.length);
      }),
    );

    it(
      'answers many journals at once, each on its own: a conflict in one fails no other',
      using(open, async ({ journals }) => {
        const names = Array.from({ length: 60 }, freshJournal);
        const bad = new Set(names.filter((_, index) => index % 7 === 3));
        const results = await Promise.all(
          names.map((journal) => {
            const expected = bad.has(journal) ? 4n : -1n;
            return journals.append(journal, expected, batchAfter(journal, expected, ['a', 'b']));
          }),
        );
        expect(results).toEqual(names.map((journal) => (bad.has(journal) ? CONFLICT : appended(1n))));
        expect(await journals.heads(names)).toEqual(names.map((journal) => (bad.has(journal) ? -1n : 1n)));
      }),
    );

    it(
      'takes two appends of one journal that are sent together one after the other',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        const both = await Promise.all([
          journals.append(journal, -1n, batchAfter(journal, -1n, ['a'])),
          journals.append(journal, 0n, batchAfter(journal, 0n, ['b'])),
        ]);
        expect(both).toEqual([appended(0n), appended(1n)]);
      }),
    );
  });

export const describeRepeats = (open: Open): void =>
  describe('a repeated append', () => {
    it(
      'answers like the first time and stores the batch once',
      using(open, async ({ journals, another }) => {
        const journal = freshJournal();
        const batch = batchAfter(journal, -1n, ['a', 'b']);
        expect(await journals.append(journal, -1n, batch)).toEqual(appended(1n));
        expect(await journals.append(journal, -1n, batch)).toEqual(appended(1n));
        expect(await (await another()).append(journal, -1n, batch)).toEqual(appended(1n));
        expect(await drain(journals.read(journal, 0n))).toHaveLength(2);
      }),
    );

    it(
      'answers like the first time when others have written behind it',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        const first = batchAfter(journal, -1n, ['a', 'b']);
        const second = batchAfter(journal, 1n, ['c', 'd', 'e']);
        await journals.append(journal, -1n, first);
        await journals.append(journal, 1n, second);
        await journals.append(journal, 4n, batchAfter(journal, 4n, ['f']));
        expect(await journals.append(journal, -1n, first)).toEqual(appended(1n));
        expect(await journals.append(journal, 1n, second)).toEqual(appended(4n));
        expect(await drain(journals.read(journal, 0n))).toHaveLength(6);
      }),
    );

    it(
      'conflicts when only a part of it is stored, whichever part',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        const batch = batchAfter(journal, -1n, ['a', 'b', 'c']);
        await journals.append(journal, -1n, batch.slice(0, 2));
        expect(await journals.append(journal, -1n, batch)).toEqual(CONFLICT); // More than is stored.
        expect(await journals.append(journal, 0n, batch.slice(1))).toEqual(CONFLICT); // Begins inside.
        expect(await journals.append(journal, 1n, batch.slice(1))).toEqual(CONFLICT); // At the head, with a stored entry.
        expect(await journals.append(journal, -1n, [...batch.slice(0, 1), ...batch.slice(2)])).toEqual(CONFLICT);
        expect(await drain(journals.read(journal, 0n))).toHaveLength(2);
      }),
    );

    it(
      'conflicts when the same bytes are stored in another journal, and disturbs no append beside it',
      using(open, async ({ journals }) => {
        const [first, second, beside] = [freshJournal(), freshJournal(), freshJournal()];
        const batch = batchAfter(first, -1n, ['a']);
        await journals.append(first, -1n, batch);
        const results = await Promise.all([
          journals.append(second, -1n, batch),
          journals.append(beside, -1n, batchAfter(beside, -1n, ['b'])),
        ]);
        expect(results).toEqual([CONFLICT, appended(0n)]);
        expect(await drain(journals.read(second, 0n))).toEqual([]);
      }),
    );

    it(
      'conflicts when one entry is in the batch twice, and stores neither',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        const [entry] = batchAfter(journal, -1n, ['a']);
        const twice = entry === undefined ? [] : [entry, entry];
        expect(await journals.append(journal, -1n, twice)).toEqual(CONFLICT);
        expect(await journals.heads([journal])).toEqual([-1n]);
      }),
    );
  });

export const describeLimits = (open: Open): void =>
  describe('the limits of an append', () => {
    const full = (journal: string, count: number) => batchAfter(journal, -1n, labels('e', count));

    it(
      'takes exactly 500 entries and no more',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        await expect(journals.append(journal, -1n, full(journal, APPEND_ENTRIES_MAX + 1))).rejects.toThrow(
          InvalidAppend,
        );
        expect(await journals.append(journal, -1n, full(journal, APPEND_ENTRIES_MAX))).toEqual(appended(499n));
        expect(revisionsOf(await drain(journals.read(journal, 0n)))).toEqual(denseTo(APPEND_ENTRIES_MAX));
      }),
    );

    it(
      'takes exactly 900 KiB and no more',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        const piece = (index: number, bytes: number) =>
          sealedBytes('piece', Buffer.alloc(bytes, `${journal}-${String(index)}.`));
        const pieces = [0, 1, 2].map((index) => piece(index, APPEND_BYTES_MAX / 3));
        await expect(journals.append(journal, -1n, [...pieces, piece(3, 1)])).rejects.toThrow(InvalidAppend);
        expect(await journals.append(journal, -1n, pieces)).toEqual(appended(2n));
        expect((await drain(journals.read(journal, 0n))).map(({ bytes }) => bytes.length)).toEqual([
          307_200, 307_200, 307_200,
        ]);
      }),
    );

    it(
      'refuses what no caller may send: nothing, an empty or too large entry, a wrong hash, id, name or revision',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        const good = sealedEntry({ label: 'good', journal });
        const large = sealedBytes('large', Buffer.alloc(330_001));
        const bad = [[], [{ ...good, bytes: new Uint8Array() }], [large], [{ ...good, leafHash: new Uint8Array(31) }]];
        for (const batch of bad) await expect(journals.append(journal, -1n, batch)).rejects.toThrow(InvalidAppend);
        await expect(journals.append(journal, -1n, [{ ...good, storeId: 'x' }])).rejects.toThrow(InvalidAppend);
        await expect(journals.append('', -1n, [good])).rejects.toThrow(InvalidAppend);
        await expect(journals.append('two words', -1n, [good])).rejects.toThrow(InvalidAppend);
        await expect(journals.append(journal, -2n, [good])).rejects.toThrow(InvalidAppend);
        expect(await journals.heads([journal])).toEqual([-1n]);
      }),
    );
  });
