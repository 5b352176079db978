import type { JournalName } from '@verdict/application';
import type { Connections } from '../driver/connections.js';
import { failureOf } from '../driver/failure.js';
import type { Patience } from '../driver/patience.js';
import { pauseBefore } from '../driver/patience.js';
import { shareTrips } from '../driver/share-trips.js';
import { appendEvents, contentEvent } from './append-events.js';
import type { EventReader } from './event-reader.js';
import { REGISTRY_STREAM } from './stream-names.js';

export interface RegistryOptions {
  readonly connections: Connections;
  readonly reader: EventReader;
  readonly patience: Patience;
}

const NAMED = 'journal_named';
const PAGE = 500;
const NAMES_PER_APPEND_MAX = 500;
const CONFLICTS_MAX = 50;

interface Waiting {
  readonly journal: JournalName;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Names of all journals in a stream of their own, since the store lists no streams without its projections. A name is
 * written before the journal's first entry; so a name may be there whose journal is still empty, never the reverse.
 */
export class Registry {
  private readonly known = new Set<JournalName>();
  /** Revision from which on the stream has not been read. */
  private next = 0n;
  private waiting: Waiting[] = [];
  private isWorking = false;
  /** Reads what others have added; sees everything that was added before the call. */
  readonly catchUp: () => Promise<void>;

  constructor(private readonly options: RegistryOptions) {
    this.catchUp = shareTrips(() => this.readOn());
  }

  get names(): ReadonlySet<JournalName> {
    return this.known;
  }

  /** Resolves when the name is stored. Names that wait at the same moment share an append. */
  ensure(journal: JournalName): Promise<void> {
    if (this.known.has(journal)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting.push({ journal, resolve, reject });
      if (!this.isWorking) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.isWorking = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, NAMES_PER_APPEND_MAX);
      try {
        await this.store(batch.map(({ journal }) => journal));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.isWorking = false;
  }

  /** Every conflict means that another process has added names; it is read before the next try. */
  private async store(journals: readonly JournalName[]): Promise<void> {
    for (let conflict = 0; conflict <= CONFLICTS_MAX; conflict += 1) {
      const missing = [...new Set(journals)].filter((journal) => !this.known.has(journal));
      if (missing.length === 0) return;
      const expected = this.next - 1n;
      if (await this.appended(missing, expected)) this.added(missing, expected + 1n);
      else await this.catchUp();
    }
    throw new Error(`the names of ${String(journals.length)} journals met ${String(CONFLICTS_MAX)} conflicts in a row`);
  }

  /** Repeats the same names at the same revision while the outcome is in doubt. `false`: others have written there. */
  private async appended(journals: readonly JournalName[], expected: bigint): Promise<boolean> {
    const { connections, patience } = this.options;
    const events = journals.map((journal) => contentEvent(NAMED, Buffer.from(journal)));
    for (let repeat = 0; ; repeat += 1) {
      try {
        await connections.run((client) => appendEvents(client, { stream: REGISTRY_STREAM, expected, events }), {
          isAppend: true,
        });
        return true;
      } catch (error) {
        const failure = failureOf(error);
        if (failure === 'conflict') return false;
        if (failure !== 'doubtful' || repeat >= patience.repeats) throw error;
      }
      await pauseBefore(patience, repeat);
    }
  }

  /** What stands before `from` was read before it was written there. */
  private added(journals: readonly JournalName[], from: bigint): void {
    for (const journal of journals) this.known.add(journal);
    const next = from + BigInt(journals.length);
    if (next > this.next) this.next = next;
  }

  private async readOn(): Promise<void> {
    for (;;) {
      const events = await this.options.reader.page({ stream: REGISTRY_STREAM, from: this.next, count: PAGE });
      for (const { data, revision } of events) {
        const name: unknown = data;
        if (name instanceof Uint8Array) this.known.add(Buffer.from(name).toString('utf8'));
        this.next = revision + 1n;
      }
      if (events.length < PAGE) return;
    }
  }
}
