import { createHash } from 'node:crypto';
import { ArchiveDefect } from '../archive/archive.js';
import * as layout from '../bundle/layout.js';
/** Check 1, second half: exactly the members that such a bundle has, in their order. */
export const checkMembers = (archive, manifest, findings) => {
    const listed = manifest.files.map(({ path }) => path);
    const expected = [layout.MANIFEST, layout.MANIFEST_NOTE, ...expectedFiles(manifest, listed)];
    const found = archive.members.map(({ name }) => name);
    const missing = expected.filter((name) => !found.includes(name));
    const extra = found.filter((name) => !expected.includes(name));
    for (const file of missing)
        findings.fail(1, { file, detail: 'missing' });
    for (const file of extra)
        findings.fail(1, { file, detail: 'an extra member' });
    if (missing.length + extra.length > 0)
        return;
    const misplaced = archive.form === 'zip' ? found.find((name, index) => name !== expected[index]) : undefined;
    if (misplaced !== undefined)
        findings.fail(1, { file: misplaced, detail: 'not at its place in the order' });
    const unlisted = expected.slice(2).find((path, index) => path !== listed[index]);
    if (unlisted !== undefined || listed.length !== expected.length - 2) {
        findings.fail(1, { file: layout.MANIFEST, detail: 'files[] is not the list of members in their order' });
    }
};
const expectedFiles = ({ range }, listed) => {
    const kinds = Object.keys(range);
    return layout.listedFiles({
        kinds,
        kindsWithConsistency: new Set(kinds.filter((kind) => listed.includes(layout.consistencyProofFile(kind)))),
        policyHashes: listed.flatMap((path) => layout.policyHashOf(path) ?? []),
    });
};
/** Check 2: every member has the size and SHA-256 that the manifest states. */
export const checkFileHashes = async (archive, manifest, findings) => {
    const present = new Set(archive.members.map(({ name }) => name));
    for (const { path, bytes, sha256 } of manifest.files) {
        if (!present.has(path))
            continue; // Check 1 has said so.
        const found = await hashMember(archive, path, findings);
        if (found.bytes !== bytes) {
            findings.fail(2, {
                file: path,
                expected: `${bytes.toString()} bytes`,
                found: `${found.bytes.toString()} bytes`,
                detail: 'size',
            });
        }
        else if (found.sha256 !== sha256) {
            findings.fail(2, { file: path, expected: sha256, found: found.sha256, detail: 'SHA-256' });
        }
    }
    findings.note(2, { file: layout.MANIFEST, detail: `${manifest.files.length.toString()} files hashed` });
};
const hashMember = async (archive, path, findings) => {
    const digest = createHash('sha256');
    let bytes = 0;
    try {
        for await (const chunk of archive.read(path)) {
            digest.update(chunk);
            bytes += chunk.length;
        }
    }
    catch (error) {
        if (!(error instanceof ArchiveDefect))
            throw error;
        findings.fail(1, { file: path, detail: error.message });
    }
    return { bytes, sha256: digest.digest('hex') };
};
//# sourceMappingURL=check-files.js.map