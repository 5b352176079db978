import type { Actor } from '@verdict/domain';
import { type Cause, EntryTooLarge, sealEntry, toHex } from '@verdict/ledger';
import type { AppendResult, Revision } from '../ports/journals.js';
import type { Clock, Observer, Sealer } from '../ports/system.js';
import type { EntryLog, FreshEntry, RecordedEntry } from './entry-log.js';
import { type Folded, foldInOrder, NOTHING_FOLDED } from './fold-in-order.js';
import { type JournalKind, journalName, originOf } from './kinds.js';
import { sealPayload } from './seal-payload.js';

/** An entry as a decider makes it: a type and a payload that is the ledger's JSON. */
export interface DomainEntry {
  readonly type: string;
  readonly payload: unknown;
}

/** What a decider made of one command: entries to append (none for refusals and replays) and what to answer. */
export interface Decided<Answer> {
  readonly entries: readonly DomainEntry[];
  readonly answer: Answer;
}

/** A service as a deterministic state machine over the journals of one tenant. */
export interface ServiceDefinition<State, Command, Answer> {
  readonly name: string;
  readonly own: readonly JournalKind[];
  /** All journals it folds, its own included. */
  readonly kinds: readonly JournalKind[];
  readonly initial: State;
  /** Raised whenever the shape or meaning of the state changes: older snapshots are dropped. */
  readonly stateVersion: number;
  /** The own journal a command writes to. */
  readonly journalOf: (command: Command) => JournalKind;
  readonly decide: (command: Command, state: State) => Decided<Answer>;
  readonly evolve: (state: State, kind: JournalKind, entry: { readonly type: string; readonly payload: unknown; readonly revision: bigint }) => State;
  /** What the state says is due now; decided like any command, and gone once its entries are folded. */
  readonly reactions: (state: State, nowMs: number) => readonly Reaction<Command>[];
}

/** A command that the state itself asks for, and the entry of another journal that made it due. */
export interface Reaction<Command> {
  readonly command: Command;
  readonly cause: { readonly kind: JournalKind; readonly revision: Revision } | null;
}

/** Who and what stands behind a command; enters the envelope. */
export interface CommandContext {
  /** Idempotency anchor: equal for repetitions of one command. */
  readonly commandId: string;
  readonly actor: Actor;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  readonly causes: readonly Cause[];
}

export interface CommittedEntry {
  readonly kind: JournalKind;
  readonly origin: string;
  readonly entry: RecordedEntry;
}

export type LaneOutcome<Answer> =
  | { readonly kind: 'committed'; readonly answer: Answer; readonly entries: readonly CommittedEntry[]; readonly observed: Folded }
  /** The entries may or may not be in the log: repeating the command with the same key is safe. */
  | { readonly kind: 'unknown' }
  /** Other writers won every race; nothing was written. */
  | { readonly kind: 'contended' }
  /** The log cannot be read; nothing was written. */
  | { readonly kind: 'unavailable' }
  /** Too many commands of this tenant wait already; nothing was written. */
  | { readonly kind: 'overloaded' }
  /** An entry would be larger than the ledger allows; nothing was written. */
  | { readonly kind: 'too_large'; readonly bytes: number; readonly bytesMax: number }
  /** A defect: the command could not be decided; nothing was written. */
  | { readonly kind: 'failed'; readonly error: unknown };

export interface LaneDeps {
  readonly log: EntryLog;
  readonly clock: Clock;
  readonly sealer: Sealer;
  readonly observer: Observer;
  readonly logHost: string;
}

/** The heads or entries of a tenant's journals cannot be had: the store is away. */
export class LogUnreadable extends Error {
  override readonly name = 'LogUnreadable';
  constructor(tenantId: string) {
    super(`the journals of ${tenantId} cannot be read`);
  }
}

interface Waiting<Command, Answer> {
  readonly command: Command;
  readonly context: CommandContext;
  readonly since: number;
  readonly settle: (outcome: LaneOutcome<Answer>) => void;
}

const ATTEMPTS_MAX = 8;
const QUEUE_MAX = 8_192;
/** A batch closes once it is past these; the port takes 500 entries and 900 KiB, one command makes up to 200 entries. */
const BATCH_COMMANDS_MAX = 128;
const BATCH_ENTRIES_MAX = 290;
const BATCH_BYTES_MAX = 560 * 1024;

interface BatchStamp {
  readonly kind: JournalKind;
  readonly origin: string;
  readonly recordedAt: string;
  readonly observed: Readonly<Record<string, number>>;
}

interface Batch<State, Answer> {
  readonly next: State;
  readonly fresh: readonly FreshEntry[];
  /** Per command: its answer and its slice of `fresh`; or that it could not be sealed. */
  readonly answers: readonly ({ readonly answer: Answer; readonly from: number; readonly to: number } | { readonly error: unknown })[];
}

/**
 * The writer of one tenant's journals in one process. Commands queue while an append is in flight; then all that wait are
 * decided one after the other, each on the state its predecessors leave, and appended as one batch. Nobody is answered
 * before that append is durable (G1). Safety does not rest on being alone: every append names the exact expected revision.
 */
export class TenantLane<State, Command, Answer> {
  private state: State;
  private folded: Folded = NOTHING_FOLDED;
  private queue: Waiting<Command, Answer>[] = [];
  private isRunning = false;
  private hasMoved = true;

  constructor(
    private readonly tenantId: string,
    private readonly service: ServiceDefinition<State, Command, Answer>,
    private readonly deps: LaneDeps,
  ) {
    this.state = service.initial;
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

  restore(state: State, folded: Folded): void {
    this.state = state;
    this.folded = folded;
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

  /** Folds every journal to its head; the heads are read afresh, so no acknowledged entry is missed. */
  private async catchUp(): Promise<void> {
    const { kinds } = this.service;
    const heads = await this.deps.log.heads(kinds.map((kind) => journalName(kind, this.tenantId)));
    const isBehind = (): boolean => kinds.some((kind, index) => this.folded[kind] < (heads[index] ?? -1n));
    while (isBehind()) {
      const before = this.folded;
      const { state, folded } = await foldInOrder(
        { state: this.state, folded: this.folded },
        { own: this.service.own, kinds, evolve: this.service.evolve },
        (kind, from) => this.deps.log.read(journalName(kind, this.tenantId), from),
      );
      this.restore(state, folded);
      if (kinds.every((kind) => before[kind] === folded[kind])) return;
    }
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
            causes: cause === null ? [] : await this.causeAt(cause.kind, cause.revision),
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

  private async causeAt(kind: JournalKind, revision: Revision): Promise<readonly Cause[]> {
    const origin = originOf(this.deps.logHost, this.tenantId, kind);
    for await (const { leafHash } of this.deps.log.read(journalName(kind, this.tenantId), revision, 1)) {
      return [{ origin, revision: Number(revision), leaf_hash: toHex(leafHash) }];
    }
    return [];
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
    if (entries > 0) this.deps.observer.batchAppended({ kind, entries, commands: batch.length, seconds, outcome: at.outcome });
    if (at.outcome !== 'appended') return;
    for (const { since } of batch) {
      this.deps.observer.waited({ service: this.service.name, seconds: (at.started - since) / 1000, hasLostRace: at.attempt > 1 });
    }
  }

  /** Speculative: the state is persistent, so a batch that lost the race is simply dropped. */
  private decideAll(kind: JournalKind, batch: readonly Waiting<Command, Answer>[]): Batch<State, Answer> {
    const stamp = this.stampOf(kind);
    let next = this.state;
    let bytes = 0;
    const fresh: FreshEntry[] = [];
    const answers: Batch<State, Answer>['answers'][number][] = [];
    for (const { command, context } of batch) {
      if (answers.length > 0 && (fresh.length > BATCH_ENTRIES_MAX || bytes > BATCH_BYTES_MAX)) break;
      const from = fresh.length;
      try {
        const decided = this.service.decide(command, next);
        const sealed = decided.entries.map((entry, ordinal) =>
          this.seal(entry, stamp, { context, ordinal, revision: this.folded[kind] + 1n + BigInt(from + ordinal) }),
        );
        next = sealed.reduce(
          (state, entry, index) => this.service.evolve(state, kind, { ...entry, revision: this.folded[kind] + 1n + BigInt(from + index) }),
          next,
        );
        fresh.push(...sealed);
        bytes += sealed.reduce((sum, entry) => sum + entry.bytes.length, 0);
        answers.push({ answer: decided.answer, from, to: fresh.length });
      } catch (error) {
        answers.push({ error }); // One defective command must not take its neighbours with it.
      }
    }
    return { next, fresh, answers };
  }

  /** What all entries of one batch share. */
  private stampOf(kind: JournalKind): BatchStamp {
    const recordedAt = new Date(this.deps.clock.nowMs()).toISOString();
    const observed = Object.fromEntries(this.service.kinds.filter((each) => each !== kind).map((each) => [each, Number(this.folded[each])]));
    return { kind, origin: originOf(this.deps.logHost, this.tenantId, kind), recordedAt, observed };
  }

  private seal(
    entry: DomainEntry,
    stamp: BatchStamp,
    at: { readonly context: CommandContext; readonly ordinal: number; readonly revision: bigint },
  ): FreshEntry {
    const { context, ordinal, revision } = at;
    const { origin, recordedAt, observed } = stamp;
    const { actor, causes, commandId, correlationId, traceparent } = context;
    const payload = sealPayload(entry.payload, { tenantId: this.tenantId, origin, commandId, ordinal }, this.deps.sealer);
    const sealed = sealEntry({
      ...{ origin, revision, type: entry.type, typeV: 1, commandId, ordinal, occurredAt: recordedAt, recordedAt },
      ...{ actor, causes, observed, correlationId, traceparent, payload },
    });
    return { ...sealed, payload, commandId, recordedAt, actor, observed, causes };
  }

  private finish(kind: JournalKind, { next, fresh, answers }: Batch<State, Answer>, batch: readonly Waiting<Command, Answer>[]): void {
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
        settle(isLarge ? { kind: 'too_large', bytes: error.bytes, bytesMax: error.bytesMax } : { kind: 'failed', error });
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
