/** `README.txt` of every bundle. A change of this text changes the bytes of bundles written from then on. */
export const README_TEXT = `Verdict export bundle, format verdict.export.v1
===============================================

What this is
  A contiguous part of the journals of one tenant of a Verdict decision ledger,
  with the proofs that nothing in it was changed, dropped, added or reordered.

  manifest.json      what is in the bundle: ranges, counts, and the SHA-256 of every other file
  manifest.note      a signature over the SHA-256 and size of manifest.json
  journals/<kind>/   entries.ndjson: one canonical JSON entry a line, in revision order
                     checkpoint: signed size and root of the journal's Merkle tree
                     range.proof: hashes that join these entries to that root
                     consistency.proof: joins the previous export's checkpoint to this one
  policies/          every policy and price book text that a decision names, by SHA-256
  lineage/           which policy texts and computed contexts the decisions rest on
  views/             the entries as CSV, for people; derived, never the source.
                     A cell that a spreadsheet would run as a formula has an apostrophe before it.
  keys/              public keys: purpose, valid from, valid until, verifier key

Before you begin
  Obtain the public key (a line like name+0123abcd+AbCd...) from the operator by another
  way than this bundle. A key that comes with the data proves nothing about the data.

With the verifier (no network, no server, no secret)
  verdict verify <this file or folder> --trust <vkey>
  Exit code 0: intact. 1: not intact, the report names the place. 2: could not check.
  Add --previous <earlier bundle> to prove that this export continues the earlier one.

With plain tools: SHA-256
  sha256sum manifest.json              must be line 2 of manifest.note; line 3 is its size in bytes
  sha256sum journals/*/entries.ndjson  and every other file: must be what "files" in manifest.json says

With plain tools: Ed25519 (RFC 8032), for manifest.note and for every journals/<kind>/checkpoint
  message    the text of the note from its first byte up to and including the newline before the empty line
  signature  the base64 at the end of the line that begins with an em dash: skip 4 bytes, the next 64 are it
  key        the base64 after the second + of the verifier key: skip 1 byte, the next 32 are the public key
  For OpenSSL put the bytes 302a300506032b6570032100 (hex) before the 32 to make a DER public key:
  openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in message -sigfile signature

With plain tools: the tree (RFC 6962, SHA-256)
  leaf = SHA-256(0x00 || envelope), node = SHA-256(0x01 || left || right). The envelope is the text of the
  member "envelope" exactly as it stands in the line. payload_sha256 in it is the SHA-256 of the text of
  the member "payload" exactly as it stands. Line n of entries.ndjson is leaf "from" + n - 1. Put the hashes
  "left" of range.proof before the leaves and "right" after them, join complete subtrees pairwise,
  and the root must be line 3 of the checkpoint.

What no chain can prove
  That the operator wrote down everything that happened, and what was appended after the checkpoint
  that somebody else holds. Keep the checkpoints of every export: they are small, and they bind the past.
`;
//# sourceMappingURL=readme-text.js.map