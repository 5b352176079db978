import type { JournalName, Revision, SealedEntry, SeenHead } from '@verdict/application';
import { byteaArray, int4Array, int8Array, textArray, uuidArray } from './binary-arrays.js';

/** A prepared statement; the name is that of its text on a connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: (Buffer | string | number)[];
}

export interface Batch {
  readonly journal: JournalName;
  readonly expected: Revision;
  readonly entries: readonly SealedEntry[];
  /** Journals that may not have moved beyond what their reader has seen of them. */
  readonly seen: readonly SeenHead[];
}

/** LISTEN channel; the payload holds lines `<journal> <head>`. */
export const CHANNEL = 'verdict_journal';
const PAYLOAD_BYTES_MAX = 7_900; // Postgres: below 8,000.
const HEAD_DIGITS_MAX = 20;

/** Numbers each journal's notice so that no payload is too long. */
const chunksOf = (journals: readonly JournalName[]): readonly number[] => {
  let chunk = 0;
  let used = 0;
  return journals.map((journal) => {
    const bytes = journal.length + HEAD_DIGITS_MAX + 2; // Names are ASCII.
    if (used + bytes > PAYLOAD_BYTES_MAX) {
      chunk += 1;
      used = 0;
    }
    used += bytes;
    return chunk;
  });
};

/**
 * Appends many journals' batches in one statement, each on its own: a journal whose head is not the expected one gives
 * no row and does not disturb the others. Rows are locked in the order of names, so two writers cannot wait for each
 * other. The odd `IS TRUE` keeps the filter a hash look-up: as a join it could become a loop in a loop.
 * `stale` are the batches whose writer has not seen all that was committed before this statement began.
 */
const appendText = (last: string): string => `
WITH wanted AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::int8[], $3::int4[], $4::int4[]) AS w (stream, expected, size, chunk)
), stale AS MATERIALIZED (
  SELECT s.stream FROM unnest($11::text[], $12::text[], $13::int8[]) AS s (stream, seen, head)
    JOIN log.journals AS j ON j.stream = s.seen COLLATE "C" AND j.head > s.head
), locked AS MATERIALIZED (
  SELECT w.* FROM log.journals AS j JOIN wanted AS w ON j.stream = w.stream COLLATE "C" AND j.head = w.expected
   WHERE (w.stream COLLATE "C" IN (SELECT stream FROM stale)) IS NOT TRUE
   ORDER BY j.stream FOR NO KEY UPDATE OF j
), moved AS (
  UPDATE log.journals AS j SET head = j.head + l.size FROM locked AS l
   WHERE j.stream = l.stream COLLATE "C" AND j.head = l.expected RETURNING j.stream, j.head, l.chunk
), added AS (
  INSERT INTO log.entries (stream, revision, entry_id, type, leaf_hash, entry)
  SELECT e.stream, e.revision, e.entry_id, e.type, e.leaf_hash, e.entry
    FROM unnest($5::text[], $6::int8[], $7::uuid[], $8::text[], $9::bytea[], $10::bytea[]) WITH ORDINALITY
      AS e (stream, revision, entry_id, type, leaf_hash, entry, n)
   WHERE (e.stream COLLATE "C" IN (SELECT stream FROM moved)) IS TRUE
   ORDER BY e.n
), told AS MATERIALIZED (
  SELECT count(pg_notify('${CHANNEL}', lines)) AS notices
    FROM (SELECT string_agg(stream || ' ' || head, E'\\n') AS lines FROM moved GROUP BY chunk) AS chunks
)
SELECT moved.stream FROM moved, told${last}`;

const APPEND = appendText('');
/** For measurements: holds the locks for as long as a slow disk would. */
const APPEND_SLOWLY = appendText(', pg_sleep($14::float8 / 1000) AS slow');

const revisionsOf = ({ expected, entries }: Batch): readonly Revision[] =>
  entries.map((_, index) => expected + 1n + BigInt(index));

/** `batches`: one per journal, sorted by name. Answers with the names of the journals that moved. */
export const appendStatement = (batches: readonly Batch[], commitDelayMs: number): Statement => {
  const journals = batches.map(({ journal }) => journal);
  const entries = batches.flatMap((batch) => batch.entries);
  const seen = batches.flatMap((batch) => batch.seen);
  const values = [
    textArray(journals),
    int8Array(batches.map(({ expected }) => expected)),
    int4Array(batches.map((batch) => batch.entries.length)),
    int4Array(chunksOf(journals)),
    textArray(batches.flatMap((batch) => batch.entries.map(() => batch.journal))),
    int8Array(batches.flatMap(revisionsOf)),
    uuidArray(entries.map(({ storeId }) => storeId)),
    textArray(entries.map(({ type }) => type)),
    byteaArray(entries.map(({ leafHash }) => leafHash)),
    byteaArray(entries.map(({ bytes }) => bytes)),
    textArray(batches.flatMap(({ journal, seen }) => seen.map(() => journal))),
    textArray(seen.map(({ journal }) => journal)),
    int8Array(seen.map(({ head }) => head)),
  ];
  if (commitDelayMs === 0) return { name: 'verdict_append', text: APPEND, values };
  return { name: 'verdict_append_slowly', text: APPEND_SLOWLY, values: [...values, commitDelayMs] };
};

/** Makes the rows of journals that get their first entry. */
export const createJournals = (journals: readonly JournalName[]): Statement => ({
  name: 'verdict_create_journals',
  text: 'INSERT INTO log.journals (stream) SELECT s FROM unnest($1::text[]) AS s ON CONFLICT DO NOTHING',
  values: [textArray(journals)],
});

/** What is stored where the batches belong: rows (stream, leaf_hash) in revision order. */
export const readBack = (batches: readonly Batch[]): Statement => ({
  name: 'verdict_read_back',
  text: `SELECT w.stream, e.leaf_hash
  FROM unnest($1::text[], $2::int8[], $3::int4[]) AS w (stream, expected, size)
 CROSS JOIN LATERAL (SELECT revision, leaf_hash FROM log.entries
        WHERE stream = w.stream COLLATE "C" AND revision > w.expected AND revision <= w.expected + w.size) AS e
 ORDER BY w.stream, e.revision`,
  values: [
    textArray(batches.map(({ journal }) => journal)),
    int8Array(batches.map(({ expected }) => expected)),
    int4Array(batches.map(({ entries }) => entries.length)),
  ],
});

export const readHeads = (journals: readonly JournalName[]): Statement => ({
  name: 'verdict_heads',
  text: 'SELECT stream, head FROM log.journals WHERE stream COLLATE "C" = ANY ($1::text[])',
  values: [textArray(journals)],
});

/** Head and entries of one moment; one row without an entry when the journal has none from there on. */
export const readPage = (journal: JournalName, from: Revision, size: number): Statement => ({
  name: 'verdict_page',
  text: `SELECT j.head, e.revision, e.entry_id, e.type, e.leaf_hash, e.entry
  FROM log.journals AS j
  LEFT JOIN LATERAL (SELECT revision, entry_id, type, leaf_hash, entry FROM log.entries
                      WHERE stream = j.stream AND revision >= $2::int8 ORDER BY revision LIMIT $3::int4) AS e ON true
 WHERE j.stream = $1 ORDER BY e.revision`,
  values: [journal, from.toString(), size],
});

export const LIST_JOURNALS: Statement = {
  name: 'verdict_list',
  text: 'SELECT stream, head FROM log.journals WHERE head >= 0 ORDER BY stream',
  values: [],
};
