import { type ApprovalStage, type ApprovalTree, stagesOf } from './approval-tree.js';

/** A person's newest vote, and the stages in which it may count: the one named, or all that admit the person. */
export interface Ballot {
  readonly vote: 'approve' | 'deny';
  readonly stages: readonly string[];
}
/** By voter; the order does not matter. */
export type Ballots = Iterable<readonly [string, Ballot]>;

/** A voter with the stages his approval may count in. */
interface Voter {
  readonly subject: string;
  readonly stages: readonly string[];
}
/** In which stage the approval of each voter counts. */
type Seats = Map<string, string>;

/** Sorted, so that the tally does not depend on who voted first. */
const votersOf = (ballots: Ballots, vote: Ballot['vote']): readonly Voter[] =>
  [...ballots]
    .filter(([, ballot]) => ballot.vote === vote)
    .map(([subject, { stages }]) => ({ subject, stages }))
    .sort((a, b) => (a.subject < b.subject ? -1 : 1));

/**
 * Seats voters in stages, one seat each and no more in a stage than its quorum: a maximum matching, by augmenting paths.
 * A person whom two stages admit thereby never blocks a person whom only one of them does.
 */
class Seating {
  readonly seats: Seats = new Map();
  readonly #quorums: ReadonlyMap<string, number>;
  readonly #voters = new Map<string, Voter>();

  constructor(stages: readonly ApprovalStage[], earlier: ReadonlyMap<string, string> = new Map()) {
    this.#quorums = new Map(stages.map(({ id, quorum }) => [id, quorum]));
    for (const [subject, stage] of earlier) this.seats.set(subject, stage);
  }

  seatAll(voters: readonly Voter[]): this {
    for (const voter of voters) this.#voters.set(voter.subject, voter);
    for (const { subject, stages } of voters) if (!this.seats.has(subject)) this.#seat(subject, stages, new Set());
    return this;
  }

  /** Whether one more person, admitted by this stage alone, would find a seat, if need be by others moving on. */
  isOpen(stage: string): boolean {
    return this.#canTake(stage, new Set());
  }

  takenIn(stage: string): number {
    return this.#seatedIn(stage).length;
  }

  #seatedIn(stage: string): readonly string[] {
    return [...this.seats].flatMap(([subject, at]) => (at === stage ? [subject] : []));
  }

  #seat(subject: string, stages: readonly string[], tried: Set<string>): boolean {
    for (const stage of stages) {
      if (tried.has(stage) || !this.#quorums.has(stage)) continue;
      tried.add(stage);
      if (!this.#hasRoom(stage) && !this.#makeRoom(stage, tried)) continue;
      this.seats.set(subject, stage);
      return true;
    }
    return false;
  }

  #makeRoom(stage: string, tried: Set<string>): boolean {
    return this.#seatedIn(stage).some((subject) => this.#seat(subject, this.#voters.get(subject)?.stages ?? [], tried));
  }

  #hasRoom(stage: string): boolean {
    return this.takenIn(stage) < (this.#quorums.get(stage) ?? 0);
  }

  #canTake(stage: string, tried: Set<string>): boolean {
    if (tried.has(stage) || !this.#quorums.has(stage)) return false;
    tried.add(stage);
    if (this.#hasRoom(stage)) return true;
    return this.#seatedIn(stage).some((subject) =>
      (this.#voters.get(subject)?.stages ?? []).some((other) => this.#canTake(other, tried)),
    );
  }
}

/** The sets of stages that fulfil a tree, each sufficient by itself. */
const waysOf = (tree: ApprovalTree): readonly (readonly ApprovalStage[])[] => {
  if ('any' in tree) return tree.any.flatMap(waysOf);
  if (!('all' in tree)) return [[tree]];
  return tree.all.reduce<readonly (readonly ApprovalStage[])[]>(
    (ways, branch) => ways.flatMap((way) => waysOf(branch).map((more) => [...way, ...more])),
    [[]],
  );
};

const fulfilling = (tree: ApprovalTree, voters: readonly Voter[]): Seating | undefined => {
  for (const way of waysOf(tree)) {
    const seating = new Seating(way).seatAll(voters);
    if (way.every(({ id, quorum }) => seating.takenIn(id) >= quorum)) return seating;
  }
  return undefined;
};

/** Everybody seated: those who fulfil the tree stay where they do, the others find what place there is. */
const seatingOf = (tree: ApprovalTree, ballots: Ballots): Seating => {
  const voters = votersOf(ballots, 'approve');
  return new Seating(stagesOf(tree), fulfilling(tree, voters)?.seats).seatAll(voters);
};

/**
 * Whether the approvals fulfil the tree, each person counted in one stage only. Does not depend on the order of votes.
 * @source contract sections 8.3 and 11.2
 */
export const isFulfilled = (tree: ApprovalTree, ballots: Ballots): boolean =>
  fulfilling(tree, votersOf(ballots, 'approve')) !== undefined;

/** Whether the denials of one stage reach its deny quorum, which denies all. */
export const isDenied = (tree: ApprovalTree, ballots: Ballots): boolean => {
  const deniers = votersOf(ballots, 'deny');
  return stagesOf(tree).some(
    ({ id, deny_quorum: quorum }) => deniers.filter(({ stages }) => stages.includes(id)).length >= quorum,
  );
};

/** Ids of the stages in which one more approval would still count. */
export const openStagesOf = (tree: ApprovalTree, ballots: Ballots): readonly string[] => {
  const seating = seatingOf(tree, ballots);
  return stagesOf(tree).flatMap(({ id }) => (seating.isOpen(id) ? [id] : []));
};

/** The stage in which the approval of this person counts; undefined for who has not agreed. */
export const seatOf = (tree: ApprovalTree, ballots: Ballots, subject: string): string | undefined =>
  seatingOf(tree, ballots).seats.get(subject);

export interface StageProgress {
  readonly stage_id: string;
  readonly approved: number;
  readonly quorum: number;
}

/** How far each stage is. */
export const tallyOf = (tree: ApprovalTree, ballots: Ballots): readonly StageProgress[] => {
  const seating = seatingOf(tree, ballots);
  return stagesOf(tree).map(({ id, quorum }) => ({ stage_id: id, approved: seating.takenIn(id), quorum }));
};
