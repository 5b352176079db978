import { type JournalKind, journalName, parseJournalName } from '../journals/kinds.js';
import {
  type AuditObserver,
  type CheckpointStore,
  type LeafSource,
  silentAuditObserver,
  type StoredCheckpoint,
} from '../ports/audit.js';
import type { JournalName, Journals, Revision, Subscription } from '../ports/journals.js';
import type { KeyStore } from '../ports/key-store.js';
import type { Clock } from '../ports/system.js';
import { backoffMs, type RetryTerms } from '../projections/lane.js';
import { Rest } from '../projections/rest.js';
import { isBehind, type PublisherLane } from './publisher-lane.js';
import { type RoundDeps, signRound } from './signing-round.js';

export interface PublisherDeps {
  readonly journals: Journals;
  /** Default: the journals. A store that gives out hashes without entries is cheaper. */
  readonly leaves?: LeafSource;
  readonly store: CheckpointStore;
  readonly keys: KeyStore;
  readonly clock: Clock;
  readonly logHost: string;
}
export interface PublisherOptions {
  readonly observer?: AuditObserver;
  /** Time between two rounds, so that a busy journal gets one checkpoint for many appends. */
  readonly everyMs?: number;
  /** Leaves of one journal in one round; more are signed by a later one. */
  readonly leavesMax?: number;
}

/** With the time of a round it stays within the second that a checkpoint may be late. */
const EVERY_MS = 700;
const LEAVES_MAX = 20_000;
const ROUND_JOURNALS_MAX = 64;
const OUTAGE_RETRY: RetryTerms = { triesMax: 0, firstMs: 100, longestMs: 5_000 };

/**
 * Puts every journal's entries under signed checkpoints. Hints say where to look; what is true are the log's leaves and
 * the store's last signed heads, so several processes may do this at once.
 * @source ledger format sections 3 and 4
 */
export class CheckpointPublisher {
  private readonly lanes = new Map<JournalName, PublisherLane>();
  private readonly ready = new Set<PublisherLane>();
  private readonly rest = new Rest();
  private readonly round: RoundDeps;
  private readonly everyMs: number;
  private subscription: Subscription | undefined;
  private running: Promise<void> | undefined;
  /** Rounds of this process take turns: they would only wait for each other's rows. */
  private turn: Promise<void> = Promise.resolve();
  private isStopping = false;
  private outages = 0;

  constructor(
    private readonly deps: PublisherDeps,
    options: PublisherOptions = {},
  ) {
    const { observer = silentAuditObserver, everyMs = EVERY_MS, leavesMax = LEAVES_MAX } = options;
    this.everyMs = everyMs;
    this.round = { ...deps, leaves: deps.leaves ?? deps.journals, observer, leavesMax };
  }

  /** Starts to follow the log. Rejects when the log cannot be reached. */
  async start(): Promise<void> {
    this.subscription = await this.deps.journals.subscribe((journal, head) => {
      this.touch(journal, head);
    });
  }

  /** Stops after the round that is under way. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.subscription?.close();
    this.rest.end();
    await this.running;
    await this.turn;
  }

  /**
   * The first checkpoint of at least `size` leaves; signs one now when there is none. undefined: the log has fewer
   * entries, or the journal's publishing has stopped. Rejects while store, log or keys are away.
   */
  async covering(tenantId: string, kind: JournalKind, size: bigint): Promise<StoredCheckpoint | undefined> {
    const journal = journalName(kind, tenantId);
    for (;;) {
      const before = this.lanes.get(journal)?.signed?.size; // First: a round may sign what the look just misses.
      const found = await this.deps.store.firstCovering(journal, size);
      if (found !== undefined) return found;
      const lane = this.open(journal, size - 1n);
      if (lane === undefined || lane.isStopped) return undefined;
      await this.inTurn([lane]);
      if (lane.signed?.size === before) return undefined;
    }
  }

  /** Seconds that the oldest entry of each kind has been waiting for a checkpoint; 0 where none is waiting. */
  ages(): Readonly<Record<JournalKind, number>> {
    const now = this.deps.clock.nowMs();
    const ages: Record<JournalKind, number> = { policy: 0, decisions: 0, approvals: 0, reservations: 0 };
    for (const { kind, waitingSinceMs } of this.lanes.values()) {
      if (waitingSinceMs !== undefined) ages[kind] = Math.max(ages[kind], (now - waitingSinceMs) / 1_000);
    }
    return ages;
  }

  /** Journals for which nothing is signed any more, by name. */
  stopped(): readonly JournalName[] {
    return [...this.lanes.values()].flatMap(({ journal, isStopped }) => (isStopped ? [journal] : [])).sort();
  }

  private touch(journal: JournalName, head: Revision): void {
    const lane = this.open(journal, head);
    if (lane === undefined || !isBehind(lane)) return;
    lane.waitingSinceMs ??= this.deps.clock.nowMs();
    this.ready.add(lane);
    this.wake();
  }

  private open(journal: JournalName, head: Revision): PublisherLane | undefined {
    const known = this.lanes.get(journal);
    if (known !== undefined) {
      if (head > known.head) known.head = head;
      return known;
    }
    const parsed = parseJournalName(journal);
    if (parsed === undefined) return undefined;
    const lane: PublisherLane = {
      ...parsed,
      journal,
      head,
      signed: undefined,
      waitingSinceMs: undefined,
      isStopped: false,
    };
    this.lanes.set(journal, lane);
    return lane;
  }

  private wake(): void {
    if (this.running !== undefined || this.isStopping) return;
    this.running = this.run().finally(() => {
      this.running = undefined;
      if (this.ready.size > 0) this.wake(); // A hint of the last moment.
    });
  }

  private async run(): Promise<void> {
    while (this.ready.size > 0 && !this.isStopping) {
      // Resting first lets the appends of a burst share a checkpoint.
      await this.rest.take(this.outages === 0 ? this.everyMs : backoffMs(OUTAGE_RETRY, this.outages));
      await this.sweep([...this.ready]);
    }
  }

  /** One checkpoint for each of the journals that had something to sign when it began. */
  private async sweep(lanes: readonly PublisherLane[]): Promise<void> {
    for (let at = 0; at < lanes.length && !this.isStopping; at += ROUND_JOURNALS_MAX) {
      const chunk = lanes.slice(at, at + ROUND_JOURNALS_MAX);
      for (const lane of chunk) this.ready.delete(lane);
      const before = chunk.map(({ signed }) => signed?.size);
      try {
        await this.inTurn(chunk);
        this.outages = 0;
      } catch (error) {
        this.outages += 1;
        this.round.observer.unavailable(error);
        for (const lane of chunk) this.ready.add(lane);
        return;
      }
      // A journal that did not move waits for its next hint: trying again at once would change nothing.
      chunk.forEach((lane, index) => {
        if (isBehind(lane) && lane.signed?.size !== before[index]) this.ready.add(lane);
      });
    }
  }

  private inTurn(lanes: readonly PublisherLane[]): Promise<void> {
    const mine = this.turn.then(() => signRound(this.round, lanes));
    this.turn = mine.catch(() => undefined); // Its caller hears of it.
    return mine;
  }
}
