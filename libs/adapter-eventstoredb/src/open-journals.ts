import { checkAppend, InvalidAppend } from '@verdict/application';
import type { JournalName, Journals, Revision, SealedEntry } from '@verdict/application';
import type { AppendReport } from './append/appender.js';
import { Appender } from './append/appender.js';
import { Preparation } from './append/preparation.js';
import { ClockWatch } from './driver/clock-watch.js';
import { Connections } from './driver/connections.js';
import type { Alarm } from './errors.js';
import { Feed } from './feed/feed.js';
import { createHeads } from './read/heads.js';
import { KnownHeads } from './read/known-heads.js';
import { createList } from './read/list.js';
import { readJournal } from './read/read-journal.js';
import { isContentAddressed } from './read/stored-entry.js';
import { Snapshots } from './snapshots/snapshots.js';
import { createEventReader } from './streams/event-reader.js';
import { Registry } from './streams/registry.js';
import type { Access } from './streams/stream-metadata.js';
import { checkJournalName, JOURNAL_PREFIXES } from './streams/stream-names.js';

export interface EventStoreJournalsOptions {
  /** `esdb://user:password@host:2113?tls=true&tlsCAFile=...`, or `esdb+discover://` for a cluster. */
  readonly url: string;
  /** Shown in the store's logs. Default: `verdict-log`. */
  readonly connectionName?: string;
  /** Longest silence of the store within one try. Default 2,000 ms. */
  readonly tryMs?: number;
  /** Repeats of an identical request after its outcome was in doubt, and the first pause. Default 3, 50 ms doubling to a second. */
  readonly repeats?: number;
  readonly backoffMs?: number;
  /** Appends under way at the same time; never two of one journal. Default 64. */
  readonly inFlightMax?: number;
  /** Appends that may wait; more are answered `unknown` at once. Default 20,000. */
  readonly waitingMax?: number;
  /** Reads of heads under way at the same time. Default 32. */
  readonly headReadsMax?: number;
  /** Entries of one page of a read. Default 500. */
  readonly pageEntriesMax?: number;
  /** Pause between two polls of heads, and the heads of one. Default 500 ms, 64. */
  readonly pollMs?: number;
  readonly pollJournalsMax?: number;
  /** Silence of the subscription, while heads move, after which it is opened anew. Default 30,000 ms. */
  readonly watchdogMs?: number;
  /** Prefixes of the streams that the subscription listens to. Default: those of all journal kinds. */
  readonly prefixes?: readonly string[];
  /** Users for the access list of each journal; without it none is set. Needs TLS: else the store knows no users. */
  readonly access?: Access;
  /** Called for every append, after its caller was answered. */
  readonly onAppend?: (report: AppendReport) => void;
  /** Called when a client was thrown away; the next request makes a new one. */
  readonly onReconnect?: (reason: string) => void;
  /** Called when the subscription was lost; it is opened anew by itself. */
  readonly onFeedLost?: (reason: string) => void;
  /** Called for an answer that nobody waits for any more. */
  readonly onStrayAnswer?: () => void;
  /** Called for what an operator has to look at. */
  readonly onAlarm?: (alarm: Alarm) => void;
}

const ignore = (): void => undefined;

const check = (journal: JournalName, expected: Revision, entries: readonly SealedEntry[]): void => {
  checkAppend(journal, expected, entries);
  checkJournalName(journal);
  const wrong = entries.find((entry) => !isContentAddressed(entry));
  if (wrong !== undefined) throw new InvalidAppend(`entry ${wrong.storeId}: id and leaf hash are not of its bytes`);
};

/** What the options say about their defaults. */
const DEFAULTS = {
  connectionName: 'verdict-log',
  tryMs: 2_000,
  repeats: 3,
  backoffMs: 50,
  inFlightMax: 64,
  waitingMax: 20_000,
  headReadsMax: 32,
  pageEntriesMax: 500,
  pollMs: 500,
  pollJournalsMax: 64,
  watchdogMs: 30_000,
  prefixes: JOURNAL_PREFIXES,
  access: undefined,
  onAppend: ignore,
  onReconnect: ignore,
  onFeedLost: ignore,
  onStrayAnswer: ignore,
  onAlarm: ignore,
} as const;

const wire = (options: EventStoreJournalsOptions) => {
  const settings = { ...DEFAULTS, ...options };
  const { repeats, backoffMs, access, onAlarm } = settings;
  const patience = { repeats, backoffMs };
  const connections = new Connections({ ...settings, onReplaced: settings.onReconnect });
  const clock = new ClockWatch(onAlarm);
  const known = new KnownHeads();
  const reader = createEventReader(connections, patience, clock);
  const registry = new Registry({ connections, reader, patience });
  const preparation = new Preparation({ connections, reader, registry, patience, access });
  const heads = createHeads({ reader, known, patience, inFlightMax: settings.headReadsMax });
  const appender = new Appender({ ...settings, connections, preparation, known, clock, patience });
  const feed = new Feed({ ...settings, connections, registry, heads, known, clock, onLost: settings.onFeedLost });
  const snapshots = new Snapshots({ connections, reader, patience, access });
  const reading = { reader, heads, patience, pageMax: settings.pageEntriesMax };
  return {
    connections,
    preparation,
    appender,
    feed,
    snapshots,
    heads,
    reading,
    list: createList({ registry, heads, known }),
  };
};

/**
 * Opens the log on EventStoreDB or KurrentDB. Reads the registry of journals and the metadata of each of them first.
 *
 * @throws LogDamaged when the store may forget entries of a journal; the client's error, or Doubtful, when it refuses or
 * cannot be reached.
 * @source protocols section 5
 */
export const openEventStoreJournals = async (options: EventStoreJournalsOptions): Promise<Journals> => {
  const { connections, preparation, appender, feed, snapshots, heads, reading, list } = wire(options);
  try {
    await preparation.prepareAll();
  } catch (error) {
    await connections.close();
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    append: async (journal, expected, entries) => {
      check(journal, expected, entries);
      return appender.append(journal, expected, entries);
    },
    read: (journal, from, limit = Number.MAX_SAFE_INTEGER) => readJournal(reading, { journal, from, limit }),
    heads,
    list,
    subscribe: (onMoved) => Promise.resolve().then(() => feed.subscribe(onMoved)),
    saveSnapshot: (journal, owner, snapshot) => snapshots.save(journal, owner, snapshot),
    loadSnapshot: (journal, owner) => snapshots.load(journal, owner),
    close: () => {
      closed ??= Promise.all([appender.close().then(() => connections.close()), feed.close()]).then(ignore);
      return closed;
    },
  };
};
