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

  it('stops when an entry has seen what cannot be read: any order would be a guess', async () => {
    await expect(folding({ policy: [['p0']], decisions: [['d0', { policy: 7 }]] }, ['decisions'])).rejects.toThrow(
      'observed policy up to 7',
    );
  });

  it('reads on where a reader had stopped short of what an own entry saw, also of another own journal', async () => {
    const journals = {
      policy: entries([
        ['p0', { decisions: -1 }],
        ['p1', { decisions: 0 }],
      ]),
      decisions: entries([
        ['d0', { policy: 0, approvals: 0 }],
        ['d1', { policy: 1, approvals: 2 }],
      ]),
      approvals: entries([['a0'], ['a1'], ['a2'], ['a3']]),
    };
    const oneAtATime = (kind: JournalKind, revision: bigint): AsyncIterator<RecordedEntry> =>
      from(kind in journals ? journals[kind as keyof typeof journals].slice(0, Number(revision) + 1) : [], revision);
    const { state } = await foldInOrder(
      { state: [], folded: NOTHING_FOLDED },
      { ...fold(['policy', 'decisions'], ['policy', 'decisions', 'approvals']), waiting: ['policy'] },
      (kind, revision) => (kind === 'policy' ? from(journals.policy, revision) : oneAtATime(kind, revision)),
    );
    expect(state).toEqual(['p0', 'a0', 'd0', 'p1']);
  });

  it('tells where it was after the last own entry, since what follows is not pinned yet', async () => {
    const { state, pinned } = await folding({ decisions: [['d0', { approvals: 0 }]], approvals: [['a0'], ['a1']] }, [
      'decisions',
    ]);
    expect(state).toEqual(['a0', 'd0', 'a1']);
    expect(pinned?.state).toEqual(['a0', 'd0']);
    expect(pinned?.folded).toMatchObject({ decisions: 0n, approvals: 0n });
  });

  it('stops with the error of a journal that has lost an entry', async () => {
    const broken = () => ({ next: () => Promise.reject(new Error('gap')) }) as AsyncIterator<RecordedEntry>;
    await expect(
      foldInOrder({ state: [], folded: NOTHING_FOLDED }, fold(['decisions'], ['decisions']), broken),
    ).rejects.toThrow('gap');
  });
});
