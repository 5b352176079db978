import { createHash } from 'node:crypto';

/** A value, or any of several; undefined: every one. */
export type FilterValue = string | readonly string[] | undefined;

/** What a walk over a list is bound to: a cursor of one is no cursor of another. */
export interface Walk {
  readonly list: string;
  readonly tenantId: string;
  readonly filter: Readonly<Record<string, FilterValue>>;
  readonly order: 'newest_first' | 'oldest_first';
}

const BINDING_BYTES = 16;
const POSITION = /^(0|[1-9][0-9]{0,18})$/;
const REVISION_MAX = 2n ** 63n - 1n;

const bindingOf = ({ list, tenantId, filter, order }: Walk): Buffer => {
  const filters = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([1, list, tenantId, order, filters]))
    .digest()
    .subarray(0, BINDING_BYTES);
};

/** The place after the row at `revision`: base64url of the walk's binding and the revision. */
export const cursorAfter = (walk: Walk, revision: bigint): string =>
  Buffer.concat([bindingOf(walk), Buffer.from(revision.toString())]).toString('base64url');

/** The revision after which the walk goes on; undefined for what is not a cursor of this walk. */
export const readCursor = (walk: Walk, cursor: string): bigint | undefined => {
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(BINDING_BYTES).toString('latin1');
  const isOurs = bytes.subarray(0, BINDING_BYTES).equals(bindingOf(walk)) && POSITION.test(position);
  if (!isOurs || bytes.toString('base64url') !== cursor) return undefined;
  const revision = BigInt(position);
  return revision <= REVISION_MAX ? revision : undefined;
};
