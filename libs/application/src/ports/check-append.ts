import {
  APPEND_BYTES_MAX,
  APPEND_ENTRIES_MAX,
  InvalidAppend,
  type JournalName,
  type Revision,
  type SealedEntry,
} from './journals.js';

/** Largest single entry: envelope and payload at their own limits, with room for the braces around them. */
export const ENTRY_BYTES_MAX = 330_000;
const NAME = /^[\x21-\x7e]{1,200}$/;
const STORE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const checkEntry = ({ storeId, leafHash, bytes }: SealedEntry): void => {
  if (!STORE_ID.test(storeId)) throw new InvalidAppend(`store id ${JSON.stringify(storeId)} is not a lower-case UUID`);
  if (leafHash.length !== 32) throw new InvalidAppend(`a leaf hash has 32 bytes, not ${String(leafHash.length)}`);
  if (bytes.length < 1 || bytes.length > ENTRY_BYTES_MAX) {
    throw new InvalidAppend(`an entry has 1 to ${String(ENTRY_BYTES_MAX)} bytes, not ${String(bytes.length)}`);
  }
};

/**
 * What every adapter of `Journals` checks before it looks at anything stored.
 * @throws InvalidAppend for what no caller may send: a bug, so it is not a refusal.
 */
export const checkAppend = (journal: JournalName, expected: Revision, entries: readonly SealedEntry[]): void => {
  if (!NAME.test(journal)) throw new InvalidAppend('a journal name has 1 to 200 printable ASCII characters, no space');
  if (expected < -1n) throw new InvalidAppend(`expected revision ${expected.toString()} is below -1`);
  if (entries.length < 1 || entries.length > APPEND_ENTRIES_MAX) {
    throw new InvalidAppend(`an append has 1 to ${String(APPEND_ENTRIES_MAX)} entries, not ${String(entries.length)}`);
  }
  let total = 0;
  for (const entry of entries) {
    checkEntry(entry);
    total += entry.bytes.length;
  }
  if (total > APPEND_BYTES_MAX) {
    throw new InvalidAppend(`an append has at most ${String(APPEND_BYTES_MAX)} bytes, not ${String(total)}`);
  }
};
