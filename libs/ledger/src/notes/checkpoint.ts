import { HASH_BYTES } from '../hash.js';
import { fromBase64, toBase64 } from './base64.js';

/** What a log states about itself: this many leaves, with this root (32 bytes). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Uint8Array;
}

export type ParsedCheckpoint =
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint; readonly extensions: readonly string[] }
  | { readonly kind: 'refused'; readonly code: 'checkpoint_malformed'; readonly detail: string };

const SIZE = /^(0|[1-9][0-9]{0,18})$/;

/** Note text of a checkpoint: origin, decimal size and base64 root, each with a newline. @throws RangeError @source C2SP tlog-checkpoint */
export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string => {
  if (origin === '' || origin.includes('\n') || size < 0n || root.length !== HASH_BYTES) {
    throw new RangeError('a checkpoint has a one-line origin, a size and a root of 32 bytes');
  }
  return `${origin}\n${size.toString()}\n${toBase64(root)}\n`;
};

/** Reads the text of an opened note as a checkpoint; lines after the third are extensions. @source C2SP tlog-checkpoint */
export const parseCheckpoint = (text: string): ParsedCheckpoint => {
  const [origin = '', size = '', encoded = '', ...rest] = text.split('\n');
  const root = fromBase64(encoded);
  const extensions = rest.slice(0, -1);
  if (rest.at(-1) !== '' || origin === '' || extensions.includes(''))
    return refused('three lines or more are expected');
  if (!SIZE.test(size)) return refused(`"${size}" is no size`);
  if (root?.length !== HASH_BYTES) return refused(`"${encoded}" is no root`);
  return { kind: 'checkpoint', checkpoint: { origin, size: BigInt(size), root }, extensions };
};

const refused = (detail: string): ParsedCheckpoint => ({ kind: 'refused', code: 'checkpoint_malformed', detail });
