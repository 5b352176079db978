import { describe, expect, it } from '@jest/globals';
import type { AppendResult, Journals, SeeingAppend, SeenHead } from '@verdict/application';
import type { Open } from './under-test.js';
import { batchAfter, drain, freshJournal, using } from './under-test.js';

const CONFLICT = { kind: 'conflict' };
const appended = (revision: bigint) => ({ kind: 'appended', revision });

const seeing = (
  open: Open,
  test: (
    journals: Journals,
    appendSeeing: (append: SeeingAppend) => Promise<AppendResult>,
    rival: Journals,
  ) => Promise<void>,
): (() => Promise<void>) =>
  using(open, async ({ journals, another }) => {
    const appendSeeing = journals.appendSeeing?.bind(journals);
    if (appendSeeing === undefined) throw new Error('the store says that it can see, and has no appendSeeing');
    await test(journals, appendSeeing, await another());
  });

/** A store that cannot look at several journals at one moment promises nothing: its callers read heads first. */
export const describeNotSeeing = (open: Open): void =>
  describe('an append that names the heads it has seen', () => {
    it(
      'is not offered, so that callers read the heads before they decide',
      using(open, ({ journals }) => {
        expect(journals.appendSeeing).toBeUndefined();
        return Promise.resolve();
      }),
    );
  });

export const describeSeeing = (open: Open): void =>
  describe('an append that names the heads it has seen', () => {
    it(
      'is stored while they are there or further back, also of a journal that nobody has begun',
      seeing(open, async (journals, appendSeeing) => {
        const [own, other, unknown] = [freshJournal(), freshJournal(), freshJournal()];
        await journals.append(other, -1n, batchAfter(other, -1n, ['a', 'b']));
        const append = (expected: bigint, seen: readonly SeenHead[]) =>
          appendSeeing({ journal: own, expected, entries: batchAfter(own, expected, ['x']), seen });
        const nobody = { journal: unknown, head: -1n };
        expect(await append(-1n, [{ journal: other, head: 1n }, nobody])).toEqual(appended(0n));
        expect(await append(0n, [{ journal: other, head: 7n }, nobody])).toEqual(appended(1n));
        expect(await append(1n, [])).toEqual(appended(2n));
      }),
    );

    it(
      'conflicts with every entry that was acknowledged before it, by whomever, and stores nothing',
      seeing(open, async (journals, appendSeeing, rival) => {
        const [own, other] = [freshJournal(), freshJournal()];
        for (let round = 0n; round < 20n; round += 1n) {
          await rival.append(other, round - 1n, batchAfter(other, round - 1n, [`r-${round.toString()}`]));
          const late = { journal: own, expected: round - 1n, entries: batchAfter(own, round - 1n, ['x']) };
          expect(await appendSeeing({ ...late, seen: [{ journal: other, head: round - 1n }] })).toEqual(CONFLICT);
          expect(await journals.heads([own])).toEqual([round - 1n]);
          expect(await appendSeeing({ ...late, seen: [{ journal: other, head: round }] })).toEqual(appended(round));
        }
      }),
    );

    it(
      'names the expected revision as any other does',
      seeing(open, async (journals, appendSeeing) => {
        const own = freshJournal();
        await journals.append(own, -1n, batchAfter(own, -1n, ['a']));
        expect(
          await appendSeeing({ journal: own, expected: -1n, entries: batchAfter(own, -1n, ['b']), seen: [] }),
        ).toEqual(CONFLICT);
      }),
    );

    it(
      'disturbs no append that travels with it',
      seeing(open, async (journals, appendSeeing) => {
        const names = Array.from({ length: 12 }, freshJournal);
        const other = freshJournal();
        await journals.append(other, -1n, batchAfter(other, -1n, ['a']));
        const results = await Promise.all(
          names.map((journal, index) =>
            appendSeeing({
              ...{ journal, expected: -1n, entries: batchAfter(journal, -1n, ['x', 'y']) },
              seen: [{ journal: other, head: index % 3 === 0 ? -1n : 0n }],
            }),
          ),
        );
        expect(results).toEqual(names.map((_, index) => (index % 3 === 0 ? CONFLICT : appended(1n))));
      }),
    );

    it(
      'answers like the first time when it is repeated, wherever the others are by then',
      seeing(open, async (journals, appendSeeing) => {
        const [own, other] = [freshJournal(), freshJournal()];
        const append = {
          ...{ journal: own, expected: -1n, entries: batchAfter(own, -1n, ['x']) },
          seen: [{ journal: other, head: -1n }],
        };
        expect(await appendSeeing(append)).toEqual(appended(0n));
        await journals.append(other, -1n, batchAfter(other, -1n, ['a']));
        expect(await appendSeeing(append)).toEqual(appended(0n));
        expect(await drain(journals.read(own, 0n))).toHaveLength(1);
      }),
    );
  });
