import { createHash } from 'node:crypto';
import { centralRecord, endRecords, localHeader } from './zip-format.js';
/**
 * Writes members in the given order as one ZIP: fixed dates, no data descriptors, zip64 where it is needed.
 * @returns SHA-256 (hex) and number of all bytes written. The same members give the same bytes.
 */
export const writeZip = async (members, write) => {
    const digest = createHash('sha256');
    let offset = 0;
    const put = async (chunk) => {
        digest.update(chunk);
        offset += chunk.length;
        await write(chunk);
    };
    const records = [];
    for (const member of members) {
        const placed = { ...member, offset };
        records.push(centralRecord(placed));
        await put(localHeader(placed));
        for await (const chunk of member.packed())
            await put(chunk);
    }
    const directory = Buffer.concat(records);
    const end = endRecords({ count: members.length, offset, bytes: directory.length });
    await put(directory);
    await put(end);
    return { sha256: digest.digest('hex'), size: offset };
};
//# sourceMappingURL=zip-writer.js.map