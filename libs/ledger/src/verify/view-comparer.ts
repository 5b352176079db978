import type { Archive } from '../archive/archive.js';
import { isEqualBytes } from '../hash.js';
import { type View, viewHeader, viewsEverWritten } from '../bundle/views.js';

/** Compares a file with text that is made again piece by piece; memory holds one chunk. */
export class FileComparer {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #isEqual = true;

  constructor(archive: Archive, file: string) {
    this.#chunks = archive.read(file)[Symbol.asyncIterator]();
  }

  /** Whether the file goes on with exactly this text; false for ever after the first difference. */
  async matches(text: string): Promise<boolean> {
    if (!this.#isEqual) return false;
    this.#isEqual = await this.goesOnWith(text);
    this.#rest = this.#rest.subarray(Buffer.byteLength(text, 'utf8'));
    return this.#isEqual;
  }

  /** As `matches`, without going on or remembering a difference. */
  async goesOnWith(text: string): Promise<boolean> {
    const expected = Buffer.from(text, 'utf8');
    while (this.#rest.length < expected.length && (await this.#more())) {
      // Chunks are joined until they hold the whole piece.
    }
    return isEqualBytes(this.#rest.subarray(0, expected.length), expected);
  }

  /** Whether nothing is left; closes the file. */
  async isAtEnd(): Promise<boolean> {
    const isMore = this.#rest.length > 0 || (await this.#more());
    await this.#chunks.return?.();
    return !isMore;
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
    return true;
  }
}

/** The view with the columns that the file has; this release's own where the file has none that was ever written. */
export const asWritten = async (view: View, comparer: FileComparer): Promise<View> => {
  for (const written of viewsEverWritten(view)) if (await comparer.goesOnWith(viewHeader(written))) return written;
  return view;
};
