import type { Revision } from '../ports/journals.js';
import { breathing } from '../shared/breathe.js';
import { type EntryLog, recordEntry, type RecordedEntry, unreadable } from './entry-log.js';

/**
 * Yields the entries of a range of a journal, both ends included, that have a text in them, in order. Only these are
 * parsed, so a long range costs little more than reading it.
 *
 * @throws LogUnreadable while the store is away, JournalGap, SyntaxError when bytes are not an entry.
 */
export async function* entriesNaming(
  { journals }: EntryLog,
  journal: string,
  { text, from, to }: { readonly text: string; readonly from: Revision; readonly to: Revision },
): AsyncGenerator<RecordedEntry> {
  try {
    for await (const stored of breathing(journals.read(journal, from))) {
      if (stored.revision > to) return;
      const { buffer, byteOffset, length } = stored.bytes;
      if (Buffer.from(buffer, byteOffset, length).includes(text)) yield recordEntry(stored);
      if (stored.revision === to) return;
    }
  } catch (error) {
    throw unreadable(journal, error);
  }
}
