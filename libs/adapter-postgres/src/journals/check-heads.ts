import type { JournalName, Revision } from '@verdict/application';
import { withClient } from '../shared/admin.js';

/** A journal whose head does not fit its entries: something other than Verdict has written there, or lost data. */
export interface HeadMismatch {
  readonly journal: JournalName;
  readonly head: Revision;
  readonly lastRevision: Revision;
  /** Only a full check counts. */
  readonly entryCount?: bigint;
}

interface CheckRow {
  readonly stream: string;
  readonly head: string;
  readonly last: string;
  readonly entries: string | null;
}

/** One index look-up a journal. */
const LAST = `SELECT j.stream, j.head, coalesce(e.last, -1) AS last, NULL AS entries
  FROM log.journals AS j CROSS JOIN LATERAL (SELECT max(revision) AS last FROM log.entries WHERE stream = j.stream) AS e
 WHERE j.head <> coalesce(e.last, -1) ORDER BY j.stream`;

/** One pass over the primary key's index. */
const COUNTED = `SELECT j.stream, j.head, coalesce(e.last, -1) AS last, coalesce(e.entries, 0) AS entries
  FROM log.journals AS j
  LEFT JOIN (SELECT stream, max(revision) AS last, count(*) AS entries FROM log.entries GROUP BY stream) AS e USING (stream)
 WHERE j.head <> coalesce(e.last, -1) OR j.head <> coalesce(e.entries, 0) - 1 ORDER BY j.stream`;

/**
 * Checks that head = last revision for every journal, and with `full` that head = number of entries - 1: together, the
 * journals are dense. Empty when all is well. `full` reads the whole index: seconds for tens of millions of entries.
 * @source protocols section 7 rule 4
 */
export const checkHeads = async (url: string, { full }: { readonly full: boolean }): Promise<readonly HeadMismatch[]> =>
  withClient(url, async (client) => {
    const { rows } = await client.query<CheckRow>(full ? COUNTED : LAST);
    return rows.map(({ stream, head, last, entries }) => ({
      ...{ journal: stream, head: BigInt(head), lastRevision: BigInt(last) },
      ...(entries === null ? {} : { entryCount: BigInt(entries) }),
    }));
  });
