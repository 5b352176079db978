import type { Journals } from '@verdict/application';
import type { BatchReport } from './appender.js';
import { Appender } from './appender.js';
import type { HeadMismatch } from './check-heads.js';
import { checkHeads } from './check-heads.js';
import type { Query } from './connections.js';
import { connectionConfig, openConnections, patiently } from './connections.js';
import { Feed } from './feed.js';
import { createHeads } from './heads.js';
import { checkAppend } from '@verdict/application';
import { readJournal } from './read-journal.js';
import { loadSnapshot, saveSnapshot } from './snapshots.js';
import { LIST_JOURNALS } from './statements.js';

export interface PostgresJournalsOptions {
  /** Leads to a migrated database, as role `verdict_service`. */
  readonly url: string;
  /** Shown in pg_stat_activity. Default: `verdict-log`. */
  readonly applicationName?: string;
  /** Append transactions under way at the same time, on a connection each. Default 2. */
  readonly inFlightMax?: number;
  /** Caps of one append transaction. Default: 2,000 entries, 4 MiB. */
  readonly groupEntriesMax?: number;
  readonly groupBytesMax?: number;
  /** Appends that may wait; more are answered `unknown` at once. Default 20,000. */
  readonly waitingMax?: number;
  /** Connections for heads, reads and snapshots. Default 4. */
  readonly readConnectionsMax?: number;
  readonly pageEntriesMax?: number;
  readonly pollMs?: number;
  /** Repeats of an identical batch after its outcome was in doubt, and the first pause. Default 3, 50 ms doubling. */
  readonly repeats?: number;
  readonly backoffMs?: number;
  /** Measurements only: makes every commit this much slower. */
  readonly commitDelayMs?: number;
  /** Called for every append transaction, after its callers were answered. */
  readonly onBatch?: (report: BatchReport) => void;
  /** Called when the subscription lost its connection; it reconnects by itself. */
  readonly onFeedLost?: (reason: string) => void;
}

/** The log's heads do not fit its entries: it must not be written to before somebody has looked. */
export class LogDamaged extends Error {
  override readonly name = 'LogDamaged';
  constructor(readonly mismatches: readonly HeadMismatch[]) {
    super(
      `heads do not fit entries: ${mismatches
        .slice(0, 5)
        .map(({ journal }) => journal)
        .join(', ')}`,
    );
  }
}

const ignore = (): void => undefined;

const createAppender = (query: Query, options: PostgresJournalsOptions): Appender =>
  new Appender({
    query,
    patience: { repeats: options.repeats ?? 3, backoffMs: options.backoffMs ?? 50 },
    limits: { entries: options.groupEntriesMax ?? 2_000, bytes: options.groupBytesMax ?? 4 * 1024 * 1024 },
    inFlightMax: options.inFlightMax ?? 2,
    waitingMax: options.waitingMax ?? 20_000,
    commitDelayMs: options.commitDelayMs ?? 0,
    onBatch: options.onBatch ?? ignore,
  });

/**
 * Opens the log on Postgres. Connects and checks every head against its last revision first.
 *
 * @throws LogDamaged when a head does not fit; the driver's error when the server cannot be reached or refuses.
 * @source protocols section 7
 */
export const openPostgresJournals = async (options: PostgresJournalsOptions): Promise<Journals> => {
  const config = connectionConfig(options.url, options.applicationName ?? 'verdict-log');
  const patience = { repeats: options.repeats ?? 3, backoffMs: options.backoffMs ?? 50 };
  const mismatches = await patiently(patience, () => checkHeads(options.url, { full: false }));
  if (mismatches.length > 0) throw new LogDamaged(mismatches);

  const writing = openConnections(config, options.inFlightMax ?? 2);
  const reading = openConnections(config, options.readConnectionsMax ?? 4);
  const query: Query = (statement) => patiently(patience, () => reading.query(statement));
  const appender = createAppender(writing.query, options);
  const feed = new Feed({ config, pollMs: options.pollMs ?? 200, onLost: options.onFeedLost ?? ignore });
  const heads = createHeads(query);
  const pageMax = options.pageEntriesMax ?? 500;
  let closed: Promise<void> | undefined;

  return {
    append: async (journal, expected, entries) => {
      checkAppend(journal, expected, entries);
      return appender.append({ journal, expected, entries, seen: [] });
    },
    appendSeeing: async (append) => {
      checkAppend(append.journal, append.expected, append.entries);
      return appender.append(append);
    },
    read: (journal, from, limit = Number.MAX_SAFE_INTEGER) => readJournal(query, pageMax, { journal, from, limit }),
    heads,
    list: async () => (await query<{ stream: string }>(LIST_JOURNALS)).map(({ stream }) => stream),
    subscribe: (onMoved) => Promise.resolve().then(() => feed.subscribe(onMoved)),
    saveSnapshot: (journal, owner, snapshot) => saveSnapshot(query, { journal, owner, snapshot }),
    loadSnapshot: (journal, owner) => loadSnapshot(query, journal, owner),
    close: () => {
      closed ??= Promise.all([appender.close().then(() => writing.close()), feed.close(), reading.close()]).then(
        ignore,
      );
      return closed;
    },
  };
};
