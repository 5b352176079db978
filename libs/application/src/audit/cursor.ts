import { sha256Hex } from '@verdict/ledger';

const BINDING_CHARACTERS = 16;
const SEPARATOR = '\n';

/** Binds a cursor to tenant, list, filters and order: it is worth nothing for another walk. */
const bindingOf = (walk: readonly string[]): string => sha256Hex(JSON.stringify(walk)).slice(0, BINDING_CHARACTERS);

/** An opaque cursor that goes on at `place` of this walk. The parts of a place hold no line break. */
export const cursorOf = (walk: readonly string[], place: readonly string[]): string =>
  Buffer.from([bindingOf(walk), ...place].join(SEPARATOR), 'utf8').toString('base64url');

/** The place where the walk goes on; undefined when the cursor is none, or one of another walk. */
export const readCursor = (walk: readonly string[], cursor: string): readonly string[] | undefined => {
  const [binding, ...place] = Buffer.from(cursor, 'base64url').toString('utf8').split(SEPARATOR);
  return binding === bindingOf(walk) ? place : undefined;
};
