import { randomUUID } from 'node:crypto';
import type { ServiceError } from '@grpc/grpc-js';
import { serverNotReady, streamDeleted } from './errors.js';
import type { RecordedEvent } from './events.js';
import type { FaultOptions, FaultSwitches } from './faults.js';
import type { Outlet } from './outlet.js';
import {
  caughtUpMessage,
  checkpointMessage,
  confirmationMessage,
  eventMessage,
  fellBehindMessage,
} from './read-messages.js';
import type { ReadRequest } from './read-request.reader.js';
import type { Store } from './store.js';

type SubscribeStream = Extract<ReadRequest, { kind: 'subscribe_stream' }>;
type SubscribeAll = Extract<ReadRequest, { kind: 'subscribe_all' }>;
type Subscribe = SubscribeStream | SubscribeAll;

const PAGE = 32;
/** A live subscription that has more than this before it is told that it fell behind. */
const LIVE_BUFFER = 32;

/** The next part of a source. */
interface Page {
  readonly events: readonly RecordedEvent[];
  /** Looked at, whether they passed or not. */
  readonly considered: readonly RecordedEvent[];
}

interface End {
  readonly error: ServiceError;
  /** What a live subscriber sees of it. */
  readonly event: RecordedEvent;
}

interface Source {
  next(countMax: number): Page;
  /** Nothing up to and with this event comes again. */
  passed(event: RecordedEvent): void;
  ended(): End | undefined;
}

const streamSource = (store: Store, { stream, from }: SubscribeStream): Source => {
  let last = from === 'start' ? -1n : from === 'end' ? store.view(stream).lastRevision : from;
  return {
    next: (countMax) => {
      const events = store.view(stream).forwards(last + 1n, countMax);
      return { events, considered: events };
    },
    passed: ({ revision }) => {
      last = revision;
    },
    ended: () => {
      const { tombstone } = store.view(stream);
      return tombstone === undefined ? undefined : { error: streamDeleted(stream), event: tombstone };
    },
  };
};

const allSource = (store: Store, hidden: ReadonlySet<RecordedEvent>, { from, filter }: SubscribeAll): Source => {
  let last = from === 'start' ? -1n : from === 'end' ? store.lastPosition : from;
  return {
    next: (countMax) => {
      const considered = store.after(last, countMax);
      return {
        events: considered.filter((event) => !hidden.has(event) && (filter?.passes(event) ?? true)),
        considered,
      };
    },
    passed: ({ position }) => {
      last = position;
    },
    ended: () => undefined,
  };
};

const concernsOf =
  (request: Subscribe) =>
  (stream: string): boolean =>
    request.kind === 'subscribe_stream' ? request.stream === stream : (request.filter?.passesStream(stream) ?? true);

interface SubscriptionParts {
  readonly store: Store;
  readonly faults: FaultSwitches;
  readonly source: Source;
  readonly request: Subscribe;
  readonly outlet: Outlet;
}

/** One subscriber: catches up, then lives, and catches up again when it is too slow. */
class Subscription {
  readonly concerns: (stream: string) => boolean;
  private isSilent = false;
  private isLive = false;
  private sinceCheckpoint = 0;

  constructor(private readonly parts: SubscriptionParts) {
    this.concerns = concernsOf(parts.request);
  }

  silence(): void {
    this.isSilent = true;
  }

  drop(): void {
    this.parts.outlet.fail(serverNotReady());
  }

  async run(): Promise<void> {
    const { outlet, source, faults } = this.parts;
    await outlet.write(confirmationMessage(randomUUID()));
    const strike = faults.take(['silent_subscription', 'drop_subscription'], this.concerns);
    if (strike?.fault === 'silent_subscription') this.silence();
    if (strike?.fault === 'drop_subscription') this.drop();
    while (outlet.isOpen && !this.isSilent) {
      const page = source.next(PAGE);
      if (page.considered.length > 0) await this.send(page);
      else await this.idle();
    }
  }

  private async idle(): Promise<void> {
    const { store, outlet, source } = this.parts;
    const end = source.ended();
    if (end !== undefined) {
      if (this.isLive) await outlet.write(eventMessage(end.event, 'stream', this.parts.request.idForm));
      outlet.fail(end.error);
      return;
    }
    if (!this.isLive) await outlet.write(caughtUpMessage());
    this.isLive = true;
    const hasMore = (): boolean => source.next(1).considered.length > 0 || source.ended() !== undefined;
    if (!hasMore()) await outlet.until((wake) => store.onCommit(() => (hasMore() ? wake() : undefined)));
    if (source.next(LIVE_BUFFER + 1).considered.length <= LIVE_BUFFER || this.isSilent) return;
    await outlet.write(fellBehindMessage());
    this.isLive = false;
  }

  private async send({ events, considered }: Page): Promise<void> {
    const { outlet, source, request } = this.parts;
    const passing = new Set(events);
    await this.checkpointAhead(events);
    for (const event of considered) {
      if (this.isSilent || !outlet.isOpen) return;
      const from = request.kind === 'subscribe_all' ? 'all' : 'stream';
      source.passed(event);
      if (passing.has(event)) await outlet.write(eventMessage(event, from, request.idForm));
      await this.checkpoint(event, event === considered.at(-1) && considered.length < PAGE && !this.isLive);
    }
  }

  /** Due after so many events, and at the end of catching up, so that a reader does not look at them all again. */
  private async checkpoint({ position }: RecordedEvent, isAtEnd: boolean): Promise<void> {
    const { outlet, request } = this.parts;
    if (request.kind !== 'subscribe_all' || request.filter === undefined) return;
    this.sinceCheckpoint += 1;
    if (this.sinceCheckpoint < request.filter.checkpointInterval && !isAtEnd) return;
    this.sinceCheckpoint = 0;
    await outlet.write(checkpointMessage(position));
  }

  private async checkpointAhead(events: readonly RecordedEvent[]): Promise<void> {
    const { outlet, request, faults } = this.parts;
    const last = events.at(-1);
    if (last === undefined || request.kind !== 'subscribe_all' || request.filter === undefined) return;
    const strike = faults.take(['checkpoint_ahead'], (name) => events.some(({ stream }) => stream === name));
    if (strike !== undefined) await outlet.write(checkpointMessage(last.position));
  }
}

/** All that are open, which is what the faults of subscriptions concern. */
export class Subscriptions {
  private readonly open = new Set<Subscription>();
  /** Events that no subscription to `$all` gets. */
  private readonly hidden = new Set<RecordedEvent>();

  constructor(
    private readonly store: Store,
    private readonly faults: FaultSwitches,
  ) {
    faults.strikeWhenArmed('silent_subscription', (options) => this.strike(options, (hit) => hit.silence()));
    faults.strikeWhenArmed('drop_subscription', (options) => this.strike(options, (hit) => hit.drop()));
    store.onCommit((events) => this.hide(events)); // Before any subscriber hears of them.
  }

  async serve(request: Subscribe, outlet: Outlet): Promise<void> {
    const { store, faults, hidden } = this;
    const source =
      request.kind === 'subscribe_stream' ? streamSource(store, request) : allSource(store, hidden, request);
    const subscription = new Subscription({ store, faults, source, request, outlet });
    this.open.add(subscription);
    outlet.onClose(() => this.open.delete(subscription));
    await subscription.run();
  }

  private strike({ stream }: FaultOptions, hit: (subscription: Subscription) => void): number {
    const struck = [...this.open].filter(({ concerns }) => stream === undefined || concerns(stream));
    for (const subscription of struck) hit(subscription);
    return struck.length;
  }

  private hide(events: readonly RecordedEvent[]): void {
    for (const event of events) {
      if (this.faults.take(['all_gap'], (stream) => stream === event.stream) !== undefined) this.hidden.add(event);
    }
  }
}
