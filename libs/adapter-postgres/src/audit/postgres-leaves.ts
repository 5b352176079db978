import { JournalGap, type JournalName, type LeafSource, type Revision } from '@verdict/application';
import { type Ask, openAuditConnections } from './audit-connections.js';

interface LeafRow {
  readonly revision: string;
  readonly leaf_hash: Buffer;
}

const PAGE = 5_000;
const LEAVES =
  'SELECT revision, leaf_hash FROM log.entries WHERE stream = $1 AND revision >= $2 ORDER BY revision LIMIT $3';
const HEAD = 'SELECT head FROM log.journals WHERE stream = $1';

interface Leaf {
  readonly revision: Revision;
  readonly leafHash: Uint8Array;
}

const gap = (journal: JournalName, revision: Revision): JournalGap =>
  new JournalGap(`${journal} has lost the entry at revision ${revision.toString()}`);

async function* readLeaves(
  ask: Ask,
  journal: JournalName,
  { from, limit }: { readonly from: Revision; readonly limit: number },
): AsyncGenerator<Leaf> {
  // The head first: whatever it says is there was committed together with it.
  const [row] = await ask<{ head: string }>(HEAD, [journal]);
  const head = BigInt(row?.head ?? -1);
  let next = from < 0n ? 0n : from;
  for (let left = limit; left > 0 && next <= head;) {
    const rows = await ask<LeafRow>(LEAVES, [journal, next.toString(), Math.min(PAGE, left)]);
    if (rows.length === 0) throw gap(journal, next);
    for (const { revision, leaf_hash: leafHash } of rows) {
      if (BigInt(revision) !== next) throw gap(journal, next);
      if (next > head) return; // Appended since: the next read's.
      yield { revision: next, leafHash };
      next += 1n;
    }
    left -= rows.length;
  }
}

/** Leaf hashes straight from the log's table, without the entries: a fiftieth of the bytes. */
export const openPostgresLeaves = ({ url }: { readonly url: string }): LeafSource & { close(): Promise<void> } => {
  const connections = openAuditConnections(url, 2);
  return {
    read: (journal, from, limit = Number.MAX_SAFE_INTEGER) => readLeaves(connections.ask, journal, { from, limit }),
    close: () => connections.close(),
  };
};
