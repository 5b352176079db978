import type { DecidedBatch } from './decide-batch.js';
import type { FoldedState } from './fold-in-order.js';

/** Decides more commands onto what a batch holds already. */
export type DecideOnto<State, Each, Answer> = (
  batch: readonly Each[],
  onto: DecidedBatch<State, Answer>,
) => DecidedBatch<State, Answer>;

/** Commands, and what they came to. */
export interface DraftedBatch<State, Each, Answer> {
  readonly members: readonly Each[];
  readonly decided: DecidedBatch<State, Answer>;
}

export interface DraftTerms<State, Each, Answer> {
  /** What the append under way leaves if it succeeds: the draft is worth nothing on anything else. */
  readonly base: FoldedState<State>;
  readonly take: () => readonly Each[];
  readonly putBack: (rest: readonly Each[]) => void;
  readonly decide: DecideOnto<State, Each, Answer>;
}

/**
 * The next batch, decided while an append is under way: then neither the processor waits for the log, nor the log for the
 * processor. Speculative like every batch: it is appended only after its predecessor is durable, and dropped otherwise.
 */
export class Draft<State, Each, Answer> {
  private members: readonly Each[] = [];
  private decided: DecidedBatch<State, Answer>;
  private soon: NodeJS.Immediate | undefined;
  private isFull = false;

  constructor(private readonly terms: DraftTerms<State, Each, Answer>) {
    this.decided = { next: terms.base.state, fresh: [], answers: [] };
    this.grow();
  }

  /** Commands may be waiting: what arrives in one turn of the event loop is decided together. */
  grow(): void {
    if (this.isFull) return;
    this.soon ??= setImmediate(() => {
      this.soon = undefined;
      this.extend();
    });
  }

  /** Its commands, and what they came to; it grows no more. */
  close(): DraftedBatch<State, Each, Answer> {
    clearImmediate(this.soon);
    this.isFull = true;
    return { members: this.members, decided: this.decided };
  }

  isOn({ folded }: FoldedState<State>): boolean {
    return this.terms.base.folded === folded;
  }

  private extend(): void {
    const more = this.terms.take();
    if (more.length === 0) return;
    const before = this.decided.answers.length;
    try {
      this.decided = this.terms.decide(more, this.decided);
    } catch {
      // Nobody waits for this function: the turn that takes them next meets the same defect, and answers it.
    }
    const count = this.decided.answers.length - before;
    this.members = [...this.members, ...more.slice(0, count)];
    this.isFull = count < more.length;
    if (this.isFull) this.terms.putBack(more.slice(count));
  }
}
