export { CanonicalError, canonicalBytes, canonicalText } from './json/canonical.js';
export { StrictJsonError, isCanonical, parseStrict } from './json/strict-parser.js';
export { ENVELOPE_BYTES_MAX, emptyRoot, leafHash, nodeHash, sha256, sha256Hex, storeIdOf, toHex } from './hash.js';
export { EntryTooLarge, PAYLOAD_BYTES_MAX } from './entry/envelope.js';
export { ENTRY_ID_NAMESPACE, entryIdOf } from './entry/entry-id.js';
export { EntryInvalid, sealEntry } from './entry/seal-entry.js';
export { readEntry } from './entry/read-entry.js';
export { ENTRY_BYTES_MAX, checkEntry } from './entry/check-entry.js';
export { Frontier, FrontierInvalid } from './tree/frontier.js';
export { consistencyProof, consistencyProofOfStream, frontierOfStream, inclusionProof, inclusionProofOfStream, rangeProof, rangeProofOfStream, rootOf, rootOfStream, } from './tree/proofs.js';
export { RangeVerifier, verifyConsistency, verifyInclusion, verifyRange } from './tree/verify-proofs.js';
export { formatVkey, keyHash, parseVkey, rawPublicKey } from './notes/vkey.js';
export { cosignatureLine, noteTextUnverified, openNote, signNote } from './notes/note.js';
export { formatCheckpoint, parseCheckpoint } from './notes/checkpoint.js';
export { BundleInputError } from './bundle/bundle-input.js';
export { textReport } from './verify/text-report.js';
export { writeBundle } from './bundle/write-bundle.js';
export { verifyBundle } from './verify/verify-bundle.js';
//# sourceMappingURL=index.js.map