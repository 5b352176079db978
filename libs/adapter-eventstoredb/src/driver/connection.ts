import { EventStoreDBClient } from '@eventstore/db-client';
import { closeChannel, guardCalls } from './guard-calls.js';

const CLOSE_MS_MAX = 1_000;

/** One client and what became of it. */
export class Connection {
  readonly client: EventStoreDBClient;
  /** Appends of this client share one call, so that an error of the call says nothing about one of them. */
  isSharedCall = false;
  /** Doubtful outcomes since the last answer. */
  doubts = 0;
  private reason: string | undefined;
  private readonly listeners = new Set<(reason: string) => void>();

  constructor(url: string, onStrayAnswer: () => void) {
    this.client = EventStoreDBClient.connectionString(url);
    guardCalls(this.client, {
      onStarted: () => {
        this.isSharedCall = true;
      },
      onLost: (reason) => {
        this.breakDown(reason);
      },
      onStrayAnswer,
    });
  }

  get isBroken(): boolean {
    return this.reason !== undefined;
  }

  /** Calls `listener` once when the client is not to be used any more; at once if it is so already. */
  onBroken(listener: (reason: string) => void): () => void {
    if (this.reason === undefined) this.listeners.add(listener);
    else listener(this.reason);
    return () => this.listeners.delete(listener);
  }

  breakDown(reason: string): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    const listeners = [...this.listeners];
    this.listeners.clear();
    for (const listener of listeners) listener(reason);
  }

  /** Ends all calls. What waits on the shared call is rejected before this resolves, so that it hits no later client. */
  async close(): Promise<void> {
    this.breakDown('the client was closed');
    // A call that is just failing is forgotten by the client in this turn; disposed of before, it would never end.
    await new Promise((resolve) => setImmediate(resolve));
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS_MAX);
    });
    await Promise.race([this.client.dispose().catch(() => undefined), enough]);
    clearTimeout(timer);
    void closeChannel(this.client).catch(() => undefined); // May look for a cluster that is away: not waited for.
  }
}
