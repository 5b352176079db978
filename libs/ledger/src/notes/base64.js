/** Standard base64 with padding. @source RFC 4648 section 4 */
export const toBase64 = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
/** Bytes of base64 text; undefined unless it is exactly how these bytes are written, so that one value has one text. */
export const fromBase64 = (text) => {
    const bytes = Buffer.from(text, 'base64');
    return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined;
};
//# sourceMappingURL=base64.js.map