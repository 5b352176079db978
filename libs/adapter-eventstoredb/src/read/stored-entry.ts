import type { RecordedEvent } from '@eventstore/db-client';
import type { JournalName, SealedEntry, StoredEntry } from '@verdict/application';
import { leafHashOfAny, splitEntry, storeIdOf } from '@verdict/ledger';
import { LogDamaged } from '../errors.js';

/** The leaf hash of an entry's bytes: over its envelope. Bytes that are no entry are hashed as a whole. */
export const leafOf = (bytes: Uint8Array): Uint8Array => leafHashOfAny(splitEntry(bytes)?.envelopeBytes ?? bytes);

/** Whether hash and id were made from these bytes, so that "already there" means them. */
export const isContentAddressed = ({ storeId, leafHash, bytes }: SealedEntry): boolean =>
  Buffer.compare(leafOf(bytes), leafHash) === 0 && storeIdOf(leafHash) === storeId;

/** @throws LogDamaged when the stored bytes do not belong to their id: another hand has written there. */
export const toStoredEntry = (journal: JournalName, event: RecordedEvent): StoredEntry => {
  const { id: storeId, revision, type, data } = event;
  const bytes: unknown = data;
  if (!(bytes instanceof Uint8Array)) {
    throw new LogDamaged([journal], `the event at revision ${revision.toString()} is no entry`);
  }
  const leafHash = leafOf(bytes);
  if (storeIdOf(leafHash) !== storeId) {
    throw new LogDamaged([journal], `the entry at revision ${revision.toString()} does not belong to its id`);
  }
  return { revision, type, storeId, leafHash, bytes };
};
