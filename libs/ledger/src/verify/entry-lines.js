import { ENTRY_BYTES_MAX } from '../entry/check-entry.js';
const NEWLINE = 0x0a;
/** A file of lines that has a line longer than any entry, or no newline at its end. */
export class LineDefect extends Error {
    name = 'LineDefect';
}
/** Lines of an `entries.ndjson` without their newline; memory holds one chunk and one line. @throws LineDefect */
export async function* entryLines(archive, file) {
    let rest = Buffer.alloc(0);
    for await (const chunk of archive.read(file)) {
        const buffer = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
        let start = 0;
        for (let end = buffer.indexOf(NEWLINE); end >= 0; end = buffer.indexOf(NEWLINE, start)) {
            yield buffer.subarray(start, end);
            start = end + 1;
        }
        rest = buffer.subarray(start);
        if (rest.length > ENTRY_BYTES_MAX)
            throw new LineDefect('a line is longer than an entry may be');
    }
    if (rest.length > 0)
        throw new LineDefect('the last line has no newline');
}
//# sourceMappingURL=entry-lines.js.map