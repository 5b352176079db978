import type { ExportJob, JournalKind, LedgerPage, Parity, StoredCheckpoint } from '@verdict/application';

/** An export as the API shows it. */
export const exportAnswer = (job: ExportJob, isReplayed = false) => ({
  export_id: job.exportId,
  status: job.status,
  series: job.series,
  ranges: Object.fromEntries(
    Object.entries(job.ranges).map(([kind, { from, to }]) => [kind, { from: Number(from), to: Number(to) }]),
  ),
  progress: { entries: job.progress, total: job.total },
  content_sha256: job.result?.contentSha256 ?? null,
  manifest_sha256: job.result?.manifestSha256 ?? null,
  size: job.result?.size ?? null,
  failure: job.failure,
  created_at: job.createdAt,
  created_by: job.createdBy,
  ...(isReplayed ? { replayed: true } : {}),
});

export const parityAnswer = ({ isEqual, counts, ids, gaps, mismatches }: Parity) => ({
  parity_ok: isEqual,
  counts,
  ids_sha256: Object.fromEntries(
    Object.entries(ids).map(([kind, { journal, readModel }]) => [kind, { journal, read_model: readModel }]),
  ),
  gaps,
  mismatches,
});

/** Revisions as JSON numbers; -1: the journal was empty. */
export const asOfAnswer = (revisions: Readonly<Record<JournalKind, bigint>>) =>
  Object.fromEntries(Object.entries(revisions).map(([kind, revision]) => [kind, Number(revision)]));

/** The origin is the note's first line. */
export const checkpointAnswer = ({ size, root, note, publishedAt }: StoredCheckpoint) => ({
  origin: note.slice(0, note.indexOf('\n')),
  size: Number(size),
  root: Buffer.from(root).toString('base64'),
  note,
  published_at: publishedAt,
});

export const ledgerAnswer = (kind: JournalKind, { items, nextCursor, isContiguous, head }: LedgerPage) => {
  const shown = items.map(({ revision, leafHash, envelope, payload }) => ({
    revision: Number(revision),
    leaf_hash: leafHash,
    envelope,
    payload,
  }));
  return {
    items: shown,
    next_cursor: nextCursor,
    as_of: { [kind]: Number(head) },
    contiguous: isContiguous,
    first_revision: shown[0]?.revision ?? null,
    last_revision: shown.at(-1)?.revision ?? null,
  };
};
