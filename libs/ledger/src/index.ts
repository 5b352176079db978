export { CanonicalError, canonicalBytes, canonicalText } from './json/canonical.js';
export type { CanonicalCode } from './json/canonical.js';
export { StrictJsonError, isCanonical, parseStrict } from './json/strict-parser.js';
export type { StrictJsonCode } from './json/strict-parser.js';
export type { JsonObject, JsonValue } from './json/json-value.js';
export {
  ENVELOPE_BYTES_MAX,
  emptyRoot,
  leafHash,
  leafHashOfAny,
  nodeHash,
  sha256,
  sha256Hex,
  storeIdOf,
  toHex,
} from './hash.js';
export { EntryTooLarge, PAYLOAD_BYTES_MAX } from './entry/envelope.js';
export type { Cause, Envelope, EnvelopeActor } from './entry/envelope.js';
export { ENTRY_ID_NAMESPACE, entryIdOf } from './entry/entry-id.js';
export { EntryInvalid, sealEntry } from './entry/seal-entry.js';
export type { EntryDraft, SealedLedgerEntry } from './entry/seal-entry.js';
export { readEntry, splitEntry } from './entry/read-entry.js';
export type { LedgerEntry } from './entry/read-entry.js';
export { ENTRY_BYTES_MAX, checkEntry } from './entry/check-entry.js';
export type { EntryFinding } from './entry/check-entry.js';
export { Frontier, FrontierInvalid } from './tree/frontier.js';
export type { LeafHashes } from './tree/spans.js';
export {
  consistencyProof,
  consistencyProofOfStream,
  frontierOfStream,
  inclusionProof,
  inclusionProofOfStream,
  rangeProof,
  rangeProofOfStream,
  rootOf,
  rootOfStream,
} from './tree/proofs.js';
export type { RangeProof, RangeSurroundings } from './tree/proofs.js';
export { RangeVerifier, verifyConsistency, verifyInclusion, verifyRange } from './tree/verify-proofs.js';
export type { ConsistencyClaim, InclusionClaim } from './tree/verify-proofs.js';
export { formatVkey, keyHash, parseVkey, rawPublicKey } from './notes/vkey.js';
export type { NoteAlgorithm, NoteVerifier, VkeyResult } from './notes/vkey.js';
export { cosignatureLine, noteTextUnverified, openNote, signNote } from './notes/note.js';
export type { NoteRefusal, NoteRequest, NoteSignature, NoteSigner, OpenedNote, SignMessage } from './notes/note.js';
export { formatCheckpoint, parseCheckpoint } from './notes/checkpoint.js';
export type { Checkpoint, ParsedCheckpoint } from './notes/checkpoint.js';
export { BundleInputError } from './bundle/bundle-input.js';
export type {
  BundleEntry,
  BundleInput,
  BundleJournal,
  BundleKey,
  BundleQuery,
  BundleTarget,
  PreviousCheckpoint,
  WrittenBundle,
} from './bundle/bundle-input.js';
export type { CheckResult, CheckStatus, Evidence, Report } from './verify/report.js';
export { textReport } from './verify/text-report.js';
export { openBundleJournals } from './bundle/read-bundle.js';
export type { BundleJournals } from './bundle/read-bundle.js';
export { writeBundle } from './bundle/write-bundle.js';
export { verifyBundle } from './verify/verify-bundle.js';
export type { VerifyOptions } from './verify/verify-bundle.js';
export type { Previous } from './verify/check-history.js';
