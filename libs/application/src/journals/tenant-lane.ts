/* eslint max-lines: ['error', 350] -- one loop and its outcomes: they are easier to check on one page */
import { type AppendResult, LogUnreadable, type Revision, type SeenHead } from '../ports/journals.js';
import type { Clock, Observer, Sealer } from '../ports/system.js';
import type { EntryLog, FreshEntry } from './entry-log.js';
import type { CallersWait } from './callers-wait.js';
import { catchUp } from './catch-up.js';
import { type Folded, type FoldedState, NOTHING_FOLDED } from './fold-in-order.js';
import { Hints } from './hints.js';
import { type JournalKind, journalName, originOf } from './kinds.js';
import { type DecidedBatch, decideBatch } from './decide-batch.js';
import { outcomeOf } from './lane-outcome.js';
import { LaneReport } from './lane-report.js';
import { nextBatch } from './next-batch.js';
import { outcomeWithoutState } from './outage.js';
import { reactionContext } from './reaction-context.js';
import { type BatchStamp, observedFor } from './seal-entry.js';
import type { CommandContext, LaneOutcome, Reaction, ServiceDefinition } from './service-definition.js';
import type { ServiceWatch } from './service-watch.js';

export interface LaneDeps {
  readonly log: EntryLog;
  readonly clock: Clock;
  readonly sealer: Sealer;
  readonly observer: Observer;
  readonly logHost: string;
}

interface Waiting<Command, Answer> {
  readonly command: Command;
  readonly context: CommandContext;
  readonly since: number;
  readonly wait?: CallersWait | undefined;
  readonly settle: (outcome: LaneOutcome<Answer>) => void;
}

const ATTEMPTS_MAX = 8;
const QUEUE_MAX = 8_192;
const REACTIONS_MAX = 128;
/** Hints that no command waits for are folded together: every turn has its price. */
const HINTS_PAUSE_MS = 20;

/** What arrives in two turns of the event loop is one batch: in the first the answers of the batch before go out. */
const gathered = async (): Promise<void> => {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
};

/**
 * The writer of one tenant's journals in one process. Commands queue while an append is in flight; then all that wait are
 * decided one after the other, each on the state its predecessors leave, and appended as one batch. Nobody is answered
 * before that append is durable (G1). Safety does not rest on being alone: every append names the exact expected revision.
 * Where the log can, an append also names how far the other journals were folded, so that deciding needs no look at their
 * heads beforehand (ADR 12).
 */
export class TenantLane<State, Command, Answer> {
  private state: State;
  private folded: Folded = NOTHING_FOLDED;
  /** As it was after the last own entry. What was folded of other journals since then is provisional: see `catchUp`. */
  private pinned: FoldedState<State>;
  private readonly queue: Waiting<Command, Answer>[] = [];
  private isRunning = false;
  private readonly hints = new Hints();
  private pause: NodeJS.Timeout | undefined;
  private readonly report: LaneReport<State, Command>;
  private turnWaiters: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];

  constructor(
    private readonly tenantId: string,
    private readonly service: ServiceDefinition<State, Command, Answer>,
    private readonly deps: LaneDeps,
    private readonly watch: ServiceWatch<State, Command> = {},
  ) {
    this.report = new LaneReport({ service: service.name, tenantId }, deps.observer, watch);
    this.state = service.initial;
    this.pinned = { state: service.initial, folded: NOTHING_FOLDED };
  }

  /** A command whose caller has given up before its turn came ends as `contended`, and is not written. */
  execute(command: Command, context: CommandContext, wait?: CallersWait): Promise<LaneOutcome<Answer>> {
    if (this.queue.length >= QUEUE_MAX) return Promise.resolve({ kind: 'overloaded' });
    return new Promise((settle) => {
      this.queue.push({ command, context, since: performance.now(), wait, settle });
      this.wake();
    });
  }

  /** A journal of this tenant may have grown: fold it soon, and do what it makes due. */
  touch(kind: JournalKind, head: Revision): void {
    if (!this.hints.add(kind, head, this.folded)) return;
    this.pause ??= setTimeout(() => {
      this.pause = undefined;
      if (this.hints.areDue) this.wake();
    }, HINTS_PAUSE_MS);
  }

  /** Runs what the clock makes due. */
  tick(): void {
    if (this.dueReactions().length > 0) {
      this.hints.stir();
      this.wake();
    }
  }

  /** The state with everything in it that was acknowledged by any process before this call, and what that made due. */
  async caughtUp(): Promise<{ readonly state: State; readonly folded: Folded }> {
    const turn = new Promise<void>((resolve, reject) => this.turnWaiters.push({ resolve, reject }));
    this.wake(); // At work already: the next turn begins with a catch-up.
    await turn;
    return this.current();
  }

  /** The state as folded so far; may lag behind other writers. */
  current(): { readonly state: State; readonly folded: Folded } {
    return { state: this.state, folded: this.folded };
  }

  /** The newest state that no later entry can make another replica fold in another order: what a snapshot may keep. */
  settled(): FoldedState<State> {
    return this.pinned;
  }

  /** Takes up a state that was `settled`, or follows an own entry. */
  restore(state: State, folded: Folded): void {
    this.state = state;
    this.folded = folded;
    this.pinned = { state, folded };
  }

  get isIdle(): boolean {
    return !this.isRunning && this.pause === undefined && this.queue.length === 0 && this.turnWaiters.length === 0;
  }

  private hasWork(): boolean {
    const isHintDue = this.hints.areDue && this.pause === undefined;
    return this.queue.length > 0 || isHintDue || this.turnWaiters.length > 0;
  }

  private wake(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    void this.run().finally(() => {
      this.isRunning = false;
      if (this.hasWork()) this.wake();
    });
  }

  /** The log cannot be read, or not folded: nobody is kept waiting, and nothing is written on a guess. */
  private giveUp(waiters: TenantLane<State, Command, Answer>['turnWaiters'], error: unknown): void {
    for (const { reject } of waiters) reject(error);
    this.answerAll(this.queue.splice(0), outcomeWithoutState(error));
  }

  private async run(): Promise<void> {
    while (this.hasWork()) {
      await gathered();
      const waiters = this.turnWaiters;
      this.turnWaiters = [];
      // Hints will do without a question where the append finds out whether there is more.
      const isAsked = this.hints.areInDoubt || waiters.length > 0 || !this.deps.log.canAppendSeeing;
      const failure = isAsked || this.hints.areDue ? await this.tryCatchUp(isAsked ? 'heads' : 'hints') : undefined;
      if (failure !== undefined) {
        this.giveUp(waiters, failure.error);
        return;
      }
      await this.react();
      for (const { resolve } of waiters) resolve(); // They see also what was due at once, such as a tenant's first policy.
      const { taken, givenUp } = nextBatch(this.queue, this.service.journalOf);
      this.answerAll(givenUp, { kind: 'contended' });
      if (taken.length > 0) await this.commit(taken);
    }
  }

  private async tryCatchUp(by: 'heads' | 'hints' = 'heads'): Promise<{ readonly error: unknown } | undefined> {
    const told = this.hints.take();
    const from = { at: this.current(), pinned: this.pinned };
    const terms = { log: this.deps.log, tenantId: this.tenantId, heads: by === 'hints' ? told : undefined };
    try {
      const { at, pinned } = await catchUp(from, this.service, terms);
      this.state = at.state;
      this.folded = at.folded;
      this.pinned = pinned;
      return undefined;
    } catch (error) {
      if (by === 'hints') return this.tryCatchUp(); // Only the log can say what is true of what was told.
      this.hints.fail();
      return { error };
    }
  }

  /** Commands do not fail for what the service itself has to do: a defect is reported, and met again at the next tick. */
  private dueReactions(): readonly Reaction<Command>[] {
    try {
      return this.service.reactions(this.state, this.deps.clock.nowMs()).slice(0, REACTIONS_MAX);
    } catch (error) {
      this.report.reactionFailed(error);
      return [];
    }
  }

  private async react(): Promise<void> {
    try {
      await this.commitReactions(this.dueReactions());
    } catch (error) {
      // A cause that cannot be read while the log is away: the clock or the next hint comes back to it.
      if (!(error instanceof LogUnreadable)) this.report.reactionFailed(error);
    }
  }

  /** Reactions go before waiting commands, in a batch of their own; a race lost is met again on the next turn. */
  private async commitReactions(due: readonly Reaction<Command>[]): Promise<void> {
    const { log, logHost } = this.deps;
    const at = { tenantId: this.tenantId, logHost, service: this.service.name };
    for (const kind of this.service.own) {
      const reactions = due.filter(({ command }) => this.service.journalOf(command) === kind);
      const revision = (this.folded[kind] + 1n).toString();
      const batch = await Promise.all(
        reactions.map(async ({ command, cause }, index) => ({
          command,
          context: await reactionContext(log, { ...at, anchor: `${revision}:${index.toString()}` }, cause),
          since: performance.now(),
          settle: (outcome: LaneOutcome<Answer>) => {
            if (outcome.kind === 'unknown' || outcome.kind === 'contended') this.hints.doubt();
            this.report.reactionEnded(outcome);
          },
        })),
      );
      if (batch.length > 0) await this.commit(batch);
    }
  }

  /** Appends a batch and answers it, whatever happens: a promise that nobody settles would be an outcome of its own. */
  private async commit(batch: readonly Waiting<Command, Answer>[]): Promise<void> {
    try {
      await this.tryCommit(batch);
    } catch (error) {
      this.answerAll(batch, { kind: 'failed', error }); // Those answered already stay answered.
    }
  }

  private async tryCommit(batch: readonly Waiting<Command, Answer>[]): Promise<void> {
    const first = batch[0];
    if (first === undefined) return;
    const kind = this.service.journalOf(first.command);
    let left = batch;
    let attempt = 0;
    while (attempt < ATTEMPTS_MAX && left.length > 0) {
      attempt += 1;
      const decided = this.decideAll(kind, left);
      const taken = left.slice(0, decided.answers.length);
      const started = performance.now();
      const appended = await this.appendAll(kind, decided.fresh, attempt);
      this.report.append(kind, decided.fresh.length, taken, { started, outcome: appended.kind, attempt });
      if (appended.kind === 'appended') {
        this.finish(kind, decided, taken);
        left = left.slice(taken.length);
        attempt = 0;
        continue;
      }
      if (appended.kind === 'unknown') {
        this.hints.doubt();
        this.answerAll(left, { kind: 'unknown' });
        return;
      }
      const failure = await this.tryCatchUp();
      if (failure !== undefined) {
        this.answerAll(left, outcomeWithoutState(failure.error));
        return;
      }
    }
    this.answerAll(left, { kind: 'contended' });
  }

  /**
   * The first attempt holds only if nothing else was acknowledged meanwhile. Later ones follow a look at the heads that is
   * younger than the batch: asking for more would let busy neighbours starve it.
   */
  private async appendAll(kind: JournalKind, fresh: readonly FreshEntry[], attempt: number): Promise<AppendResult> {
    const { log } = this.deps;
    const isSeeing = attempt === 1 && log.canAppendSeeing;
    const revision = this.folded[kind];
    if (fresh.length > 0) return log.append(this.nameOf(kind), revision, fresh, isSeeing ? this.seen(kind) : undefined);
    // Answers without entries rest on what was seen all the same.
    return !isSeeing || (await this.isAtHeads()) ? { kind: 'appended', revision } : { kind: 'conflict' };
  }

  private seen(writing: JournalKind): readonly SeenHead[] {
    return this.service.kinds
      .filter((kind) => kind !== writing)
      .map((kind) => ({ journal: this.nameOf(kind), head: this.folded[kind] }));
  }

  /** False also when the heads cannot be read: the catch-up that follows says so to those who wait. */
  private async isAtHeads(): Promise<boolean> {
    try {
      const { kinds } = this.service;
      const heads = await this.deps.log.heads(kinds.map((kind) => this.nameOf(kind)));
      return kinds.every((kind, index) => (heads[index] ?? -1n) <= this.folded[kind]);
    } catch {
      return false;
    }
  }

  private nameOf(kind: JournalKind): string {
    return journalName(kind, this.tenantId);
  }

  private decideAll(kind: JournalKind, batch: readonly Waiting<Command, Answer>[]): DecidedBatch<State, Answer> {
    const { service, deps, tenantId, state, folded } = this;
    const stamp: BatchStamp = {
      tenantId,
      origin: originOf(deps.logHost, tenantId, kind),
      recordedAt: new Date(deps.clock.nowMs()).toISOString(),
      observed: observedFor(kind, service.kinds, folded),
    };
    return decideBatch({ service, state, kind, next: folded[kind] + 1n, stamp, sealer: deps.sealer }, batch);
  }

  private finish(
    kind: JournalKind,
    { next, fresh, answers }: DecidedBatch<State, Answer>,
    batch: readonly Waiting<Command, Answer>[],
  ): void {
    const base = this.folded[kind] + 1n;
    const observed = this.folded;
    const before = this.state;
    this.restore(next, { ...this.folded, [kind]: this.folded[kind] + BigInt(fresh.length) });
    const origin = originOf(this.deps.logHost, this.tenantId, kind);
    batch.forEach(({ settle }, index) => {
      const answer = answers[index];
      if (answer !== undefined) settle(outcomeOf(answer, { kind, origin, base, fresh, observed }));
    });
    if (fresh.length > 0) this.watch.committed?.({ kind, entries: fresh, before, after: next });
  }

  private answerAll(batch: readonly Waiting<Command, Answer>[], outcome: LaneOutcome<Answer>): void {
    for (const { settle } of batch) settle(outcome);
    const hasLostRace = outcome.kind === 'contended';
    this.report.turns(batch, { outcome: outcome.kind, at: performance.now(), hasLostRace });
  }
}
