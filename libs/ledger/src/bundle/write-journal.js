import { canonicalBytes } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
import { readEntry } from '../entry/read-entry.js';
import { isEqualBytes, leafHash, sha256Hex } from '../hash.js';
import { rangeProofOfStream } from '../tree/proofs.js';
import { RangeVerifier } from '../tree/verify-proofs.js';
import { BundleInputError } from './bundle-input.js';
import { addOne } from './counts.js';
import { checkpointFile, consistencyProofFile, entriesFile, policyFile, rangeProofFile } from './layout.js';
import { consistencyFileBytes, rangeProofBytes } from './proof-files.js';
import { viewHeader, viewOf, viewRow } from './views.js';
const NEWLINE = Buffer.from('\n');
/**
 * Writes the folder of one journal and its view, in one pass over the entries. Nothing leaves that would not verify.
 * @returns entries per type
 * @throws BundleInputError when the entries are not exactly [from, to) of the tree with the checkpoint's root.
 */
export const writeJournal = async (run, journal) => {
    const { origin, kind } = journal;
    const { from, to, size } = journal;
    const proof = await rangeProofOfStream({ from, to, size, before: journal.before(), after: journal.after() });
    const verifier = new RangeVerifier(proof);
    const counts = await writeEntries(run, journal, verifier);
    const root = verifier.root();
    if (root === undefined || !isEqualBytes(root, journal.root)) {
        throw new BundleInputError('root_mismatch', `entries ${from.toString()} to ${to.toString()} of ${origin}`);
    }
    await run.staging.put(checkpointFile(kind), journal.checkpoint);
    await run.staging.put(rangeProofFile(kind), rangeProofBytes(origin, proof));
    if (journal.previous !== undefined) {
        const { size: fromSize, root: fromRoot, proof: hashes } = journal.previous;
        const file = { fromSize, fromRoot, size, root: journal.root, hashes };
        await run.staging.put(consistencyProofFile(kind), consistencyFileBytes(origin, file));
    }
    return counts;
};
const writeEntries = async (run, journal, verifier) => {
    const counts = new Map();
    const view = viewOf(journal.kind);
    const lines = await run.staging.create(entriesFile(journal.kind));
    const rows = view === undefined ? undefined : await run.staging.create(view.file);
    try {
        if (view !== undefined)
            await rows?.write(Buffer.from(viewHeader(view), 'utf8'));
        for await (const item of journal.entries()) {
            const entry = openEntry(journal, item, verifier.next ?? 0n);
            verifier.push(item.leafHash);
            addOne(counts, entry.envelope.type);
            await noteTexts(run, entry);
            await lines.write(item.bytes);
            await lines.write(NEWLINE);
            if (view !== undefined)
                await rows?.write(Buffer.from(viewRow(view, entry, item.leafHash), 'utf8'));
        }
        await finish(lines, rows);
        return counts;
    }
    catch (error) {
        await lines.abandon();
        await rows?.abandon();
        throw error;
    }
};
const finish = async (lines, rows) => {
    await lines.finish();
    await rows?.finish();
};
const openEntry = (journal, item, expected) => {
    const entry = readEntry(item.bytes);
    const place = `revision ${item.revision.toString()} of ${journal.origin}`;
    const isNext = item.revision === expected && BigInt(entry.envelope.revision) === expected;
    if (!isNext)
        throw new BundleInputError('revision_gap', `${place}, expected ${expected.toString()}`);
    if (entry.envelope.origin !== journal.origin)
        throw new BundleInputError('origin_mismatch', place);
    if (!isEqualBytes(leafHash(entry.envelopeBytes), item.leafHash))
        throw new BundleInputError('leaf_mismatch', place);
    return entry;
};
/** Remembers what decisions name, and puts named texts into the bundle where the policy journal publishes them. */
const noteTexts = async (run, { envelope, payload }) => {
    if (envelope.type === 'decision_recorded')
        run.lineage.push(envelope.revision, payload);
    const published = publishedText(envelope.type, payload);
    if (published === undefined || !run.textsWanted.has(published.sha256))
        return;
    await putText(run, published.sha256, canonicalBytes(published.text));
};
/** The text that a policy entry publishes, with the hash under which it does. */
export const publishedText = (type, payload) => {
    const names = PUBLISHED[type];
    if (names === undefined || !isJsonObject(payload))
        return undefined;
    const text = payload[names.text];
    const sha256 = payload[names.sha256];
    return text === undefined || typeof sha256 !== 'string' ? undefined : { sha256, text };
};
const PUBLISHED = {
    policy_published: { text: 'document', sha256: 'document_sha256' },
    price_book_published: { text: 'book', sha256: 'book_sha256' },
};
/** Puts a policy text into the bundle under its hash. @throws BundleInputError when it is not the text of that hash. */
export const putText = async (run, sha256, text) => {
    if (sha256Hex(text) !== sha256) {
        throw new BundleInputError('policy_text_mismatch', `the text offered for ${sha256} has another hash`);
    }
    run.textsWanted.delete(sha256);
    await run.staging.put(policyFile(sha256), text);
};
//# sourceMappingURL=write-journal.js.map