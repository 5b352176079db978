import { isEqualBytes, sha256Hex, toHex } from '../hash.js';
import { decodeUtf8 } from '../json/strict-parser.js';
import { openNote } from '../notes/note.js';
import { parseCheckpoint } from '../notes/checkpoint.js';
import { verifyConsistency } from '../tree/verify-proofs.js';
import { readWhole } from '../archive/archive.js';
import { openArchive } from '../archive/open-archive.js';
import { MANIFEST, MANIFEST_NOTE, checkpointFile, consistencyProofFile } from '../bundle/layout.js';
import { manifestNoteText, parseManifest } from '../bundle/manifest.js';
/** Evidence of the past that cannot be used: then nothing is claimed about consistency at all. */
export class PreviousUnusable extends Error {
    name = 'PreviousUnusable';
}
const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;
const NOTE_BYTES_MAX = 1024 * 1024;
/** Opens what the caller kept. @throws PreviousUnusable when it is unreadable or not signed by a trusted key. */
export const loadHistory = async (previous, keys) => {
    const kept = (previous?.checkpoints ?? []).map((note) => openHead(note, keys));
    const bundle = previous?.bundle === undefined ? undefined : await openPrevious(previous.bundle, keys);
    const heads = [...(bundle?.heads ?? []), ...kept];
    return { heads: new Map(heads.map((head) => [head.origin, head])), manifestSha256: bundle?.manifestSha256 };
};
const openPrevious = async (path, keys) => {
    const archive = await openArchive(path);
    try {
        const bytes = await readWhole(archive, MANIFEST, MANIFEST_BYTES_MAX);
        const manifest = parseManifest(bytes);
        const note = openNote(decodeUtf8(await readWhole(archive, MANIFEST_NOTE, NOTE_BYTES_MAX)) ?? '', keys);
        const isSigned = note.kind === 'opened' && note.text === manifestNoteText(bytes);
        if (manifest === undefined || !isSigned)
            throw new PreviousUnusable('the previous bundle has no trusted manifest');
        const heads = [];
        for (const kind of Object.keys(manifest.range)) {
            heads.push(openHead(decodeUtf8(await readWhole(archive, checkpointFile(kind), NOTE_BYTES_MAX)) ?? '', keys));
        }
        return { heads, manifestSha256: sha256Hex(bytes) };
    }
    finally {
        await archive.close();
    }
};
const openHead = (note, keys) => {
    const opened = openNote(note, keys);
    const parsed = opened.kind === 'opened' ? parseCheckpoint(opened.text) : opened;
    if (parsed.kind === 'checkpoint')
        return parsed.checkpoint;
    throw new PreviousUnusable(`a previous checkpoint cannot be used: ${parsed.detail}`);
};
/** Check 8: the present tree continues the earlier one. */
export const checkHistory = (step, findings) => {
    const file = consistencyProofFile(step.kind);
    const { proof, head, checkpoint } = step;
    if (proof !== undefined && !isSoundProof(proof, checkpoint)) {
        findings.fail(8, { file, detail: 'does not prove what it states about this checkpoint' });
    }
    if (head === undefined)
        return;
    const place = checkpointFile(step.kind);
    const problem = problemWith(step, head);
    const expected = `${head.size.toString()} ${toHex(head.root)}`;
    if (problem !== undefined)
        findings.fail(8, { file: place, expected, found: problem.found, detail: problem.detail });
    else
        findings.note(8, { file: place, detail: `continues the tree of size ${head.size.toString()}` });
};
const problemWith = ({ proof, checkpoint, earlierRoot }, head) => {
    const found = `${checkpoint.size.toString()} ${toHex(checkpoint.root)}`;
    if (checkpoint.size < head.size)
        return { found, detail: 'rolled back: the earlier tree was larger' };
    if (checkpoint.size === head.size) {
        return isEqualBytes(checkpoint.root, head.root) ? undefined : { found, detail: 'forked: same size, another root' };
    }
    if (earlierRoot !== undefined) {
        const detail = 'forked: the entries up to the earlier size give another root';
        return isEqualBytes(earlierRoot, head.root) ? undefined : { found: toHex(earlierRoot), detail };
    }
    const detail = 'no consistency proof leads from the earlier tree to this one';
    return isJoined(proof, head, checkpoint) ? undefined : { found, detail };
};
const isJoined = (proof, head, checkpoint) => {
    if (proof === undefined || proof === 'malformed')
        return false;
    const beginsThere = proof.fromSize === head.size && isEqualBytes(proof.fromRoot, head.root);
    return beginsThere && isSoundProof(proof, checkpoint);
};
const isSoundProof = (proof, checkpoint) => proof !== 'malformed' &&
    proof.size === checkpoint.size &&
    isEqualBytes(proof.root, checkpoint.root) &&
    verifyConsistency({
        oldSize: proof.fromSize,
        oldRoot: proof.fromRoot,
        size: proof.size,
        root: proof.root,
        proof: proof.hashes,
    });
//# sourceMappingURL=check-history.js.map