/* eslint max-lines: ['error', 350] -- one loop and its outcomes: they are easier to check on one page */
import { type Cause, EntryTooLarge, toHex } from '@verdict/ledger';
import type { AppendResult, Revision } from '../ports/journals.js';
import type { Clock, Observer, Sealer } from '../ports/system.js';
import type { EntryLog, FreshEntry } from './entry-log.js';
import { catchUp, LogUnreadable } from './catch-up.js';
import { type Folded, type FoldedState, NOTHING_FOLDED } from './fold-in-order.js';
import { type JournalKind, journalName, originOf } from './kinds.js';
import { type DecidedBatch, decideBatch } from './decide-batch.js';
import type { BatchStamp } from './seal-entry.js';
import type { CommandContext, LaneOutcome, ServiceDefinition } from './service-definition.js';

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
  readonly settle: (outcome: LaneOutcome<Answer>) => void;
}

const ATTEMPTS_MAX = 8;
const QUEUE_MAX = 8_192;
const BATCH_COMMANDS_MAX = 128;

/**
 * The writer of one tenant's journals in one process. Commands queue while an append is in flight; then all that wait are
 * decided one after the other, each on the state its predecessors leave, and appended as one batch. Nobody is answered
 * before that append is durable (G1). Safety does not rest on being alone: every append names the exact expected revision.
 */
export class TenantLane<State, Command, Answer> {
  private state: State;
  private folded: Folded = NOTHING_FOLDED;
  /** As it was after the last own entry. What was folded of other journals since then is provisional: see `catchUp`. */
  private pinned: FoldedState<State>;
  private queue: Waiting<Command, Answer>[] = [];
  private isRunning = false;
  private hasMoved = true;

  constructor(
    private readonly tenantId: string,
    private readonly service: ServiceDefinition<State, Command, Answer>,
    private readonly deps: LaneDeps,
  ) {
    this.state = service.initial;
    this.pinned = { state: service.initial, folded: NOTHING_FOLDED };
  }

  execute(command: Command, context: CommandContext): Promise<LaneOutcome<Answer>> {
    if (this.queue.length >= QUEUE_MAX) return Promise.resolve({ kind: 'overloaded' });
    return new Promise((settle) => {
      this.queue.push({ command, context, since: performance.now(), settle });
      this.wake();
    });
  }

  /** A journal of this tenant may have grown: fold it, and do what it makes due. */
  touch(kind: JournalKind, head: Revision): void {
    if (head <= this.folded[kind]) return;
    this.hasMoved = true;
    this.wake();
  }

  /** Runs what the clock makes due. */
  tick(): void {
    if (this.service.reactions(this.state, this.deps.clock.nowMs()).length > 0) {
      this.hasMoved = true;
      this.wake();
    }
  }

  /** The state with everything in it that was acknowledged by any process before this call. */
  async caughtUp(): Promise<{ readonly state: State; readonly folded: Folded }> {
    if (!this.isRunning) {
      this.isRunning = true;
      try {
        await this.catchUp();
      } finally {
        this.isRunning = false;
        // What was just folded may ask for something, and its hint will find nothing new any more.
        if (this.hasWork() || this.service.reactions(this.state, this.deps.clock.nowMs()).length > 0) {
          this.hasMoved = true;
          this.wake();
        }
      }
      return this.current();
    }
    // The lane is at work: its next turn begins with a catch-up.
    await new Promise<void>((resolve, reject) => this.turnWaiters.push({ resolve, reject }));
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
    return !this.isRunning && this.queue.length === 0 && this.turnWaiters.length === 0;
  }

  private turnWaiters: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  private hasWork(): boolean {
    return this.queue.length > 0 || this.hasMoved || this.turnWaiters.length > 0;
  }

  private wake(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    void this.run().finally(() => {
      this.isRunning = false;
      if (this.queue.length > 0 || this.turnWaiters.length > 0) this.wake();
    });
  }

  /** The log cannot be read: nobody is kept waiting, and nothing is written on a guess. */
  private giveUp(waiters: TenantLane<State, Command, Answer>['turnWaiters']): void {
    for (const { reject } of waiters) reject(new LogUnreadable(this.tenantId));
    this.answerAll(this.queue.splice(0), { kind: 'unavailable' });
  }

  private async run(): Promise<void> {
    while (this.hasWork()) {
      this.hasMoved = false;
      const waiters = this.turnWaiters;
      this.turnWaiters = [];
      const isReadable = await this.catchUp().then(
        () => true,
        () => false,
      );
      if (!isReadable) {
        this.giveUp(waiters);
        return;
      }
      for (const { resolve } of waiters) resolve();
      await this.react().catch(() => undefined); // The cause could not be read; the clock or the next hint comes back to it.
      const batch = this.takeBatch();
      if (batch.length > 0) await this.commit(batch);
    }
  }

  private async catchUp(): Promise<void> {
    const { at, pinned } = await catchUp({ at: this.current(), pinned: this.pinned }, this.service, {
      log: this.deps.log,
      tenantId: this.tenantId,
    });
    this.state = at.state;
    this.folded = at.folded;
    this.pinned = pinned;
  }

  /** Reactions go before waiting commands, in a batch of their own; a race lost is met again on the next turn. */
  private async react(): Promise<void> {
    const now = this.deps.clock.nowMs();
    const due = this.service.reactions(this.state, now).slice(0, BATCH_COMMANDS_MAX);
    const context: CommandContext = {
      commandId: `reaction:${this.service.name}`,
      actor: { kind: 'system', id: `verdict:${this.service.name}`, roles: [] },
      correlationId: null,
      traceparent: null,
      causes: [],
    };
    for (const kind of this.service.own) {
      const reactions = due.filter(({ command }) => this.service.journalOf(command) === kind);
      const revision = (this.folded[kind] + 1n).toString();
      const batch = await Promise.all(
        reactions.map(async ({ command, cause }, index) => ({
          command,
          context: {
            ...context,
            commandId: `${context.commandId}:${revision}:${index.toString()}`,
            ...(cause === null ? {} : await this.causeAt(cause.kind, cause.revision)),
          },
          since: performance.now(),
          settle: (outcome: LaneOutcome<Answer>) => {
            if (outcome.kind === 'unknown' || outcome.kind === 'contended') this.hasMoved = true;
          },
        })),
      );
      if (batch.length > 0) await this.commit(batch);
    }
  }

  /** The entry that a reaction answers, and the trace that it belongs to. */
  private async causeAt(
    kind: JournalKind,
    revision: Revision,
  ): Promise<Pick<CommandContext, 'causes' | 'traceparent'>> {
    const origin = originOf(this.deps.logHost, this.tenantId, kind);
    for await (const { leafHash, traceparent } of this.deps.log.read(journalName(kind, this.tenantId), revision, 1)) {
      const cause: Cause = { origin, revision: Number(revision), leaf_hash: toHex(leafHash) };
      return { causes: [cause], traceparent };
    }
    return { causes: [], traceparent: null };
  }

  /** The longest run of waiting commands that write to one journal. */
  private takeBatch(): readonly Waiting<Command, Answer>[] {
    const first = this.queue[0];
    if (first === undefined) return [];
    const kind = this.service.journalOf(first.command);
    let count = 1;
    while (count < Math.min(this.queue.length, BATCH_COMMANDS_MAX)) {
      const next = this.queue[count];
      if (next === undefined || this.service.journalOf(next.command) !== kind) break;
      count += 1;
    }
    return this.queue.splice(0, count);
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
      const appended = await this.appendAll(kind, decided.fresh);
      this.observe(kind, decided.fresh.length, taken, { started, outcome: appended.kind, attempt });
      if (appended.kind === 'appended') {
        this.finish(kind, decided, taken);
        left = left.slice(taken.length);
        attempt = 0;
        continue;
      }
      if (appended.kind === 'unknown') {
        this.hasMoved = true; // Read back before anything else is appended.
        this.answerAll(left, { kind: 'unknown' });
        return;
      }
      const isReadable = await this.catchUp().then(
        () => true,
        () => false,
      );
      if (!isReadable) {
        this.answerAll(left, { kind: 'unavailable' });
        return;
      }
    }
    this.answerAll(left, { kind: 'contended' });
  }

  private async appendAll(kind: JournalKind, fresh: readonly FreshEntry[]): Promise<AppendResult> {
    if (fresh.length === 0) return { kind: 'appended', revision: this.folded[kind] };
    return this.deps.log.append(journalName(kind, this.tenantId), this.folded[kind], fresh);
  }

  private observe(
    kind: JournalKind,
    entries: number,
    batch: readonly Waiting<Command, Answer>[],
    at: { readonly started: number; readonly outcome: AppendResult['kind']; readonly attempt: number },
  ): void {
    const seconds = (performance.now() - at.started) / 1000;
    if (entries > 0)
      this.deps.observer.batchAppended({ kind, entries, commands: batch.length, seconds, outcome: at.outcome });
    if (at.outcome !== 'appended') return;
    for (const { since } of batch) {
      this.deps.observer.waited({
        service: this.service.name,
        seconds: (at.started - since) / 1000,
        hasLostRace: at.attempt > 1,
      });
    }
  }

  private decideAll(kind: JournalKind, batch: readonly Waiting<Command, Answer>[]): DecidedBatch<State, Answer> {
    const stamp: BatchStamp = {
      tenantId: this.tenantId,
      origin: originOf(this.deps.logHost, this.tenantId, kind),
      recordedAt: new Date(this.deps.clock.nowMs()).toISOString(),
      observed: Object.fromEntries(
        this.service.kinds.filter((each) => each !== kind).map((each) => [each, Number(this.folded[each])]),
      ),
    };
    return decideBatch(
      { service: this.service, state: this.state, kind, next: this.folded[kind] + 1n, stamp, sealer: this.deps.sealer },
      batch,
    );
  }

  private finish(
    kind: JournalKind,
    { next, fresh, answers }: DecidedBatch<State, Answer>,
    batch: readonly Waiting<Command, Answer>[],
  ): void {
    const base = this.folded[kind] + 1n;
    const observed = this.folded;
    this.restore(next, { ...this.folded, [kind]: this.folded[kind] + BigInt(fresh.length) });
    const origin = originOf(this.deps.logHost, this.tenantId, kind);
    batch.forEach(({ settle }, index) => {
      const answer = answers[index];
      if (answer === undefined) return;
      if ('error' in answer) {
        const { error } = answer;
        const isLarge = error instanceof EntryTooLarge;
        settle(
          isLarge ? { kind: 'too_large', bytes: error.bytes, bytesMax: error.bytesMax } : { kind: 'failed', error },
        );
        return;
      }
      const entries = fresh
        .slice(answer.from, answer.to)
        .map((entry, offset) => ({ kind, origin, entry: { ...entry, revision: base + BigInt(answer.from + offset) } }));
      settle({ kind: 'committed', answer: answer.answer, entries, observed });
    });
  }

  private answerAll(batch: readonly Waiting<Command, Answer>[], outcome: LaneOutcome<Answer>): void {
    for (const { settle } of batch) settle(outcome);
  }
}
