/** Input that contradicts itself: a gap, a leaf hash that is not that of the bytes, a text that nobody can supply. */
export class BundleInputError extends Error {
    code;
    name = 'BundleInputError';
    constructor(code, detail) {
        super(`${code}: ${detail}`);
        this.code = code;
    }
}
//# sourceMappingURL=bundle-input.js.map