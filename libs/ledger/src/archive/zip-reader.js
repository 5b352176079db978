import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { isEqualBytes } from '../hash.js';
import { ArchiveDefect, refuseDuplicates, refuseTrickyName } from './archive.js';
import { END64_BYTES, centralRecord, endRecords, localHeader, readCentralRecord, readEndRecords, } from './zip-format.js';
const CHUNK_BYTES = 256 * 1024;
/** A directory is read whole; a bundle of this size has some 700,000 members, far above any real one. */
const DIRECTORY_BYTES_MAX = 64 * 1024 * 1024;
/**
 * Opens a ZIP that has exactly the layout of `zip-format.ts`: members back to back from the first byte, then the
 * directory, then its end, and nothing else anywhere. Symlinks, encryption, comments, extra fields, data before,
 * between or after: all of them change a byte that is compared.
 *
 * @throws ArchiveDefect for a file that is no such ZIP; errors of the file system as they come.
 */
export const openZip = async (path) => {
    const file = await open(path, 'r');
    try {
        const { size } = await file.stat();
        const members = await readDirectory(file, size);
        return zipArchive(file, members);
    }
    catch (error) {
        await file.close();
        throw error;
    }
};
const zipArchive = (file, members) => {
    const byName = new Map(members.map((member) => [member.name, member]));
    return {
        form: 'zip',
        members,
        read: (name) => {
            const member = byName.get(name);
            if (member === undefined)
                throw new ArchiveDefect(name, 'no such member');
            return readMember(file, member);
        },
        close: () => file.close(),
    };
};
const readDirectory = async (file, size) => {
    const tail = await readAt(file, Math.max(0, size - END64_BYTES), Math.min(size, END64_BYTES));
    const end = readEndRecords(tail);
    if (end === undefined)
        throw new ArchiveDefect('archive', 'no end of central directory as the last bytes');
    const last = endRecords(end);
    const isLastThere = end.offset + end.bytes + last.length === size && isEqualBytes(tail.subarray(-last.length), last);
    if (!isLastThere)
        throw new ArchiveDefect('archive', 'the end records do not fit the file');
    if (end.bytes > DIRECTORY_BYTES_MAX)
        throw new ArchiveDefect('archive', 'the central directory is too large');
    const members = parseDirectory(await readAt(file, end.offset, end.bytes), end.count);
    refuseDuplicates(members.map(({ name }) => name));
    await compareLayout(file, members, end);
    return members;
};
const parseDirectory = (bytes, count) => {
    const members = [];
    let rest = bytes;
    while (rest.length > 0) {
        const record = readCentralRecord(rest);
        if (record === undefined)
            throw new ArchiveDefect('archive', 'the central directory is damaged');
        refuseTrickyName(record.member.name);
        if (!isEqualBytes(rest.subarray(0, record.length), centralRecord(record.member))) {
            throw new ArchiveDefect(record.member.name, 'its directory record is not that of a plain file');
        }
        members.push(record.member);
        rest = rest.subarray(record.length);
    }
    if (members.length !== count)
        throw new ArchiveDefect('archive', 'the number of members is not the one stated');
    return members;
};
const compareLayout = async (file, members, end) => {
    let offset = 0;
    for (const member of members) {
        const header = localHeader(member);
        if (member.offset !== offset || !isEqualBytes(await readAt(file, offset, header.length), header)) {
            throw new ArchiveDefect(member.name, 'its header does not agree with the directory');
        }
        if (member.method === 'stored' && member.bytes !== member.compressedBytes) {
            throw new ArchiveDefect(member.name, 'a stored member states two sizes');
        }
        offset += header.length + member.compressedBytes;
    }
    if (offset !== end.offset)
        throw new ArchiveDefect('archive', 'bytes between the members and the directory');
};
async function* readMember(file, member) {
    const packed = readPacked(file, member);
    let crc = 0;
    let total = 0;
    for await (const chunk of member.method === 'stored' ? packed : inflated(packed, member)) {
        total += chunk.length;
        if (total > member.bytes)
            throw new ArchiveDefect(member.name, 'more content than it states');
        crc = crc32(chunk, crc);
        yield chunk;
    }
    if (total !== member.bytes)
        throw new ArchiveDefect(member.name, 'less content than it states');
    if (crc !== member.crc32)
        throw new ArchiveDefect(member.name, 'its CRC-32 does not fit its content');
}
async function* readPacked(file, member) {
    let at = member.offset + localHeader(member).length;
    const end = at + member.compressedBytes;
    while (at < end) {
        const chunk = await readAt(file, at, Math.min(CHUNK_BYTES, end - at));
        at += chunk.length;
        yield chunk;
    }
}
async function* inflated(packed, member) {
    const inflate = createInflateRaw();
    const source = Readable.from(packed);
    source.on('error', (error) => inflate.destroy(error));
    try {
        for await (const chunk of source.pipe(inflate))
            yield chunk;
    }
    catch (error) {
        throw error instanceof ArchiveDefect ? error : new ArchiveDefect(member.name, 'its deflate data is damaged');
    }
    finally {
        source.destroy();
        inflate.destroy();
    }
    if (inflate.bytesWritten !== member.compressedBytes)
        throw new ArchiveDefect(member.name, 'bytes after its deflate data');
}
const readAt = async (file, position, length) => {
    const buffer = Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
        const { bytesRead } = await file.read(buffer, done, length - done, position + done);
        if (bytesRead === 0)
            throw new ArchiveDefect('archive', 'the file ends too early');
        done += bytesRead;
    }
    return buffer;
};
//# sourceMappingURL=zip-reader.js.map