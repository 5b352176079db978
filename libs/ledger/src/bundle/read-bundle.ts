import { openArchive } from '../archive/open-archive.js';
import { entryLines } from '../verify/entry-lines.js';
import { entriesFile } from './layout.js';

const ENTRIES = /^journals\/([a-z][a-z0-9_]{0,63})\/entries\.ndjson$/;

/** The journals of a bundle, as bytes. Says nothing about whether they are intact: `verifyBundle` does. */
export interface BundleJournals {
  readonly kinds: readonly string[];
  /** Canonical bytes of each entry, in the order of the bundle; a kind that is not there yields nothing. */
  readonly read: (kind: string) => AsyncIterable<Uint8Array>;
  readonly close: () => Promise<void>;
}

/**
 * Opens a bundle, a ZIP file or a folder, to read its entries one by one: memory holds one of them.
 *
 * @throws ArchiveDefect, LineDefect while reading; errors of the file system as they come.
 * @source ledger format section 6
 */
export const openBundleJournals = async (path: string): Promise<BundleJournals> => {
  const archive = await openArchive(path);
  const kinds = archive.members.flatMap(({ name }) => ENTRIES.exec(name)?.[1] ?? []);
  return {
    kinds,
    async *read(kind) {
      if (kinds.includes(kind)) yield* entryLines(archive, entriesFile(kind));
    },
    close: () => archive.close(),
  };
};
