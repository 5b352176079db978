import { isEqualBytes, sha256Hex, toHex } from '../hash.js';
import { decodeUtf8 } from '../json/strict-parser.js';
import { openNote } from '../notes/note.js';
import { parseCheckpoint } from '../notes/checkpoint.js';
import type { Checkpoint } from '../notes/checkpoint.js';
import { verifyConsistency } from '../tree/verify-proofs.js';
import { readWhole } from '../archive/archive.js';
import { openArchive } from '../archive/open-archive.js';
import { MANIFEST, MANIFEST_NOTE, checkpointFile, consistencyProofFile } from '../bundle/layout.js';
import { manifestNoteText, parseManifest } from '../bundle/manifest.js';
import type { ConsistencyFile } from '../bundle/proof-files.js';
import type { Findings } from './report.js';

/** What the caller kept from earlier: a bundle, or checkpoints (signed notes). */
export interface Previous {
  readonly bundle?: string;
  readonly checkpoints?: readonly string[];
}

/** The past to compare with, itself checked against the trusted keys. */
export interface History {
  readonly heads: ReadonlyMap<string, Checkpoint>;
  readonly manifestSha256: string | undefined;
}

/** Evidence of the past that cannot be used: then nothing is claimed about consistency at all. */
export class PreviousUnusable extends Error {
  override readonly name = 'PreviousUnusable';
}

const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;
const NOTE_BYTES_MAX = 1024 * 1024;

/** Opens what the caller kept. @throws PreviousUnusable when it is unreadable or not signed by a trusted key. */
export const loadHistory = async (previous: Previous | undefined, keys: readonly string[]): Promise<History> => {
  const kept = (previous?.checkpoints ?? []).map((note) => openHead(note, keys));
  const bundle = previous?.bundle === undefined ? undefined : await openPrevious(previous.bundle, keys);
  const heads = [...(bundle?.heads ?? []), ...kept];
  return { heads: new Map(heads.map((head) => [head.origin, head])), manifestSha256: bundle?.manifestSha256 };
};

const openPrevious = async (
  path: string,
  keys: readonly string[],
): Promise<{ readonly heads: readonly Checkpoint[]; readonly manifestSha256: string }> => {
  const archive = await openArchive(path);
  try {
    const bytes = await readWhole(archive, MANIFEST, MANIFEST_BYTES_MAX);
    const manifest = parseManifest(bytes);
    const note = openNote(decodeUtf8(await readWhole(archive, MANIFEST_NOTE, NOTE_BYTES_MAX)) ?? '', keys);
    const isSigned = note.kind === 'opened' && note.text === manifestNoteText(bytes);
    if (manifest === undefined || !isSigned) throw new PreviousUnusable('the previous bundle has no trusted manifest');
    const heads: Checkpoint[] = [];
    for (const kind of Object.keys(manifest.range)) {
      heads.push(openHead(decodeUtf8(await readWhole(archive, checkpointFile(kind), NOTE_BYTES_MAX)) ?? '', keys));
    }
    return { heads, manifestSha256: sha256Hex(bytes) };
  } finally {
    await archive.close();
  }
};

const openHead = (note: string, keys: readonly string[]): Checkpoint => {
  const opened = openNote(note, keys);
  const parsed = opened.kind === 'opened' ? parseCheckpoint(opened.text) : opened;
  if (parsed.kind === 'checkpoint') return parsed.checkpoint;
  throw new PreviousUnusable(`a previous checkpoint cannot be used: ${parsed.detail}`);
};

/** One journal's earlier and present tree head, and what may join them. */
export interface HistoryStep {
  readonly kind: string;
  readonly head: Checkpoint | undefined;
  readonly checkpoint: Checkpoint;
  /** The bundle's `consistency.proof`; `malformed` when it is none. */
  readonly proof: ConsistencyFile | 'malformed' | undefined;
  /** Root of the tree of the earlier size, where the bundle's entries reach down to it. */
  readonly earlierRoot: Uint8Array | undefined;
}

/** Check 8: the present tree continues the earlier one. */
export const checkHistory = (step: HistoryStep, findings: Findings): void => {
  const file = consistencyProofFile(step.kind);
  const { proof, head, checkpoint } = step;
  if (proof !== undefined && !isSoundProof(proof, checkpoint)) {
    findings.fail(8, { file, detail: 'does not prove what it states about this checkpoint' });
  }
  if (head === undefined) return;
  const place = checkpointFile(step.kind);
  const problem = problemWith(step, head);
  const expected = `${head.size.toString()} ${toHex(head.root)}`;
  if (problem !== undefined) findings.fail(8, { file: place, expected, found: problem.found, detail: problem.detail });
  else findings.note(8, { file: place, detail: `continues the tree of size ${head.size.toString()}` });
};

const problemWith = (
  { proof, checkpoint, earlierRoot }: HistoryStep,
  head: Checkpoint,
): { readonly found: string; readonly detail: string } | undefined => {
  const found = `${checkpoint.size.toString()} ${toHex(checkpoint.root)}`;
  if (checkpoint.size < head.size) return { found, detail: 'rolled back: the earlier tree was larger' };
  if (checkpoint.size === head.size) {
    return isEqualBytes(checkpoint.root, head.root) ? undefined : { found, detail: 'forked: same size, another root' };
  }
  if (earlierRoot !== undefined) {
    const detail = 'forked: the entries up to the earlier size give another root';
    return isEqualBytes(earlierRoot, head.root) ? undefined : { found: toHex(earlierRoot), detail };
  }
  const detail = 'no consistency proof leads from the earlier tree to this one';
  return isJoined(proof, head, checkpoint) ? undefined : { found, detail };
};

const isJoined = (proof: HistoryStep['proof'], head: Checkpoint, checkpoint: Checkpoint): boolean => {
  if (proof === undefined || proof === 'malformed') return false;
  const beginsThere = proof.fromSize === head.size && isEqualBytes(proof.fromRoot, head.root);
  return beginsThere && isSoundProof(proof, checkpoint);
};

const isSoundProof = (proof: ConsistencyFile | 'malformed', checkpoint: Checkpoint): boolean =>
  proof !== 'malformed' &&
  proof.size === checkpoint.size &&
  isEqualBytes(proof.root, checkpoint.root) &&
  verifyConsistency({
    oldSize: proof.fromSize,
    oldRoot: proof.fromRoot,
    size: proof.size,
    root: proof.root,
    proof: proof.hashes,
  });
