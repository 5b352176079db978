import { type EntryLog, type JournalName, projectTo, type Revision } from '@verdict/application';
import type { Client } from 'pg';
import { withClient } from '../shared/admin.js';
import { compareTables, type TableComparison } from './compare-tables.js';
import { migrateReadModels } from './data-source.js';
import { READ_MODEL_CONSUMER } from './open-read-models.js';
import { PostgresProjectionStore } from './projection-store.js';
import { READ_MODEL_SCHEMA, REBUILD_LOCK, REBUILD_SCHEMA, REPLACED_SCHEMA } from './schema.js';

export type { TableComparison } from './compare-tables.js';

export interface RebuildOptions {
  /** Database of the read models, as for `openReadModels`. */
  readonly url: string;
  readonly log: EntryLog;
  /** Compares only: the live tables stay, the rebuilt ones are dropped. Default: the rebuilt ones become the live ones. */
  readonly verifyOnly?: boolean;
  readonly onProgress?: (progress: { readonly entries: number; readonly total: number }) => void;
}

export interface RebuildReport {
  /** Entries that were projected. */
  readonly entries: number;
  /** The next revision per journal at which both sides were compared. */
  readonly head: ReadonlyMap<JournalName, Revision>;
  readonly tables: readonly TableComparison[];
  /** The live tables said exactly what the log says. */
  readonly isEqual: boolean;
  readonly isSwapped: boolean;
}

type Marks = ReadonlyMap<JournalName, Revision>;

/** A mark above the log's head is wrong; the comparison of the marks shows it. */
const withinLog = async (log: EntryLog, marks: Marks): Promise<Marks> => {
  const journals = [...marks.keys()];
  const heads = await log.heads(journals);
  return new Map(
    journals.map((journal, index) => {
      const end = (heads[index] ?? -1n) + 1n;
      const mark = marks.get(journal) ?? 0n;
      return [journal, mark < end ? mark : end] as const;
    }),
  );
};

/** What a rebuild leaves that died, or what it has replaced. */
const dropOthers = async (client: Client): Promise<void> => {
  await client.query(`DROP SCHEMA IF EXISTS ${REBUILD_SCHEMA} CASCADE`);
  await client.query(`DROP SCHEMA IF EXISTS ${REPLACED_SCHEMA} CASCADE`);
};

const liveMarks = async (client: Client): Promise<Marks> => {
  const text = `SELECT journal, next_revision FROM ${READ_MODEL_SCHEMA}.high_water WHERE consumer = $1 AND next_revision > 0`;
  const { rows } = await client.query<{ journal: string; next_revision: string }>(text, [READ_MODEL_CONSUMER]);
  return new Map(rows.map(({ journal, next_revision: next }) => [journal, BigInt(next)] as const));
};

/**
 * Makes the rebuilt tables the live ones, in one transaction that waits for a projection under way. A projector whose
 * marks were ahead meets the older ones as a gap and closes it from the log. The replaced tables are dropped later, when
 * those who read them have finished.
 */
const swap = async (client: Client): Promise<void> => {
  await client.query('BEGIN');
  try {
    await client.query(
      `LOCK TABLE ${READ_MODEL_SCHEMA}.high_water, ${READ_MODEL_SCHEMA}.parked_journals IN ACCESS EXCLUSIVE MODE`,
    );
    await client.query(
      `INSERT INTO ${REBUILD_SCHEMA}.parked_journals SELECT * FROM ${READ_MODEL_SCHEMA}.parked_journals`,
    );
    await client.query(`ALTER SCHEMA ${READ_MODEL_SCHEMA} RENAME TO ${REPLACED_SCHEMA}`);
    await client.query(`ALTER SCHEMA ${REBUILD_SCHEMA} RENAME TO ${READ_MODEL_SCHEMA}`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
};

interface Rebuilding {
  readonly options: RebuildOptions;
  readonly live: Client;
  readonly store: PostgresProjectionStore;
}

const build = async ({ options, live, store }: Rebuilding): Promise<number> => {
  const targets = await withinLog(options.log, await liveMarks(live));
  const total = [...targets.values()].reduce((sum, next) => sum + Number(next), 0);
  return projectTo(options.log, store, targets, {
    onProgress: (entries) => {
      options.onProgress?.({ entries, total });
    },
  });
};

/** Both sides at the marks that the live side has at one moment: that moment is a snapshot, so projecting goes on. */
const compareAtHead = async ({
  options,
  live,
  store,
}: Rebuilding): Promise<Pick<RebuildReport, 'entries' | 'head' | 'tables'>> => {
  await live.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    const head = await withinLog(options.log, await liveMarks(live));
    const entries = await projectTo(options.log, store, head);
    const tables = await withClient(options.url, async (rebuilt) => {
      await rebuilt.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      return compareTables(live, rebuilt, { live: READ_MODEL_SCHEMA, rebuilt: REBUILD_SCHEMA });
    });
    return { entries, head, tables };
  } finally {
    await live.query('ROLLBACK');
  }
};

const rebuild = async (rebuilding: Rebuilding): Promise<RebuildReport> => {
  const { options, live, store } = rebuilding;
  const built = await build(rebuilding);
  const compared = await compareAtHead(rebuilding);
  const isEqual = compared.tables.every(({ differing }) => differing === 0);
  const report = { ...compared, entries: built + compared.entries, isEqual };
  if (options.verifyOnly === true) return { ...report, isSwapped: false };
  const caughtUp = await projectTo(options.log, store, await withinLog(options.log, await liveMarks(live)));
  await swap(live);
  return { ...report, entries: report.entries + caughtUp, isSwapped: true };
};

/**
 * Builds the read models anew from the log, beside the live ones, which go on meanwhile; compares both row by row at the
 * same revisions; and puts the new ones in their place. After a crash nothing has changed, and it can be run again.
 *
 * @throws Error when another rebuild is running, or an entry of the log cannot be read or projected.
 * @source architecture guarantee G8
 */
export const rebuildReadModels = async (options: RebuildOptions): Promise<RebuildReport> => {
  const { url } = options;
  await migrateReadModels(url, READ_MODEL_SCHEMA);
  return withClient(url, async (live) => {
    const { rows } = await live.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [REBUILD_LOCK]);
    if (rows[0]?.locked !== true) throw new Error('another rebuild of the read models is running');
    await dropOthers(live);
    await migrateReadModels(url, REBUILD_SCHEMA);
    const store = new PostgresProjectionStore({
      url,
      schema: REBUILD_SCHEMA,
      consumer: READ_MODEL_CONSUMER,
      applicationName: 'verdict-rebuild',
    });
    try {
      return await rebuild({ options, live, store });
    } finally {
      await store.close();
      await dropOthers(live).catch(() => undefined); // The next rebuild drops them.
    }
  });
};
