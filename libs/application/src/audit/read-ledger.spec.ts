import { beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryJournals } from '@verdict/adapter-memory';
import { sealedEntry } from '@verdict/testkit';
import { type LedgerPage, readLedger } from './read-ledger.js';

const JOURNAL = 'decisions-acme';
const journals = new MemoryJournals();
const query = {
  kind: 'decisions',
  from: undefined,
  to: undefined,
  type: undefined,
  limit: 4,
  cursor: undefined,
} as const;

const append = (count: number, from: number) =>
  journals.append(
    JOURNAL,
    BigInt(from - 1),
    Array.from({ length: count }, (_, index) => {
      const revision = BigInt(from + index);
      return sealedEntry({
        label: revision.toString(),
        journal: JOURNAL,
        revision,
        type: revision % 5n === 0n ? 'rare' : 'common',
      });
    }),
  );
beforeAll(() => append(10, 0));

const page = async (more: Partial<Parameters<typeof readLedger>[2]>): Promise<LedgerPage> => {
  const result = await readLedger(journals, 'acme', { ...query, ...more });
  if (result.kind === 'problem') throw new Error(result.problem.code);
  return result.value;
};
const revisions = ({ items }: LedgerPage) => items.map(({ revision }) => Number(revision));

describe('readLedger', () => {
  it('walks a journal page by page, and ends where it ended when the walk began', async () => {
    const first = await page({});
    await append(3, 10);
    const second = await page({ cursor: first.nextCursor ?? '' });
    const third = await page({ cursor: second.nextCursor ?? '' });
    expect([first, second, third].map(revisions)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(third.nextCursor).toBeNull();
    expect([first, second, third].map(({ head }) => head)).toEqual([9n, 9n, 9n]);
  });

  it('takes both ends of a range as part of it', async () => {
    expect(revisions(await page({ from: 3n, to: 5n }))).toEqual([3, 4, 5]);
    expect(revisions(await page({ from: 7n, to: 7n }))).toEqual([7]);
    expect(revisions(await page({ from: 500n }))).toEqual([]);
  });

  it('filters before the limit, and then claims no contiguity', async () => {
    const found = await page({ type: 'rare', limit: 2 });
    expect(revisions(found)).toEqual([0, 5]);
    expect(found.isContiguous).toBe(false);
    const rest = await page({ type: 'rare', limit: 2, cursor: found.nextCursor ?? '' });
    expect(revisions(rest)).toEqual([10]);
  });

  it('refuses a cursor of another journal, filter or tenant', async () => {
    const { nextCursor } = await page({});
    const cursor = nextCursor ?? '';
    for (const [tenant, more] of [
      ['other', {}],
      ['acme', { kind: 'policy' }],
      ['acme', { type: 'rare' }],
      ['acme', { from: 1n }],
    ] as const) {
      expect(await readLedger(journals, tenant, { ...query, ...more, cursor })).toMatchObject({
        problem: { code: 'cursor_invalid' },
      });
    }
    expect(await readLedger(journals, 'acme', { ...query, cursor: 'nonsense' })).toMatchObject({
      problem: { code: 'cursor_invalid' },
    });
  });

  it('gives nothing for a journal that is not there', async () =>
    expect(revisions(await page({ kind: 'policy' }))).toEqual([]));
});
