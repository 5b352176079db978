import { canonicalBytes, canonicalText } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
import type { JsonObject, JsonValue } from '../json/json-value.js';
import { readCanonical } from '../json/strict-parser.js';
import { sha256Hex } from '../hash.js';
import type { CountsByType } from './counts.js';
import { entriesFile, isKind } from './layout.js';

export const MANIFEST_FORMAT = 'verdict.export.v1';
export const NOTE_HEADER = 'verdict-export/v1';

export interface ManifestRange {
  readonly origin: string;
  readonly from: number;
  readonly to: number;
  readonly size: number;
  /** Hex. */
  readonly root: string;
}
export interface ManifestFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly series: string;
  readonly query: JsonObject;
  readonly range: Readonly<Record<string, ManifestRange>>;
  readonly counts: JsonObject;
  readonly policy_lineage_sha256: string;
  readonly computed_context_lineage_sha256: string;
  /** SHA-256 of the `entries.ndjson` of each journal; of nothing when the journal is not exported. */
  readonly decisions_sha256: string;
  readonly approvals_sha256: string;
  readonly reservations_sha256: string;
  readonly files: readonly ManifestFile[];
  readonly clock: JsonObject;
  readonly parity: JsonObject;
  /** Hash of the manifest of the last export of the series. */
  readonly previous: string | null;
  readonly generator: JsonObject;
}

/** Canonical bytes of `manifest.json`. */
export const manifestBytes = (manifest: Manifest): Uint8Array => canonicalBytes(manifest as unknown as JsonValue);

/** The text that `manifest.note` signs: header, SHA-256 of the manifest, and its size in bytes. */
export const manifestNoteText = (manifest: Uint8Array): string =>
  `${NOTE_HEADER}\n${sha256Hex(manifest)}\n${manifest.length.toString()}\n`;

/** Content hash of a journal as the manifest names it. */
export const contentHashOf = (files: readonly ManifestFile[], kind: string): string =>
  files.find(({ path }) => path === entriesFile(kind))?.sha256 ?? sha256Hex('');

const HEX = /^[0-9a-f]{64}$/;
type Rule = (value: JsonValue) => boolean;
const isText: Rule = (value) => typeof value === 'string';
const isHash: Rule = (value) => typeof value === 'string' && HEX.test(value);
const isNatural: Rule = (value) => typeof value === 'number' && value >= 0;
const isObject: Rule = (value) => isJsonObject(value);

const RANGE_RULES = { origin: isText, from: isNatural, to: isNatural, size: isNatural, root: isHash };
const FILE_RULES = { path: isText, bytes: isNatural, sha256: isHash };
const isRange: Rule = (value) => hasExactly(value, RANGE_RULES) && isOrdered(value as unknown as ManifestRange);
const isOrdered = ({ from, to, size }: ManifestRange): boolean => from <= to && to <= size;

const MANIFEST_RULES: Readonly<Record<keyof Manifest, Rule>> = {
  format: (value) => value === MANIFEST_FORMAT,
  series: isText,
  query: (value) => isJsonObject(value) && isText(value['tenant'] ?? null),
  range: (value) =>
    isJsonObject(value) && Object.entries(value).every(([kind, range]) => isKind(kind) && isRange(range)),
  counts: isObject,
  policy_lineage_sha256: isHash,
  computed_context_lineage_sha256: isHash,
  decisions_sha256: isHash,
  approvals_sha256: isHash,
  reservations_sha256: isHash,
  files: (value) =>
    Array.isArray(value) && (value as readonly JsonValue[]).every((file) => hasExactly(file, FILE_RULES)),
  clock: isObject,
  parity: (value) => isJsonObject(value) && isCounts(value['read_model'] ?? null),
  previous: (value) => value === null || isHash(value),
  generator: isObject,
};

const isCounts = (value: JsonValue): value is CountsByType =>
  isJsonObject(value) &&
  Object.values(value).every((types) => isJsonObject(types) && Object.values(types).every(isNatural));

const hasExactly = (value: JsonValue, rules: Readonly<Record<string, Rule>>): boolean =>
  isJsonObject(value) &&
  Object.keys(value).length === Object.keys(rules).length &&
  Object.entries(rules).every(([key, rule]) => Object.hasOwn(value, key) && rule(value[key] ?? null));

/** Reads `manifest.json`; undefined unless it is canonical and has exactly the members above. */
export const parseManifest = (bytes: Uint8Array): Manifest | undefined => {
  const value = readCanonical(bytes);
  return value !== undefined && hasExactly(value, MANIFEST_RULES) ? (value as unknown as Manifest) : undefined;
};

/** Read-model numbers as the manifest states them. */
export const readModelOf = ({ parity }: Manifest): CountsByType => parity['read_model'] as CountsByType;

export const isSameJson = (left: JsonValue, right: JsonValue): boolean => canonicalText(left) === canonicalText(right);
