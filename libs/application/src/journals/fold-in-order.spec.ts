import { describe, expect, it } from '@jest/globals';
import type { RecordedEntry } from './entry-log.js';
import { type Fold, foldInOrder, type Folded, NOTHING_FOLDED } from './fold-in-order.js';
import type { JournalKind } from './kinds.js';

type Observed = Partial<Record<JournalKind, number>>;
type Journal = readonly (readonly [string, Observed?])[];

const entries = (journal: Journal): readonly RecordedEntry[] =>
  journal.map(
    ([type, observed], index) =>
      ({ type, observed: observed ?? {}, revision: BigInt(index) }) as unknown as RecordedEntry,
  );

async function* from(journal: readonly RecordedEntry[], revision: bigint): AsyncGenerator<RecordedEntry> {
  for (const entry of journal) {
    await Promise.resolve();
    if (entry.revision >= revision) yield entry;
  }
}

const fold = (own: readonly JournalKind[], kinds: readonly JournalKind[]): Fold<readonly string[]> => ({
  own,
  kinds,
  evolve: (state, _kind, { type }) => [...state, type],
});

const folding = async (
  journals: Partial<Record<JournalKind, Journal>>,
  own: readonly JournalKind[],
  folded: Folded = NOTHING_FOLDED,
) => {
  const kinds = Object.keys(journals) as JournalKind[];
  return foldInOrder({ state: [], folded }, fold(own, kinds), (kind, revision) =>
    from(entries(journals[kind] ?? []), revision),
  );
};

describe('folding several journals', () => {
  it('takes the others exactly as far as each own entry had observed them', async () => {
    const { state, folded } = await folding(
      {
        policy: [['p0'], ['p1'], ['p2']],
        reservations: [['r0'], ['r1']],
        decisions: [
          ['d0', { policy: 0, reservations: -1 }],
          ['d1', { policy: 0, reservations: 0 }],
          ['d2', { policy: 2, reservations: 0 }],
        ],
      },
      ['decisions'],
    );
    expect(state).toEqual(['p0', 'd0', 'r0', 'd1', 'p1', 'p2', 'd2', 'r1']);
    expect(folded).toEqual({ policy: 2n, decisions: 2n, approvals: -1n, reservations: 1n });
  });

  it('takes what lies beyond the last own entry at the end', async () => {
    const { state } = await folding({ decisions: [['d0', { approvals: -1 }]], approvals: [['a0'], ['a1']] }, [
      'decisions',
    ]);
    expect(state).toEqual(['d0', 'a0', 'a1']);
  });

  it('orders two journals of one writer by what each had seen of the other', async () => {
    const { state } = await folding(
      {
        policy: [
          ['p0', { decisions: -1 }],
          ['p1', { decisions: 1 }],
        ],
        decisions: [
          ['d0', { policy: 0 }],
          ['d1', { policy: 0 }],
          ['d2', { policy: 1 }],
        ],
      },
      ['policy', 'decisions'],
    );
    expect(state).toEqual(['p0', 'd0', 'd1', 'p1', 'd2']);
  });

  it('takes a cause before its effect where no own entry says anything', async () => {
    const { state } = await folding(
      {
        reservations: [['r0', { decisions: 1, approvals: 0 }]],
        approvals: [['a0', { decisions: 0 }]],
        decisions: [['d0'], ['d1']],
      },
      [],
    );
    expect(state.indexOf('d0')).toBeLessThan(state.indexOf('a0'));
    expect(state.indexOf('a0')).toBeLessThan(state.indexOf('r0'));
    expect(state.indexOf('d1')).toBeLessThan(state.indexOf('r0'));
  });

  it('goes on where it had stopped', async () => {
    const journals = {
      policy: [['p0'], ['p1']],
      decisions: [
        ['d0', { policy: 0 }],
        ['d1', { policy: 1 }],
      ],
    } as const;
    const { state } = await folding(journals, ['decisions'], { ...NOTHING_FOLDED, policy: 0n, decisions: 0n });
    expect(state).toEqual(['p1', 'd1']);
  });

  it('ends although an entry claims to have seen what is not there', async () => {
    const { state, folded } = await folding({ policy: [['p0']], decisions: [['d0', { policy: 7 }]] }, ['decisions']);
    expect(state).toEqual(['p0', 'd0']);
    expect(folded.policy).toBe(0n);
  });

  it('stops with the error of a journal that has lost an entry', async () => {
    const broken = () => ({ next: () => Promise.reject(new Error('gap')) }) as AsyncIterator<RecordedEntry>;
    await expect(
      foldInOrder({ state: [], folded: NOTHING_FOLDED }, fold(['decisions'], ['decisions']), broken),
    ).rejects.toThrow('gap');
  });
});
