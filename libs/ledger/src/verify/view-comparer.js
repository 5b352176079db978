import { isEqualBytes } from '../hash.js';
/** Compares a file with text that is made again piece by piece; memory holds one chunk. */
export class FileComparer {
    #chunks;
    #rest = new Uint8Array(0);
    #isEqual = true;
    constructor(archive, file) {
        this.#chunks = archive.read(file)[Symbol.asyncIterator]();
    }
    /** Whether the file goes on with exactly this text; false for ever after the first difference. */
    async matches(text) {
        if (!this.#isEqual)
            return false;
        const expected = Buffer.from(text, 'utf8');
        while (this.#rest.length < expected.length && (await this.#more())) {
            // Chunks are joined until they hold the whole piece.
        }
        this.#isEqual = isEqualBytes(this.#rest.subarray(0, expected.length), expected);
        this.#rest = this.#rest.subarray(expected.length);
        return this.#isEqual;
    }
    /** Whether nothing is left; closes the file. */
    async isAtEnd() {
        const isMore = this.#rest.length > 0 || (await this.#more());
        await this.#chunks.return?.();
        return !isMore;
    }
    async #more() {
        const next = await this.#chunks.next();
        if (next.done === true)
            return false;
        this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
        return true;
    }
}
//# sourceMappingURL=view-comparer.js.map