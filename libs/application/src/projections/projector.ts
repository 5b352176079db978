/* eslint max-lines: ['error', 375] -- one loop, what wakes it and what becomes of a round: easier to check on one page */
import { LogBus } from '../bus/log-bus.js';
import { JOURNAL_KINDS, type JournalKind, journalName } from '../journals/kinds.js';
import type { Movement } from '../ports/bus.js';
import type { JournalName, Revision, Subscription } from '../ports/journals.js';
import {
  type ParkedJournal,
  type ProjectedSlice,
  type ProjectionStore,
  ProjectionsUnavailable,
} from '../ports/projection-store.js';
import { Carried } from './carried.js';
import { Deliveries } from './deliveries.js';
import { backoffMs, Lane, RETRY_TERMS, type RetryTerms } from './lane.js';
import {
  type ProjectorDeps,
  type ProjectorLag,
  type ProjectorObserver,
  type ProjectorOptions,
  silentProjectorObserver,
} from './projector.types.js';
import { readSlice, type SliceReading } from './read-slice.js';
import { Rest } from './rest.js';
import { Waiters } from './waiters.js';

const ROUND_ENTRIES_MAX = 2_000;
const ROUND_JOURNALS_MAX = 256;
const READS_AT_ONCE = 16;
const POLL_EVERY_MS = 10_000;
const REST_MS = 50;
const ERROR_CHARACTERS_MAX = 500;
/** All processes of a deployment project together: each journal is delivered to one of them. */
export const PROJECTOR_GROUP = 'read-models';
/** How long an outage of log or store may go unnoticed when it ends. */
const OUTAGE_RETRY: RetryTerms = { triesMax: 0, firstMs: 100, longestMs: 5_000 };

const textOf = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, ERROR_CHARACTERS_MAX);

interface Task {
  readonly lane: Lane;
  readonly slice: ProjectedSlice;
  readonly traceparents: readonly (string | null)[];
}

/**
 * Keeps the read models up to the journals of all tenants: exactly once, in order, and a journal that fails stops alone.
 * Hints say where to look; what is true are the log's revisions and the store's marks.
 * @source architecture section 3, protocols section 4.3
 */
export class Projector {
  private readonly lanes = new Map<JournalName, Lane>();
  private readonly ready = new Set<Lane>();
  private readonly carried = new Carried();
  private readonly deliveries = new Deliveries();
  private readonly waiters = new Waiters();
  private readonly rest = new Rest();
  private readonly retries = new Map<Lane, NodeJS.Timeout>();
  private readonly observer: ProjectorObserver;
  private readonly terms: RetryTerms;
  private readonly restMs: number;
  private readonly pollEveryMs: number;
  private subscription: Subscription | undefined;
  private ticker: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isPollDue = true;
  private isStopped = false;
  private outages = 0;

  constructor(
    private readonly deps: ProjectorDeps,
    private readonly options: ProjectorOptions = {},
  ) {
    this.observer = options.observer ?? silentProjectorObserver;
    this.terms = options.retry ?? RETRY_TERMS;
    this.restMs = options.restMs ?? REST_MS;
    this.pollEveryMs = options.pollEveryMs ?? POLL_EVERY_MS;
  }

  /** Starts to follow the log; what the store lacks is applied in the background. Rejects when the log cannot be reached. */
  async start(): Promise<void> {
    const bus = this.deps.bus ?? new LogBus(this.deps.log.journals);
    this.subscription = await bus.consume({
      group: PROJECTOR_GROUP,
      kinds: JOURNAL_KINDS,
      deliver: (movements) => this.deliver(movements),
    });
    this.ticker = setInterval(() => {
      this.isPollDue = true;
      this.wake();
    }, this.pollEveryMs);
    this.wake();
  }

  /** Stops after the transaction that is under way; readers who wait are told no. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.deliveries.rejectAll();
    clearInterval(this.ticker);
    for (const timer of this.retries.values()) clearTimeout(timer);
    await this.subscription?.close();
    this.rest.end();
    await this.running;
    this.waiters.dismissAll();
  }

  /** Whether the read models have `revision` of the journal: at once, within `timeoutMs`, or not (also while parked). */
  waitFor(tenantId: string, kind: JournalKind, revision: Revision, timeoutMs: number): Promise<boolean> {
    const journal = journalName(kind, tenantId);
    const lane = this.lanes.get(journal);
    if (lane !== undefined && lane.next > revision) return Promise.resolve(true);
    if (this.hasStopped() || lane?.status === 'parked') return Promise.resolve(false);
    const waiting = this.waiters.wait(journal, revision, timeoutMs);
    this.touch(journal, revision); // Another process may have been told of it: whoever is first applies it.
    this.rest.end();
    return waiting;
  }

  /** Resolves once everything that was carried is stored or left to a journal that has failed: the log has it for later. */
  private deliver(movements: readonly Movement[]): Promise<void> {
    for (const { journal, head, entries } of movements) {
      this.carried.put(journal, entries);
      this.touch(journal, head);
    }
    const carried = movements.filter(({ entries }) => entries.length > 0);
    if (carried.length > 0) this.rest.end(); // A hint alone can wait: one transaction then stores what many hints told of.
    return this.deliveries.wait(carried, this.isDealtWith);
  }

  private readonly isDealtWith = ({ journal, head }: Movement): boolean => {
    const lane = this.lanes.get(journal);
    return lane === undefined || lane.next > head || lane.status !== 'following';
  };

  lag(): ProjectorLag {
    const entries: Record<JournalKind, number> = { policy: 0, decisions: 0, approvals: 0, reservations: 0 };
    let oldest = this.deps.clock.nowMs();
    const now = oldest;
    for (const lane of this.lanes.values()) {
      entries[lane.kind] += lane.behindCount;
      oldest = Math.min(oldest, lane.behindSinceMs ?? oldest);
    }
    const parked = [...this.lanes.values()].filter(({ status }) => status === 'parked');
    return { entries, oldestMs: now - oldest, parkedJournals: parked.map(({ journal }) => journal).sort() };
  }

  /** Lets a parked journal go on at the revision that failed. Rejects while the store cannot be reached. */
  async resume(journal: JournalName): Promise<void> {
    await this.deps.store.resume(journal);
    const lane = this.lanes.get(journal);
    if (lane?.status === 'parked') this.unpark(lane);
    this.isPollDue = true;
    this.wake();
  }

  private touch(journal: JournalName, head: Revision): void {
    const lane = this.lanes.get(journal) ?? this.open(journal);
    if (lane === undefined) return;
    if (head > lane.head) lane.head = head;
    this.enqueue(lane);
  }

  private open(journal: JournalName): Lane | undefined {
    const lane = Lane.of(journal);
    if (lane !== undefined) this.lanes.set(journal, lane);
    return lane;
  }

  private enqueue(lane: Lane): void {
    if (!lane.isBehind || lane.status === 'parked') return;
    lane.behindSinceMs ??= this.deps.clock.nowMs();
    if (lane.status !== 'following') return;
    this.ready.add(lane);
    this.wake();
  }

  private wake(): void {
    if (this.running !== undefined || this.hasStopped()) return;
    this.running = this.run().finally(() => {
      this.running = undefined;
      if (this.hasWork) this.wake(); // A hint of the last moment.
    });
  }

  private hasStopped(): boolean {
    return this.isStopped;
  }

  private get hasWork(): boolean {
    return this.isPollDue || this.ready.size > 0;
  }

  private async run(): Promise<void> {
    while (this.hasWork && !this.hasStopped()) {
      try {
        if (this.isPollDue) await this.poll();
        const lanes = this.takeLanes();
        await this.round(lanes);
        this.deliveries.check(this.isDealtWith);
        this.outages = 0;
        if (this.mayRestAfter(lanes)) await this.rest.take(this.restMs);
      } catch (error) {
        this.observer.unavailable(error);
        this.outages += 1;
        if (!this.hasStopped()) await this.rest.take(backoffMs(OUTAGE_RETRY, this.outages));
      }
    }
  }

  /** Not when nothing was taken, somebody waits, or the next transaction would be no larger for it. */
  private mayRestAfter(lanes: readonly Lane[]): boolean {
    const isAwaited = this.waiters.size > 0 || this.deliveries.isAwaited;
    const isFarBehind = [...this.ready].some((lane) => lane.hasFullSlice);
    return lanes.length > 0 && !isAwaited && !isFarBehind && !this.hasStopped();
  }

  /** Compares everything with the log and the store: lost hints, other processes, a rebuilt store. */
  private async poll(): Promise<void> {
    const { log, store } = this.deps;
    const [marks, parked, names] = await Promise.all([store.marks(), store.parked(), log.journals.list()]);
    const heads = await log.heads(names);
    const parkedNames = new Set(parked.map(({ journal }) => journal));
    this.isPollDue = false;
    for (const [index, journal] of names.entries()) {
      const lane = this.lanes.get(journal) ?? this.open(journal);
      if (lane === undefined) continue;
      lane.moveTo(marks.get(journal) ?? 0n);
      this.waiters.reached(journal, lane.next);
      this.comparePark(lane, parkedNames.has(journal));
      this.touch(journal, heads[index] ?? -1n);
    }
  }

  private comparePark(lane: Lane, isParked: boolean): void {
    if (isParked && lane.status !== 'parked') {
      lane.status = 'parked';
      this.ready.delete(lane);
      this.waiters.dismiss(lane.journal);
    } else if (!isParked && lane.status === 'parked') this.unpark(lane);
  }

  private unpark(lane: Lane): void {
    lane.status = 'following';
    lane.tries = 0;
    this.observer.resumed(lane.journal);
    this.enqueue(lane);
  }

  /** The journals that have waited longest, as many as make one good transaction. */
  private takeLanes(): readonly Lane[] {
    const taken: Lane[] = [];
    let entries = 0;
    for (const lane of this.ready) {
      taken.push(lane);
      entries += Math.min(lane.limit, lane.behindCount);
      if (entries >= ROUND_ENTRIES_MAX || taken.length >= ROUND_JOURNALS_MAX) break;
    }
    for (const lane of taken) this.ready.delete(lane);
    return taken;
  }

  /** Rejects when the store is away; the lanes are ready again then. */
  private async round(lanes: readonly Lane[]): Promise<void> {
    try {
      const tasks: Task[] = [];
      for (let from = 0; from < lanes.length; from += READS_AT_ONCE) {
        const some = lanes.slice(from, from + READS_AT_ONCE);
        const readings = await Promise.all(some.map((lane) => readSlice(this.deps.log, lane, this.carried)));
        for (const [index, lane] of some.entries()) {
          const task = await this.taskOf(lane, readings[index]);
          if (task !== undefined) tasks.push(task);
        }
      }
      await this.applyAll(tasks);
    } finally {
      for (const lane of lanes) this.enqueue(lane);
    }
  }

  private async taskOf(lane: Lane, reading: SliceReading | undefined): Promise<Task | undefined> {
    switch (reading?.kind) {
      case 'slice':
        return { lane, slice: reading.slice, traceparents: reading.traceparents };
      case 'failed':
        await this.fail(lane, reading.error);
        return undefined;
      case 'unavailable':
        this.postpone(lane, reading.error);
        return undefined;
      case 'nothing':
      case undefined:
        lane.head = lane.next - 1n; // The hint was early; the next one or the poll says more.
        return undefined;
    }
  }

  private async applyAll(tasks: readonly Task[]): Promise<void> {
    const together = tasks.filter(({ lane }) => !lane.isSuspect);
    const alone = tasks.filter(({ lane }) => lane.isSuspect);
    if (together.length > 0) {
      try {
        await this.apply(together);
      } catch (error) {
        if (error instanceof ProjectionsUnavailable) throw error;
        alone.push(...together); // One of them is to blame; the others are not held up by it.
      }
    }
    for (const task of alone) await this.applyAlone(task);
  }

  private async applyAlone(task: Task): Promise<void> {
    try {
      await this.apply([task]);
    } catch (error) {
      if (error instanceof ProjectionsUnavailable) throw error;
      if (task.slice.entries.length > 1) task.lane.limit = 1;
      else await this.fail(task.lane, error);
    }
  }

  private async apply(tasks: readonly Task[]): Promise<void> {
    const startedAt = this.deps.clock.nowMs();
    const entries = tasks.reduce((sum, { slice }) => sum + slice.entries.length, 0);
    const apply = (): ReturnType<ProjectionStore['apply']> => this.deps.store.apply(tasks.map(({ slice }) => slice));
    const { around } = this.options;
    const marks =
      around === undefined
        ? await apply()
        : await around({ traceparents: tasks.flatMap(({ traceparents }) => traceparents), entries }, apply);
    for (const { lane } of tasks) {
      lane.moveTo(marks.get(lane.journal) ?? 0n);
      this.waiters.reached(lane.journal, lane.next);
    }
    this.observer.applied({ journals: tasks.length, entries, seconds: (this.deps.clock.nowMs() - startedAt) / 1000 });
  }

  private async fail(lane: Lane, error: unknown): Promise<void> {
    lane.tries += 1;
    this.observer.failed({ journal: lane.journal, revision: lane.next, tries: lane.tries, error });
    if (lane.tries >= this.terms.triesMax) {
      await this.park(lane, error);
      return;
    }
    this.retryIn(lane, backoffMs(this.terms, lane.tries));
  }

  /** The log could not be read: that says nothing about the entries, so it never parks a journal. */
  private postpone(lane: Lane, error: unknown): void {
    lane.outages += 1;
    this.observer.unavailable(error);
    this.retryIn(lane, backoffMs(OUTAGE_RETRY, lane.outages));
  }

  private retryIn(lane: Lane, ms: number): void {
    lane.status = 'waiting';
    const retry = (): void => {
      this.retries.delete(lane);
      if (lane.status === 'waiting') lane.status = 'following';
      this.enqueue(lane);
    };
    this.retries.set(lane, setTimeout(retry, ms));
  }

  private async park(lane: Lane, error: unknown): Promise<void> {
    const since = new Date(this.deps.clock.nowMs()).toISOString();
    const parked: ParkedJournal = { journal: lane.journal, revision: lane.next, error: textOf(error), since };
    await this.deps.store.park(parked); // Away: the lane stays ready, fails once more and is parked then.
    lane.status = 'parked';
    this.carried.forget(lane.journal);
    this.waiters.dismiss(lane.journal);
    this.observer.parked(parked);
  }
}
