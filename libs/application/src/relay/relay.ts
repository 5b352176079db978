import { type JournalKind, parseJournalName } from '../journals/kinds.js';
import type { RelayedSlice } from '../ports/bus.js';
import type { JournalName, Revision, Subscription } from '../ports/journals.js';
import { backoffMs, type RetryTerms } from '../projections/lane.js';
import { Rest } from '../projections/rest.js';
import {
  type RelayDeps,
  type RelayLag,
  type RelayObserver,
  type RelayOptions,
  silentRelayObserver,
} from './relay.types.js';
import { Tracks, type Turn } from './tracks.js';

const LEASE_MS = 5_000;
const COMPARE_EVERY_MS = 10_000;
const REST_MS = 10;
const ROUND_ENTRIES_MAX = 1_000;
const ROUND_JOURNALS_MAX = 256;
const READS_AT_ONCE = 16;
const OUTAGE_RETRY: RetryTerms = { triesMax: 0, firstMs: 100, longestMs: 5_000 };

/**
 * Publishes the journals of one kind to the bus, from the log, which is the outbox: read from the mark, publish, store the
 * mark after the acknowledgement. One process at a time holds the lease of a kind; another takes over within seconds. A
 * crash in between publishes again, and consumers drop what they have.
 * @source architecture section 3, protocols section 6
 */
export class Relay {
  private readonly tracks: Tracks;
  /** Cut short by news. */
  private readonly rest = new Rest();
  /** Cut short by the end alone. */
  private readonly pause = new Rest();
  private readonly observer: RelayObserver;
  private readonly leaseMs: number;
  private subscription: Subscription | undefined;
  private running: Promise<void> = Promise.resolve();
  private leaseUntilMs = 0;
  private isLeader = false;
  private comparedAtMs = -Infinity;
  private isStopped = false;
  private outages = 0;

  constructor(
    readonly kind: JournalKind,
    private readonly deps: RelayDeps,
    private readonly options: RelayOptions = {},
  ) {
    this.observer = options.observer ?? silentRelayObserver;
    this.leaseMs = options.leaseMs ?? LEASE_MS;
    this.tracks = new Tracks(kind, () => deps.clock.nowMs());
  }

  /** Starts to compete for the lease and to follow the log. Rejects when the log cannot be reached; bus and store may be away. */
  async start(): Promise<void> {
    this.subscription = await this.deps.log.journals.subscribe((journal, head) => {
      if (this.tracks.moved(journal, head) && this.isLeader) this.rest.end();
    });
    this.running = this.run();
  }

  /** Ends after the publication under way and gives the lease back, so that another takes over at once. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.subscription?.close();
    this.rest.end();
    this.pause.end();
    await this.running;
    this.lead(false);
    await this.deps.store.release(this.kind, this.deps.holder).catch(() => undefined); // It runs out by itself.
  }

  lag(): RelayLag {
    return this.isLeader ? { isLeader: true, ...this.tracks.lag } : { isLeader: false, entries: 0, oldestMs: 0 };
  }

  private hasStopped(): boolean {
    return this.isStopped;
  }

  private async run(): Promise<void> {
    while (!this.hasStopped()) {
      try {
        const isBusy = await this.turn();
        this.outages = 0;
        if (this.hasStopped()) return;
        if (isBusy) await this.pause.take(this.options.restMs ?? REST_MS);
        else await this.rest.take(this.leaseMs / 3);
      } catch (error) {
        this.observer.unavailable({ kind: this.kind, error });
        this.outages += 1;
        this.comparedAtMs = -Infinity; // What was under way may or may not be on the bus: the marks say where to go on.
        if (!this.hasStopped()) await this.pause.take(backoffMs(OUTAGE_RETRY, this.outages));
      }
    }
  }

  /** False: there is nothing to do until news comes or the lease needs care. */
  private async turn(): Promise<boolean> {
    if (!(await this.holdLease())) return false;
    const compareEveryMs = this.options.compareEveryMs ?? COMPARE_EVERY_MS;
    if (this.deps.clock.nowMs() - this.comparedAtMs >= compareEveryMs) await this.compare();
    return this.tracks.isBehind && (await this.publish());
  }

  /** A lease is prolonged when a third of it is gone; a holder that could not prolong it in time is none. */
  private async holdLease(): Promise<boolean> {
    const { store, clock, holder } = this.deps;
    const now = clock.nowMs();
    if (this.isLeader && now < this.leaseUntilMs - (this.leaseMs * 2) / 3) return true;
    const isHeld = await store.lease(this.kind, holder, this.leaseMs).catch((error: unknown) => {
      if (clock.nowMs() >= this.leaseUntilMs) this.lead(false);
      throw error;
    });
    if (isHeld) this.leaseUntilMs = now + this.leaseMs;
    this.lead(isHeld);
    return isHeld;
  }

  private lead(isLeader: boolean): void {
    if (this.isLeader === isLeader) return;
    this.isLeader = isLeader;
    this.comparedAtMs = -Infinity; // Somebody else has moved the marks, or will.
    this.observer.led({ kind: this.kind, isLeader });
  }

  /** Takes marks and heads as they are: after a take-over, an outage, a lost hint. */
  private async compare(): Promise<void> {
    const { log, store } = this.deps;
    const [marks, names] = await Promise.all([store.marks(this.kind), log.journals.list()]);
    const own = names.filter((journal) => parseJournalName(journal)?.kind === this.kind);
    const heads = await log.heads(own);
    for (const [index, journal] of own.entries()) {
      this.tracks.moved(journal, heads[index] ?? -1n);
      this.tracks.published(journal, marks.get(journal) ?? 0n);
    }
    this.comparedAtMs = this.deps.clock.nowMs();
  }

  /** False: the log had nothing of what was announced. */
  private async publish(): Promise<boolean> {
    const startedAt = this.deps.clock.nowMs();
    const slices = (await this.readAll(this.tracks.take(ROUND_ENTRIES_MAX, ROUND_JOURNALS_MAX))).filter(
      ({ slice }) => slice.entries.length > 0,
    );
    if (slices.length === 0) return false;
    const published = slices.map(({ slice }) => slice);
    const publish = (): Promise<void> => this.deps.bus.publish(published);
    await (this.options.around ?? ((_, run) => run()))(published, publish);
    const marks = new Map(slices.map(({ journal, next }): [JournalName, Revision] => [journal, next]));
    for (const [journal, next] of marks) this.tracks.published(journal, next);
    await this.deps.store.advance(marks);
    const entries = published.reduce((sum, slice) => sum + slice.entries.length, 0);
    this.observer.published({ kind: this.kind, entries, seconds: (this.deps.clock.nowMs() - startedAt) / 1_000 });
    return true;
  }

  private async readAll(turns: readonly Turn[]) {
    const slices = [];
    for (let from = 0; from < turns.length; from += READS_AT_ONCE)
      slices.push(...(await Promise.all(turns.slice(from, from + READS_AT_ONCE).map((turn) => this.read(turn)))));
    return slices;
  }

  private async read({ track: { journal, tenantId, next }, limit }: Turn) {
    const entries: RelayedSlice['entries'][number][] = [];
    for await (const entry of this.deps.log.read(journal, next, limit)) entries.push(entry);
    const slice: RelayedSlice = { kind: this.kind, tenantId, entries };
    return { journal, slice, next: next + BigInt(entries.length) };
  }
}
