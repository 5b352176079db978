export const ENVELOPE_VERSION = 1;
export const PAYLOAD_BYTES_MAX = 256 * 1024;
/** Canonical bytes of an entry are exactly prefix + envelope + middle + payload + suffix. */
export const ENTRY_PREFIX = '{"envelope":';
export const ENTRY_MIDDLE = ',"payload":';
export const ENTRY_SUFFIX = '}';
/** An envelope or payload beyond its limit; nothing was sealed. */
export class EntryTooLarge extends Error {
    part;
    bytes;
    bytesMax;
    name = 'EntryTooLarge';
    constructor(part, bytes, bytesMax) {
        super(`${part} is ${bytes.toString()} bytes, at most ${bytesMax.toString()} are allowed`);
        this.part = part;
        this.bytes = bytes;
        this.bytesMax = bytesMax;
    }
}
//# sourceMappingURL=envelope.js.map