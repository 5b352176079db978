import { parseJournalName } from '../journals/kinds.js';
import { type Bus, type BusConsumer, type BusObserver, type Movement, silentBusObserver } from '../ports/bus.js';
import type { JournalName, Journals, Revision, Subscription } from '../ports/journals.js';
import { backoffMs, type RetryTerms } from '../projections/lane.js';
import { Rest } from '../projections/rest.js';

export interface LogBusOptions {
  readonly observer?: BusObserver;
  /** When a delivery that failed is made again. */
  readonly retry?: RetryTerms;
}

const RETRY: RetryTerms = { triesMax: 0, firstMs: 100, longestMs: 30_000 };

/** One consumer of the tailed log: what moves while a delivery is under way is merged into the next one. */
class Tail {
  private readonly moved = new Map<JournalName, Movement>();
  private readonly rest = new Rest();
  private running: Promise<void> | undefined;
  private isClosed = false;

  constructor(
    private readonly consumer: BusConsumer,
    private readonly observer: BusObserver,
    private readonly retry: RetryTerms,
  ) {}

  move(journal: JournalName, head: Revision): void {
    const parsed = parseJournalName(journal);
    if (this.isClosed || parsed === undefined || !this.consumer.kinds.includes(parsed.kind)) return;
    const known = this.moved.get(journal);
    if (known !== undefined && known.head >= head) return;
    this.moved.set(journal, { journal, ...parsed, head, entries: [] });
    this.running ??= this.run().finally(() => (this.running = undefined));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.rest.end();
    await this.running;
  }

  private async run(): Promise<void> {
    for (let tries = 0; this.moved.size > 0 && !this.isClosed;) {
      const movements = [...this.moved.values()];
      this.moved.clear();
      try {
        await this.consumer.deliver(movements);
        tries = 0;
      } catch (error) {
        tries += 1;
        this.observer.interrupted({ group: this.consumer.group, error });
        for (const movement of movements) this.putBack(movement);
        await this.rest.take(backoffMs(this.retry, tries));
      }
    }
  }

  private putBack(movement: Movement): void {
    const newer = this.moved.get(movement.journal);
    if (newer === undefined || newer.head < movement.head) this.moved.set(movement.journal, movement);
  }
}

/**
 * The embedded default of the Bus port: the log itself, tailed. Publishing is nothing, since what is in the log is
 * published; a delivery carries no entries, since reading them is one step away; and every member of a group is told of
 * every journal, since their marks decide who is first.
 * @source architecture section 6, protocols section 4.3
 */
export class LogBus implements Bus {
  private readonly tails = new Set<{ close(): Promise<void> }>();

  constructor(
    private readonly journals: Journals,
    private readonly options: LogBusOptions = {},
  ) {}

  publish(): Promise<void> {
    return Promise.resolve();
  }

  async consume(consumer: BusConsumer): Promise<Subscription> {
    const tail = new Tail(consumer, this.options.observer ?? silentBusObserver, this.options.retry ?? RETRY);
    const subscription = await this.journals.subscribe((journal, head) => {
      tail.move(journal, head);
    });
    const following = {
      close: async () => {
        this.tails.delete(following);
        await subscription.close();
        await tail.close();
      },
    };
    this.tails.add(following);
    return following;
  }

  async ping(): Promise<void> {
    await this.journals.heads([]);
  }

  async close(): Promise<void> {
    for (const tail of [...this.tails]) await tail.close();
  }
}
