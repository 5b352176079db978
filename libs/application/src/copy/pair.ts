import { type Frontier, leafHashOfAny, splitEntry, storeIdOf } from '@verdict/ledger';
import type { StoredCheckpoint } from '../ports/audit.js';
import type { JournalName, Revision, StoredEntry } from '../ports/journals.js';
import type { Difference } from './copy-journals.types.js';

/** One journal on both sides, and how far its entries were found equal: as far as its trees have grown. */
export interface Pair {
  readonly journal: JournalName;
  /** The last revision of the source that is copied and compared; what comes later is the next run's. */
  readonly last: Revision;
  /** The last revision of the target. */
  targetHead: Revision;
  /** Trees over the entries that were compared, of 64 hashes at most. */
  readonly source: Frontier;
  readonly target: Frontier;
  readonly checkpoint: StoredCheckpoint | undefined;
  copied: number;
  difference: Difference | undefined;
}

const isSame = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

/** Over the envelope; bytes that are no entry are hashed as a whole, as every log does. */
const leafOf = (bytes: Uint8Array): Uint8Array => leafHashOfAny(splitEntry(bytes)?.envelopeBytes ?? bytes);

/** Whether hash and id were made from these bytes. */
export const isContentAddressed = ({ bytes, leafHash, storeId }: StoredEntry): boolean =>
  isSame(leafOf(bytes), leafHash) && storeIdOf(leafHash) === storeId;

/** All of it: a leaf hash covers the payload through the envelope only, so bytes are compared too. */
const isSameEntry = (entry: StoredEntry, copy: StoredEntry): boolean =>
  isSame(entry.bytes, copy.bytes) &&
  isSame(entry.leafHash, copy.leafHash) &&
  entry.storeId === copy.storeId &&
  entry.type === copy.type;

const differenceOf = (entry: StoredEntry, copy: StoredEntry | undefined): Difference | undefined => {
  const { revision } = entry;
  if (!isContentAddressed(entry)) return { kind: 'damaged_entry', revision };
  if (copy === undefined) return { kind: 'lost_entry', revision };
  return isSameEntry(entry, copy) ? undefined : { kind: 'other_entry', revision };
};

export const hasEqualRoots = ({ source, target }: Pick<Pair, 'source' | 'target'>): boolean =>
  isSame(source.root(), target.root());

/** Takes the next entry of both sides: grows the trees by it, or notes how the sides differ. False: they do. */
export const compareNext = (pair: Pair, entry: StoredEntry, copy: StoredEntry | undefined): boolean => {
  const { source, target, checkpoint } = pair;
  pair.difference = differenceOf(entry, copy);
  if (pair.difference !== undefined || copy === undefined) return false;
  source.append(leafOf(entry.bytes));
  target.append(leafOf(copy.bytes));
  if (source.size !== checkpoint?.size) return true;
  const isSigned = isSame(source.root(), checkpoint.root) && isSame(target.root(), checkpoint.root);
  if (!isSigned) pair.difference = { kind: 'other_root', revision: entry.revision };
  return isSigned;
};
