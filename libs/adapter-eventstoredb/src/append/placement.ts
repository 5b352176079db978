import type { JournalName, Revision, SealedEntry } from '@verdict/application';
import { splitEntry } from '@verdict/ledger';

const memberOf = (value: unknown, member: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, member) : undefined;

const envelopeOf = (bytes: Uint8Array): unknown => {
  const parts = splitEntry(bytes);
  if (parts === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(parts.envelopeBytes).toString('utf8'));
  } catch {
    return undefined; // Not sealed by the ledger, so it names no place.
  }
};

/** An origin ends in `<tenant>/<kind>` for the journal `<kind>-<tenant>`, else in the journal's name. */
const isOriginOf = (journal: JournalName, origin: string): boolean => {
  const [name = '', before = ''] = origin.split('/').reverse();
  return name === journal || `${name}-${before}` === journal;
};

const isPlaced = (envelope: unknown, journal: JournalName, revision: Revision): boolean => {
  const origin = memberOf(envelope, 'origin');
  const own = memberOf(envelope, 'revision');
  if (typeof origin !== 'string' || typeof own !== 'number') return true;
  return isOriginOf(journal, origin) && BigInt(own) === revision;
};

/**
 * The first entry that does not belong where it is to be appended; undefined when all do.
 *
 * An envelope names its journal and revision, and both are hashed. So bytes that may only be stored at the place they
 * name are stored once in the whole log. Another store would need an index over all ids for that; this one compares ids
 * within a stream, at the expected revision, and would store an entry a second time anywhere else.
 */
export const misplacedIn = (
  journal: JournalName,
  expected: Revision,
  entries: readonly SealedEntry[],
): SealedEntry | undefined => {
  const ids = new Set<string>();
  return entries.find(({ storeId, bytes }, index) => {
    const isTwice = ids.has(storeId);
    ids.add(storeId);
    return isTwice || !isPlaced(envelopeOf(bytes), journal, expected + 1n + BigInt(index));
  });
};
