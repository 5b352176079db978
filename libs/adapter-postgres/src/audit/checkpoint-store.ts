import type { CheckpointStore, NewCheckpoint, SignedHead, Signing, StoredCheckpoint } from '@verdict/application';
import { emptyRoot, Frontier } from '@verdict/ledger';
import type { Ask, AuditConnections } from './audit-connections.js';

interface HeadRow {
  readonly journal: string;
  readonly size: string;
  readonly root: Buffer;
  readonly frontier: Buffer;
  readonly last_leaf: Buffer | null;
  readonly refusal: string | null;
}
interface CheckpointRow {
  readonly journal: string;
  readonly size: string;
  readonly root: Buffer;
  readonly note: string;
  readonly published_at: Date;
}

const HEADS =
  'SELECT journal, size, root, frontier, last_leaf, refusal FROM audit.signed_heads WHERE journal = ANY($1::text[])';
const ADD_HEADS = `INSERT INTO audit.signed_heads (journal, size, root, frontier)
SELECT journal, 0, $2, $3 FROM unnest($1::text[]) AS j (journal) ORDER BY journal COLLATE "C" ON CONFLICT DO NOTHING`;
/** In the order of names, so that two signers cannot wait for each other. */
const LOCK_HEADS = `${HEADS} ORDER BY journal FOR UPDATE`;
const MOVE_HEADS = `UPDATE audit.signed_heads AS h SET size = n.size, root = n.root, frontier = n.frontier, last_leaf = n.last_leaf
FROM unnest($1::text[], $2::int8[], $3::bytea[], $4::bytea[], $5::bytea[]) AS n (journal, size, root, frontier, last_leaf)
WHERE h.journal = n.journal COLLATE "C" AND h.size < n.size AND h.refusal IS NULL RETURNING h.journal`;
const ADD_CHECKPOINTS = `INSERT INTO audit.checkpoints (journal, size, root, note, published_at)
SELECT * FROM unnest($1::text[], $2::int8[], $3::bytea[], $4::text[], $5::timestamptz[])`;
const REFUSE = `UPDATE audit.signed_heads AS h SET refusal = n.refusal FROM unnest($1::text[], $2::text[]) AS n (journal, refusal)
WHERE h.journal = n.journal COLLATE "C" AND h.refusal IS NULL`;
const COLUMNS = 'journal, size, root, note, published_at';
const LATEST = `SELECT c.* FROM unnest($1::text[]) AS j (journal) CROSS JOIN LATERAL (
  SELECT ${COLUMNS} FROM audit.checkpoints WHERE journal = j.journal COLLATE "C" ORDER BY size DESC LIMIT 1
) AS c ORDER BY c.journal`;
const FIRST_COVERING = `SELECT ${COLUMNS} FROM audit.checkpoints WHERE journal = $1 AND size >= $2 ORDER BY size LIMIT 1`;

const headOf = ({ journal, size, root, frontier, last_leaf: lastLeaf, refusal }: HeadRow): SignedHead => ({
  ...{ journal, size: BigInt(size), root, frontier, lastLeaf, refusal },
});
const emptyHead = (journal: string): SignedHead => ({
  ...{ journal, size: 0n, root: emptyRoot(), frontier: new Frontier().serialise(), lastLeaf: null, refusal: null },
});
const checkpointOf = ({ journal, size, root, note, published_at: at }: CheckpointRow): StoredCheckpoint => ({
  ...{ journal, size: BigInt(size), root, note, publishedAt: at.toISOString() },
});

const storeSigned = async (ask: Ask, checkpoints: readonly NewCheckpoint[]): Promise<void> => {
  if (checkpoints.length === 0) return;
  const journals = checkpoints.map(({ journal }) => journal);
  const sizes = checkpoints.map(({ size }) => size.toString());
  const roots = checkpoints.map(({ root }) => Buffer.from(root));
  const frontiers = checkpoints.map(({ frontier }) => Buffer.from(frontier));
  const lastLeaves = checkpoints.map(({ lastLeaf }) => Buffer.from(lastLeaf));
  const moved = await ask(MOVE_HEADS, [journals, sizes, roots, frontiers, lastLeaves]);
  if (moved.length !== checkpoints.length)
    throw new RangeError('a checkpoint must grow a journal whose publishing goes on');
  await ask(ADD_CHECKPOINTS, [
    journals,
    sizes,
    roots,
    checkpoints.map(({ note }) => note),
    checkpoints.map(({ publishedAt }) => publishedAt),
  ]);
};

const storeRefused = async (ask: Ask, refusals: readonly Extract<Signing, { kind: 'refused' }>[]): Promise<void> => {
  if (refusals.length === 0) return;
  await ask(REFUSE, [refusals.map(({ journal }) => journal), refusals.map(({ reason }) => reason)]);
};

/** Checkpoints in the schema `audit`; the row of a signed head is the lock of its journal's signers. */
export const postgresCheckpointStore = ({ ask, transaction }: AuditConnections): CheckpointStore => ({
  signedHeads: async (journals) => {
    const found = new Map((await ask<HeadRow>(HEADS, [journals])).map((row) => [row.journal, headOf(row)]));
    return journals.map((journal) => found.get(journal) ?? emptyHead(journal));
  },
  signNext: (journals, sign) =>
    transaction(async (inside) => {
      await inside(ADD_HEADS, [journals, Buffer.from(emptyRoot()), Buffer.from(new Frontier().serialise())]);
      const heads = (await inside<HeadRow>(LOCK_HEADS, [journals])).map(headOf);
      const signings = await sign(new Map(heads.map((head) => [head.journal, head])));
      await storeSigned(
        inside,
        signings.flatMap((signing) => (signing.kind === 'signed' ? [signing.checkpoint] : [])),
      );
      await storeRefused(
        inside,
        signings.flatMap((signing) => (signing.kind === 'refused' ? [signing] : [])),
      );
    }),
  latestCheckpoints: async (journals) => (await ask<CheckpointRow>(LATEST, [journals])).map(checkpointOf),
  firstCovering: async (journal, size) => {
    const [row] = await ask<CheckpointRow>(FIRST_COVERING, [journal, size.toString()]);
    return row === undefined ? undefined : checkpointOf(row);
  },
});
