import { InvalidAppend, JOURNAL_KINDS } from '@verdict/application';
import type { JournalName } from '@verdict/application';

/** Streams of the adapter itself; no journal may be called so. */
const OWN = 'verdict-';
export const REGISTRY_STREAM = `${OWN}journals`;

export const snapshotStream = (journal: JournalName, owner: string): string =>
  `${OWN}snapshots-${encodeURIComponent(owner)}/${journal}`;

/** What the wake-up listens to; journals with other names are found by the poll. */
export const JOURNAL_PREFIXES: readonly string[] = [
  ...JOURNAL_KINDS.map((kind) => `${kind}-`),
  'operations-',
  'system',
];

/** @throws InvalidAppend for names that the store or this adapter keeps for itself: a bug, so it is not a refusal. */
export const checkJournalName = (journal: JournalName): void => {
  if (journal.startsWith('$') || journal.startsWith(OWN)) {
    throw new InvalidAppend(`a journal cannot be called ${journal}: such streams are not for entries`);
  }
};
