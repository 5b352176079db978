import { hash } from 'node:crypto';
import { canonicalText } from '../json/canonical.js';
import { uuidOfHex } from '../hash.js';

/** Namespace of entry ids: UUIDv5 of `urn:verdict:ledger:entry:v1` in the URL namespace of RFC 9562. */
export const ENTRY_ID_NAMESPACE = '54ba9c77-3a97-53f8-8b8f-c2e1c73a5ba3';

const NAMESPACE_BYTES = Buffer.from(ENTRY_ID_NAMESPACE.replaceAll('-', ''), 'hex');

/**
 * Id of an entry: UUIDv5 of the canonical text `["<origin>","<command id>",<ordinal>]` in `ENTRY_ID_NAMESPACE`.
 *
 * @param ordinal 0-based position among the entries that one command caused in one journal.
 * @source ledger format section 1; RFC 9562 section 5.5
 */
export const entryIdOf = (origin: string, commandId: string, ordinal: number): string => {
  const name = Buffer.from(canonicalText([origin, commandId, ordinal]), 'utf8');
  return uuidOfHex(hash('sha1', Buffer.concat([NAMESPACE_BYTES, name]), 'hex'), 5);
};
