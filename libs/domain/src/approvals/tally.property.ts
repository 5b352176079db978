import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ApprovalStage, type ApprovalTree, stagesOf } from './approval-tree.js';
import { type Ballot, isDenied, isFulfilled, openStagesOf, tallyOf } from './tally.js';

const IDS = ['a', 'b', 'c', 'd', 'e'] as const;
const stageOf = (id: string, quorum: number, denyQuorum: number): ApprovalStage => ({
  id,
  quorum,
  roles: [],
  groups: [],
  subjects: [],
  deny_quorum: denyQuorum,
});
const count = fc.integer({ min: 1, max: 3 });
const stage = (id: string) => fc.tuple(count, count).map(([quorum, deny]) => stageOf(id, quorum, deny));
const stages = fc.tuple(stage('a'), stage('b'), stage('c'), stage('d'), stage('e'));
/** Trees of one to three levels over the same five stages. */
const trees: fc.Arbitrary<ApprovalTree> = fc.tuple(stages, fc.nat(4)).map(([[a, b, c, d, e], shape]): ApprovalTree => {
  const shapes: readonly ApprovalTree[] = [
    a,
    { all: [a, b, c, d, e] },
    { any: [a, { all: [b, c] }, { all: [d, e] }] },
    { all: [a, { any: [b, c] }, { any: [d, e] }] },
    { any: [{ all: [a, b] }, { all: [c, d] }, e] },
  ];
  return shapes[shape] ?? a;
});
const admitted = fc.subarray([...IDS], { minLength: 1 });
const people = (vote: fc.Arbitrary<Ballot['vote']>) =>
  fc
    .array(fc.record({ vote, stages: admitted }), { maxLength: 9 })
    .map((ballots) => ballots.map((ballot, index): readonly [string, Ballot] => [`p${String(index)}`, ballot]));
const approvals = people(fc.constant<Ballot['vote']>('approve'));
const mixed = people(fc.constantFrom<Ballot['vote']>('approve', 'deny'));

/** Takes votes as the service does: those that an open stage admits, until the tree is fulfilled. */
const resultOf = (tree: ApprovalTree, votes: readonly (readonly [string, Ballot])[]): boolean => {
  const counted: (readonly [string, Ballot])[] = [];
  for (const vote of votes) {
    if (isFulfilled(tree, counted)) return true;
    const open = openStagesOf(tree, counted);
    if (vote[1].stages.some((stage) => open.includes(stage))) counted.push(vote);
  }
  return isFulfilled(tree, counted);
};

/** By trying every way of seating everybody. */
const isFulfilledByTrying = (tree: ApprovalTree, ballots: readonly (readonly [string, Ballot])[]): boolean => {
  const holds = (seats: ReadonlyMap<string, number>, part: ApprovalTree): boolean => {
    if ('all' in part) return part.all.every((branch) => holds(seats, branch));
    if ('any' in part) return part.any.some((branch) => holds(seats, branch));
    return (seats.get(part.id) ?? 0) >= part.quorum;
  };
  const tries = (at: number, seats: ReadonlyMap<string, number>): boolean => {
    const ballot = ballots[at];
    if (ballot === undefined) return holds(seats, tree);
    return ballot[1].stages.some((stage) => tries(at + 1, new Map(seats).set(stage, (seats.get(stage) ?? 0) + 1)));
  };
  return tries(0, new Map());
};

describe('the tally of an approval', () => {
  it('is the same in whatever order distinct persons agree', () => {
    fc.assert(
      fc.property(
        trees,
        approvals.chain((votes) =>
          fc.tuple(fc.constant(votes), fc.shuffledSubarray(votes, { minLength: votes.length })),
        ),
        (tree, [votes, shuffled]) => {
          expect(resultOf(tree, shuffled)).toBe(resultOf(tree, votes));
          expect(tallyOf(tree, shuffled)).toEqual(tallyOf(tree, votes));
        },
      ),
    );
  });

  it('is fulfilled exactly if there is a way to seat each person in one stage', () => {
    fc.assert(
      fc.property(
        trees,
        approvals.filter((votes) => votes.length <= 6),
        (tree, votes) => {
          expect(isFulfilled(tree, votes)).toBe(isFulfilledByTrying(tree, votes));
          expect(resultOf(tree, votes)).toBe(isFulfilledByTrying(tree, votes));
        },
      ),
    );
  });

  it('never counts a person twice, nor more in a stage than its quorum', () => {
    fc.assert(
      fc.property(trees, approvals, (tree, votes) => {
        const tally = tallyOf(tree, votes);
        expect(tally.reduce((sum, { approved }) => sum + approved, 0)).toBeLessThanOrEqual(votes.length);
        for (const { approved, quorum } of tally) expect(approved).toBeLessThanOrEqual(quorum);
      }),
    );
  });

  it('shows every stage of a fulfilled way with its quorum', () => {
    fc.assert(
      fc.property(trees, approvals, (tree, votes) => {
        fc.pre(isFulfilled(tree, votes));
        const done = new Set(
          tallyOf(tree, votes).flatMap((each) => (each.approved >= each.quorum ? [each.stage_id] : [])),
        );
        const holds = (part: ApprovalTree): boolean => {
          if ('all' in part) return part.all.every(holds);
          return 'any' in part ? part.any.some(holds) : done.has(part.id);
        };
        expect(holds(tree)).toBe(true);
      }),
    );
  });

  it('stays denied whatever more denials come, and no denial ever grants', () => {
    fc.assert(
      fc.property(trees, mixed, admitted, (tree, votes, where) => {
        const denial: readonly [string, Ballot] = ['p0', { vote: 'deny', stages: where }];
        const changed = [...votes.filter(([subject]) => subject !== 'p0'), denial];
        const more = [...votes, ['last', { vote: 'deny', stages: where }] as const];
        if (isDenied(tree, votes)) expect(isDenied(tree, more)).toBe(true);
        if (!isFulfilled(tree, votes)) expect(isFulfilled(tree, changed)).toBe(false);
        expect(isFulfilled(tree, more)).toBe(isFulfilled(tree, votes));
      }),
    );
  });

  it('opens no stage to one more vote once all have their quorum', () => {
    fc.assert(
      fc.property(trees, approvals, (tree, votes) => {
        const isFull = tallyOf(tree, votes).every(({ approved, quorum }) => approved === quorum);
        if (isFull) expect(openStagesOf(tree, votes)).toEqual([]);
        else expect(openStagesOf(tree, votes).length).toBeGreaterThan(0);
        expect(stagesOf(tree).map(({ id }) => id)).toEqual(expect.arrayContaining([...openStagesOf(tree, votes)]));
      }),
    );
  });
});
