/** A file of a bundle, whatever holds it. */
export interface ArchiveMember {
  readonly name: string;
  /** Bytes of the plain content. */
  readonly bytes: number;
}

/** A bundle opened for reading: members in their order, each readable any number of times, also side by side. */
export interface Archive {
  readonly form: 'zip' | 'directory';
  readonly members: readonly ArchiveMember[];
  /** Plain content in chunks. @throws ArchiveDefect when the content is not what the archive claims. */
  read(name: string): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** The archive itself is wrong; `place` is a member's name, or `archive`. */
export class ArchiveDefect extends Error {
  override readonly name = 'ArchiveDefect';
  constructor(
    readonly place: string,
    detail: string,
  ) {
    super(detail);
  }
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;

/** Bundles need plain names only: anything absolute, upwards, hidden, with backslash, drive or control is a trick. */
export const refuseTrickyName = (name: string): void => {
  if (name.length > 255 || !NAME.test(name)) throw new ArchiveDefect(name, 'a path trick, or no plain relative path');
};

/** Two names for one file, also on file systems that ignore case. */
export const refuseDuplicates = (names: readonly string[]): void => {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name.toLowerCase())) throw new ArchiveDefect(name, 'more than one member has this name');
    seen.add(name.toLowerCase());
  }
};

/** All of a member, refused beyond `bytesMax`: for the small files that are read whole. */
export const readWhole = async (archive: Archive, name: string, bytesMax: number): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of archive.read(name)) {
    total += chunk.length;
    if (total > bytesMax)
      throw new ArchiveDefect(name, `larger than the ${bytesMax.toString()} bytes that it may have`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
