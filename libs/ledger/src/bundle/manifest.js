import { canonicalBytes, canonicalText } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
import { readCanonical } from '../json/strict-parser.js';
import { sha256Hex } from '../hash.js';
import { entriesFile, isKind } from './layout.js';
export const MANIFEST_FORMAT = 'verdict.export.v1';
export const NOTE_HEADER = 'verdict-export/v1';
/** Canonical bytes of `manifest.json`. */
export const manifestBytes = (manifest) => canonicalBytes(manifest);
/** The text that `manifest.note` signs: header, SHA-256 of the manifest, and its size in bytes. */
export const manifestNoteText = (manifest) => `${NOTE_HEADER}\n${sha256Hex(manifest)}\n${manifest.length.toString()}\n`;
/** Content hash of a journal as the manifest names it. */
export const contentHashOf = (files, kind) => files.find(({ path }) => path === entriesFile(kind))?.sha256 ?? sha256Hex('');
const HEX = /^[0-9a-f]{64}$/;
const isText = (value) => typeof value === 'string';
const isHash = (value) => typeof value === 'string' && HEX.test(value);
const isNatural = (value) => typeof value === 'number' && value >= 0;
const isObject = (value) => isJsonObject(value);
const RANGE_RULES = { origin: isText, from: isNatural, to: isNatural, size: isNatural, root: isHash };
const FILE_RULES = { path: isText, bytes: isNatural, sha256: isHash };
const isRange = (value) => hasExactly(value, RANGE_RULES) && isOrdered(value);
const isOrdered = ({ from, to, size }) => from <= to && to <= size;
const MANIFEST_RULES = {
    format: (value) => value === MANIFEST_FORMAT,
    series: isText,
    query: (value) => isJsonObject(value) && isText(value['tenant'] ?? null),
    range: (value) => isJsonObject(value) && Object.entries(value).every(([kind, range]) => isKind(kind) && isRange(range)),
    counts: isObject,
    policy_lineage_sha256: isHash,
    computed_context_lineage_sha256: isHash,
    decisions_sha256: isHash,
    approvals_sha256: isHash,
    reservations_sha256: isHash,
    files: (value) => Array.isArray(value) && value.every((file) => hasExactly(file, FILE_RULES)),
    clock: isObject,
    parity: (value) => isJsonObject(value) && isCounts(value['read_model'] ?? null),
    previous: (value) => value === null || isHash(value),
    generator: isObject,
};
const isCounts = (value) => isJsonObject(value) &&
    Object.values(value).every((types) => isJsonObject(types) && Object.values(types).every(isNatural));
const hasExactly = (value, rules) => isJsonObject(value) &&
    Object.keys(value).length === Object.keys(rules).length &&
    Object.entries(rules).every(([key, rule]) => Object.hasOwn(value, key) && rule(value[key] ?? null));
/** Reads `manifest.json`; undefined unless it is canonical and has exactly the members above. */
export const parseManifest = (bytes) => {
    const value = readCanonical(bytes);
    return value !== undefined && hasExactly(value, MANIFEST_RULES) ? value : undefined;
};
/** Read-model numbers as the manifest states them. */
export const readModelOf = ({ parity }) => parity['read_model'];
export const isSameJson = (left, right) => canonicalText(left) === canonicalText(right);
//# sourceMappingURL=manifest.js.map