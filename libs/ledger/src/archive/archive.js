/** The archive itself is wrong; `place` is a member's name, or `archive`. */
export class ArchiveDefect extends Error {
    place;
    name = 'ArchiveDefect';
    constructor(place, detail) {
        super(detail);
        this.place = place;
    }
}
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;
/** Bundles need plain names only: anything absolute, upwards, hidden, with backslash, drive or control is a trick. */
export const refuseTrickyName = (name) => {
    if (name.length > 255 || !NAME.test(name))
        throw new ArchiveDefect(name, 'a path trick, or no plain relative path');
};
/** Two names for one file, also on file systems that ignore case. */
export const refuseDuplicates = (names) => {
    const seen = new Set();
    for (const name of names) {
        if (seen.has(name.toLowerCase()))
            throw new ArchiveDefect(name, 'more than one member has this name');
        seen.add(name.toLowerCase());
    }
};
/** All of a member, refused beyond `bytesMax`: for the small files that are read whole. */
export const readWhole = async (archive, name, bytesMax) => {
    const chunks = [];
    let total = 0;
    for await (const chunk of archive.read(name)) {
        total += chunk.length;
        if (total > bytesMax)
            throw new ArchiveDefect(name, `larger than the ${bytesMax.toString()} bytes that it may have`);
        chunks.push(chunk);
    }
    return Buffer.concat(chunks);
};
//# sourceMappingURL=archive.js.map