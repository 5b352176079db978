import type { JournalName, Revision, Subscription } from '@verdict/application';
import type { ClockWatch } from '../driver/clock-watch.js';
import type { Connections } from '../driver/connections.js';
import { Doubtful, JournalsClosed, messageOf } from '../errors.js';
import type { ReadHeads } from '../read/heads.js';
import type { KnownHeads } from '../read/known-heads.js';
import type { Registry } from '../streams/registry.js';
import { Rotation } from './rotation.js';
import type { WakeUp } from './wake-up.js';
import { openWakeUp } from './wake-up.js';

export type OnMoved = (journal: JournalName, head: Revision) => void;

export interface FeedOptions {
  readonly connections: Connections;
  readonly registry: Registry;
  readonly heads: ReadHeads;
  readonly known: KnownHeads;
  readonly clock: ClockWatch;
  readonly prefixes: readonly string[];
  readonly pollMs: number;
  /** Heads that one poll asks for. */
  readonly pollJournalsMax: number;
  /** Silence of the subscription, while heads move, after which it is opened anew. */
  readonly watchdogMs: number;
  /** Called for each lost subscription; the feed opens another by itself. */
  readonly onLost: (reason: string) => void;
}

const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 5_000;
const ROUND = 256;

/** One subscription for all subscribers of a process, and a poll of heads for what it may lose. */
export class Feed {
  private readonly listeners = new Set<OnMoved>();
  /** Highest head told so far: nothing is told twice without need, and a new subscriber starts from here. */
  private readonly told = new Map<JournalName, Revision>();
  private readonly rotation = new Rotation();
  private running: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private lost: string | undefined;
  private heardAtMs = 0;
  /** A poll has found a move, and the subscription has said nothing since. */
  private isBehind = false;
  private isClosed = false;

  constructor(private readonly options: FeedOptions) {}

  subscribe(onMoved: OnMoved): Subscription {
    if (this.isClosed) throw new JournalsClosed();
    this.listeners.add(onMoved);
    const known = [...this.told];
    setImmediate(() => {
      for (const [journal, head] of known) if (this.listeners.has(onMoved)) onMoved(journal, head);
    });
    this.running ??= this.keepRunning();
    return {
      close: () => {
        this.listeners.delete(onMoved);
        return Promise.resolve();
      },
    };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.listeners.clear();
    this.wake?.();
    await this.running;
  }

  private hasEnded(): boolean {
    return this.isClosed;
  }

  private tellNew(journal: JournalName, head: Revision): boolean {
    if (head <= (this.told.get(journal) ?? -1n)) return false;
    this.told.set(journal, head);
    this.options.known.raise(journal, head);
    this.rotation.moved(journal);
    for (const listener of this.listeners) listener(journal, head);
    return true;
  }

  private async keepRunning(): Promise<void> {
    let waitMs = BACKOFF_MS_MIN;
    while (!this.isClosed) {
      let wakeUp: WakeUp | undefined;
      try {
        wakeUp = await this.open();
        await this.options.registry.catchUp();
        await this.round([...this.options.registry.names]);
        waitMs = BACKOFF_MS_MIN;
        await this.pollUntilLost();
      } catch (error) {
        if (!this.hasEnded()) this.options.onLost(messageOf(error));
      }
      await wakeUp?.close();
      this.lost = undefined;
      await this.pause(waitMs);
      waitMs = Math.min(BACKOFF_MS_MAX, waitMs * 2);
    }
  }

  /** Listens first, asks for the heads afterwards: what is appended in between is told twice, not never. */
  private open(): Promise<WakeUp> {
    this.isBehind = false;
    this.heardAtMs = performance.now();
    const { connections, prefixes, clock } = this.options;
    return openWakeUp(connections, prefixes, {
      onEvent: (event) => {
        clock.seen(event);
        this.isBehind = false;
        this.heardAtMs = performance.now();
        this.tellNew(event.streamId, event.revision);
      },
      onLost: (reason) => {
        this.lost ??= reason;
        this.wake?.();
      },
    });
  }

  /** Asks for heads, some at a time, and tells what is new. */
  private async round(journals: readonly JournalName[]): Promise<boolean> {
    let isNews = false;
    for (let start = 0; start < journals.length && !this.isClosed; start += ROUND) {
      const part = journals.slice(start, start + ROUND);
      const heads = await this.options.heads(part);
      for (const [index, journal] of part.entries()) isNews = this.tellNew(journal, heads[index] ?? -1n) || isNews;
    }
    return isNews;
  }

  private async pollUntilLost(): Promise<void> {
    const { registry, pollMs, pollJournalsMax } = this.options;
    while (!this.isClosed) {
      await this.pause(pollMs);
      if (this.hasEnded()) return;
      this.check();
      await registry.catchUp();
      const isNews = await this.round(this.rotation.choose(registry.names, pollJournalsMax));
      this.isBehind = isNews || this.isBehind;
    }
  }

  private check(): void {
    if (this.lost !== undefined) throw new Doubtful(this.lost);
    const silentMs = performance.now() - this.heardAtMs;
    if (this.isBehind && silentMs >= this.options.watchdogMs) {
      throw new Doubtful(`the subscription was silent for ${String(Math.trunc(silentMs))} ms while journals moved`);
    }
  }

  /** Ends early when the feed is closed or the subscription is lost. */
  private pause(ms: number): Promise<void> {
    if (this.isClosed || this.lost !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
