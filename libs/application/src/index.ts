export type {
  AppendResult,
  JournalName,
  Journals,
  Revision,
  SealedEntry,
  Snapshot,
  StoredEntry,
  Subscription,
} from './ports/journals.js';
export { APPEND_BYTES_MAX, APPEND_ENTRIES_MAX, InvalidAppend, JournalGap } from './ports/journals.js';
