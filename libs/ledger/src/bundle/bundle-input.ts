import type { Writable } from 'node:stream';
import type { JsonObject, JsonValue } from '../json/json-value.js';
import type { LeafHashes } from '../tree/spans.js';
import type { NoteSigner } from '../notes/note.js';

/** One entry as a journal gives it out. `leafHash`: 32 raw bytes, must be that of the envelope in `bytes`. */
export interface BundleEntry {
  readonly revision: bigint;
  readonly leafHash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** The checkpoint of this journal in the previous export of the series, with the proof that leads from it to this one. */
export interface PreviousCheckpoint {
  readonly size: bigint;
  readonly root: Uint8Array;
  /** RFC 6962 consistency proof from `size` to the size of this export's checkpoint. */
  readonly proof: readonly Uint8Array[];
}

/** A contiguous part [from, to) of one journal under a published checkpoint. Functions may be called more than once. */
export interface BundleJournal {
  /** `decisions`, `policy`, ...: the last part of the origin, and the folder in the bundle. */
  readonly kind: string;
  readonly origin: string;
  readonly from: bigint;
  readonly to: bigint;
  /** Size and root (32 bytes) of the checkpoint, which covers `to`. */
  readonly size: bigint;
  readonly root: Uint8Array;
  /** Signed note, cosignatures included. */
  readonly checkpoint: string;
  entries(): AsyncIterable<BundleEntry>;
  /** Leaf hashes of [0, from). */
  before(): LeafHashes;
  /** Leaf hashes of [to, size). */
  after(): LeafHashes;
  readonly previous?: PreviousCheckpoint;
}

/** A public key as the bundle lists it. Times are RFC 3339, UTC, milliseconds; null: still valid. */
export interface BundleKey {
  readonly vkey: string;
  readonly purpose: string;
  readonly validFrom: string;
  readonly validUntil: string | null;
}

export interface BundleQuery {
  readonly tenant: string;
  readonly [member: string]: JsonValue;
}

/** Everything an export is made from. The same input gives the same bytes. */
export interface BundleInput {
  /** Name under which exports follow one another. */
  readonly series: string;
  readonly query: BundleQuery;
  readonly generator: { readonly name: string; readonly version: string; readonly build_id: string };
  /** Where times come from, and how far off they may be: a statement, not a measurement of now. */
  readonly clock: JsonObject;
  readonly journals: readonly BundleJournal[];
  /** Rows of the read models for the same ranges: journal kind, then entry type. */
  readonly readModelCounts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Canonical text of a policy or price book by its SHA-256, for those published before the exported range. */
  policyText?(sha256: string): Promise<Uint8Array | undefined>;
  readonly keys: readonly BundleKey[];
  readonly jwks: JsonValue;
  /** Signs the manifest. */
  readonly signer: NoteSigner;
  /** SHA-256 (hex) of the manifest of the last export of the series; null for the first. */
  readonly previousManifestSha256: string | null;
  /**
   * `stored` (default) gives the same bytes on every machine for ever; `deflate` (level 6) is a quarter of the size and
   * the same only for one build of zlib. The manifest is the same for both.
   */
  readonly compression?: 'stored' | 'deflate';
}

/** Where the bundle goes. A stream needs a folder for what is gathered first: the manifest stands before what it counts. */
export type BundleTarget =
  | { readonly form: 'zip'; readonly path: string }
  | { readonly form: 'zip'; readonly stream: Writable; readonly workDirectory: string }
  | { readonly form: 'directory'; readonly path: string };

export interface WrittenBundle {
  readonly manifestSha256: string;
  /** SHA-256 (hex) of the ZIP's bytes; of a directory, that of its manifest, which names the hash of every other file. */
  readonly contentSha256: string;
  /** Bytes of the ZIP; of a directory, of all its files. */
  readonly size: number;
  /** Entries per journal kind and type. */
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Input that contradicts itself: a gap, a leaf hash that is not that of the bytes, a text that nobody can supply. */
export class BundleInputError extends Error {
  override readonly name = 'BundleInputError';
  constructor(
    readonly code: string,
    detail: string,
  ) {
    super(`${code}: ${detail}`);
  }
}
