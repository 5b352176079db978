import type { JournalName, ParkedJournal, Revision } from '@verdict/application';
import type { Database } from './database.js';
import type { Keep } from './opened.js';

export interface Projections {
  /** The next revision each journal needs; others need 0. */
  readonly marks: () => Promise<ReadonlyMap<JournalName, Revision>>;
  readonly parked: () => Promise<readonly ParkedJournal[]>;
  readonly resume: (journal: JournalName) => Promise<void>;
}

/** A database that no service has used yet, such as a fresh copy. */
const NOTHING: Projections = {
  marks: () => Promise.resolve(new Map()),
  parked: () => Promise.resolve([]),
  resume: () => Promise.resolve(),
};

/** How far the read models of a database are, as they stand there. */
export const openProjections = async (keep: Keep, { url }: Database): Promise<Projections> => {
  const { openProjectionStore, schemasOf } = await import('@verdict/adapter-postgres');
  const { hasReadModels } = await schemasOf(url);
  if (!hasReadModels) return NOTHING;
  const store = keep(openProjectionStore(url, 'verdict-cli'));
  return { marks: () => store.marks(), parked: () => store.parked(), resume: (journal) => store.resume(journal) };
};
