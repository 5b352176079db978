import type { JournalName, Journals, Revision, SealedEntry, StoredEntry } from '@verdict/application';
import { sealedEntry } from '../sealed-entry.js';

/** One store with a client, and the switches that make it fail. Each test opens its own and closes it. */
export interface JournalsUnderTest {
  readonly journals: Journals;
  /** Another client of the same store, as a second replica has one; closed by `close`. */
  another(): Promise<Journals>;
  /** The next append of `journals` is lost on its way to the store. */
  loseRequest(): void;
  /** The next append of `journals` is stored, and its answer is lost. */
  loseAnswer(): void;
  /** How many appends were hit by the two switches above. */
  losses(): number;
  /** The store dies without warning and comes back by itself; resolves when it has died. */
  crash(): Promise<void>;
  /** Subscribers of `journals` miss the next notice; the adapter has to notice by itself. */
  loseNotice(): Promise<void>;
  /** Takes a stored entry away behind the port's back. */
  loseEntry(journal: JournalName, revision: Revision): Promise<void>;
  close(): Promise<void>;
}

/** What the test can do to the store. Default: everything. */
export interface JournalsAbilities {
  /** `loseEntry` works. Without it the tests of lost entries are reported as skipped. */
  readonly canLoseEntries?: boolean;
  /** Whether an append can name the heads of other journals that it has seen; a store that cannot has no `appendSeeing`. */
  readonly canSee?: boolean;
}

export type Open = () => Promise<JournalsUnderTest>;

let journalCount = 0;
const run = Math.trunc(performance.timeOrigin).toString(36);

/** A journal name that no other test uses. */
export const freshJournal = (): JournalName => {
  journalCount += 1;
  return `decisions-${run}-${String(process.pid)}-${String(journalCount)}`;
};

export const drain = async (entries: AsyncIterable<StoredEntry>): Promise<readonly StoredEntry[]> => {
  const drained: StoredEntry[] = [];
  for await (const entry of entries) drained.push(entry);
  return drained;
};

export const sealAt = (journal: JournalName, revision: Revision, label: string): SealedEntry =>
  sealedEntry({ label, journal, revision });

/** Entries for `expected + 1` and on, one per label. */
export const batchAfter = (
  journal: JournalName,
  expected: Revision,
  labels: readonly string[],
): readonly SealedEntry[] => labels.map((label, index) => sealAt(journal, expected + 1n + BigInt(index), label));

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** What may take this long on a loaded machine is not broken yet. */
const DEADLINE_MS = 60_000;

/** Repeats until `work` gives true; throws when it has not after a minute. */
export const eventually = async (work: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await work())) {
    if (Date.now() > deadline) throw new Error('it did not happen within a minute');
    await pause(5);
  }
};

export interface Acknowledged {
  readonly journal: JournalName;
  readonly revision: Revision;
  readonly leafHash: Uint8Array;
}

/**
 * Appends one entry as a service does: at the head; after a conflict at the new head; after an unknown outcome the same
 * bytes at the same place. A store that is away is asked again.
 */
export const appendUntilIn = async (journals: Journals, journal: JournalName, label: string): Promise<Acknowledged> => {
  for (;;) {
    const head = await headPatiently(journals, journal);
    const batch = batchAfter(journal, head, [label]);
    let result = await journals.append(journal, head, batch);
    while (result.kind === 'unknown') {
      await pause(5);
      result = await journals.append(journal, head, batch);
    }
    if (result.kind === 'appended')
      return { journal, revision: result.revision, leafHash: batch[0]?.leafHash ?? new Uint8Array() };
  }
};

const headPatiently = async (journals: Journals, journal: JournalName): Promise<Revision> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const [head = -1n] = await journals.heads([journal]);
      return head;
    } catch (error) {
      if (attempt === 100) throw error;
      await pause(50);
    }
  }
};

export const labels = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${String(index)}`);

export const revisionsOf = (entries: readonly StoredEntry[]): readonly Revision[] =>
  entries.map(({ revision }) => revision);

export const denseTo = (count: number): readonly Revision[] =>
  Array.from({ length: count }, (_, index) => BigInt(index));

/** Runs a test with a store of its own. */
export const using =
  (open: Open, test: (store: JournalsUnderTest) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const store = await open();
    try {
      await test(store);
    } finally {
      await store.close();
    }
  };
