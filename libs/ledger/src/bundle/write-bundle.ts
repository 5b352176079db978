import { mkdir, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { canonicalBytes } from '../json/canonical.js';
import type { JsonValue } from '../json/json-value.js';
import { readCanonical } from '../json/strict-parser.js';
import { sha256Hex, toHex } from '../hash.js';
import { parseVkey } from '../notes/vkey.js';
import { signNote } from '../notes/note.js';
import { writeZip } from '../archive/zip-writer.js';
import type { WriteChunk } from '../archive/zip-writer.js';
import { BundleInputError } from './bundle-input.js';
import type { BundleInput, BundleJournal, BundleTarget, WrittenBundle } from './bundle-input.js';
import { countsMember, parityMember } from './counts.js';
import type { CountsByType } from './counts.js';
import { keyListText, parseKeyList } from './key-list.js';
import * as layout from './layout.js';
import { Lineage, schemaVersionOf } from './lineage.js';
import { MANIFEST_FORMAT, contentHashOf, manifestBytes, manifestNoteText } from './manifest.js';
import type { Manifest, ManifestFile } from './manifest.js';
import { README_TEXT } from './readme-text.js';
import { Staging } from './staging.js';
import { VIEWS, viewHeader } from './views.js';
import { putText, writeJournal } from './write-journal.js';
import type { ExportRun } from './write-journal.js';

/**
 * Writes an export bundle: everything that `verifyBundle` needs but the trusted key. Memory does not grow with the
 * number of entries; a ZIP needs as much disk again while it is written.
 *
 * @param target a ZIP file (appears whole or not at all), a ZIP stream (left open) with a work folder, or a folder, which
 *   must not exist. Work files are removed in every case.
 * @returns hashes (hex), size in bytes, counts. The same input gives the same bytes.
 * @throws BundleInputError when the input contradicts itself; nothing is left at a path then.
 * @source ledger format section 6, contract section 14.3
 */
export const writeBundle = async (input: BundleInput, target: BundleTarget): Promise<WrittenBundle> => {
  checkInput(input);
  const workDirectory = workDirectoryOf(target);
  // What a crash left beside a ZIP is ours to clear; a folder that is there is somebody's bundle.
  if ('path' in target && target.form === 'zip') await rm(workDirectory, { recursive: true, force: true });
  await mkdir(workDirectory);
  let isKept = false;
  try {
    const staging = new Staging(workDirectory, target.form === 'zip' ? (input.compression ?? 'stored') : 'stored');
    const { manifestSha256, counts, names } = await stageBundle(input, staging);
    const written = await deliver(staging, names, target);
    isKept = target.form === 'directory';
    return { manifestSha256, contentSha256: written.sha256 ?? manifestSha256, size: written.size, counts };
  } finally {
    if (!isKept) await rm(workDirectory, { recursive: true, force: true });
  }
};

const workDirectoryOf = (target: BundleTarget): string => {
  if (target.form === 'directory') return target.path;
  return 'path' in target ? `${target.path}.work` : join(target.workDirectory, 'bundle.work');
};

const checkInput = ({ journals, keys }: BundleInput): void => {
  const kinds = journals.map(({ kind }) => kind);
  if (new Set(kinds).size !== kinds.length) throw new BundleInputError('duplicate_kind', kinds.join(', '));
  for (const { kind, from, to, size } of journals) {
    if (!layout.isKind(kind)) throw new BundleInputError('kind_invalid', kind);
    if (from < 0n || from > to || to > size) throw new BundleInputError('range_invalid', kind);
  }
  const isReadable = parseKeyList(keyListText(keys))?.length === keys.length;
  if (!isReadable) throw new BundleInputError('key_invalid', 'purpose is a word, times are RFC 3339 with milliseconds');
  const bad = keys.find(({ vkey }) => parseVkey(vkey).kind === 'refused');
  if (bad !== undefined) throw new BundleInputError('key_invalid', bad.vkey);
};

interface Staged {
  readonly manifestSha256: string;
  readonly counts: CountsByType;
  /** All members in bundle order. */
  readonly names: readonly string[];
}

const stageBundle = async (input: BundleInput, staging: Staging): Promise<Staged> => {
  const run: ExportRun = { staging, lineage: new Lineage(), textsWanted: new Set() };
  const counts = await stageJournals(run, input.journals);
  await stageMissingTexts(run, input);
  const lineage = await stageLineage(run);
  await stageConstants(input, staging);
  const listed = layout.listedFiles({
    kinds: input.journals.map(({ kind }) => kind),
    kindsWithConsistency: new Set(
      input.journals.flatMap(({ kind, previous }) => (previous === undefined ? [] : [kind])),
    ),
    policyHashes: run.lineage.textsNamed(),
  });
  const files = listed.map((path) => fileOf(staging, path));
  const bytes = manifestBytes(manifestOf(input, { files, counts, ...lineage }));
  await staging.put(layout.MANIFEST, bytes);
  await staging.put(layout.MANIFEST_NOTE, await signNote({ ...input.signer, text: manifestNoteText(bytes) }));
  return { manifestSha256: sha256Hex(bytes), counts, names: [layout.MANIFEST, layout.MANIFEST_NOTE, ...listed] };
};

/** Decisions go first, so that the texts they name are known when the policy journal passes by. */
const stageJournals = async (run: ExportRun, journals: readonly BundleJournal[]): Promise<CountsByType> => {
  const counts: Record<string, Readonly<Record<string, number>>> = {};
  const isDecisions = ({ kind }: BundleJournal): boolean => kind === 'decisions';
  for (const journal of [...journals.filter(isDecisions), ...journals.filter((other) => !isDecisions(other))]) {
    counts[journal.kind] = Object.fromEntries(await writeJournal(run, journal));
    if (isDecisions(journal)) for (const sha256 of run.lineage.textsNamed()) run.textsWanted.add(sha256);
  }
  for (const view of VIEWS) {
    if (!journals.some(({ kind }) => kind === view.kind)) await run.staging.put(view.file, viewHeader(view));
  }
  return counts;
};

const stageMissingTexts = async (run: ExportRun, input: BundleInput): Promise<void> => {
  for (const sha256 of [...run.textsWanted]) {
    const text = await input.policyText?.(sha256);
    if (text === undefined) throw new BundleInputError('policy_text_missing', `nobody supplies the text ${sha256}`);
    await putText(run, sha256, text);
  }
};

interface LineageHashes {
  readonly policyLineageSha256: string;
  readonly contextLineageSha256: string;
}

const stageLineage = async ({ staging, lineage }: ExportRun): Promise<LineageHashes> => {
  const schemas = new Map<string, string>();
  for (const sha256 of lineage.textsNamed()) schemas.set(sha256, schemaVersionOf(await stagedJson(staging, sha256)));
  const policies = canonicalBytes(lineage.policyLineage((sha256) => schemas.get(sha256) ?? 'unknown'));
  const contexts = canonicalBytes(lineage.contextLineage());
  const { sha256: policyLineageSha256 } = await staging.put(layout.POLICY_LINEAGE, policies);
  const { sha256: contextLineageSha256 } = await staging.put(layout.CONTEXT_LINEAGE, contexts);
  return { policyLineageSha256, contextLineageSha256 };
};

/** A staged policy text, read back through the packing that it may have. */
const stagedJson = async (staging: Staging, sha256: string): Promise<JsonValue | undefined> =>
  readCanonical(await staging.plain(layout.policyFile(sha256)));

const stageConstants = async (input: BundleInput, staging: Staging): Promise<void> => {
  await staging.put(layout.README, README_TEXT);
  await staging.put(layout.VKEYS, keyListText(input.keys));
  await staging.put(layout.JWKS, canonicalBytes(input.jwks));
};

const fileOf = (staging: Staging, path: string): ManifestFile => {
  const { bytes, sha256 } = staging.member(path);
  return { path, bytes, sha256 };
};

interface ManifestParts extends LineageHashes {
  readonly files: readonly ManifestFile[];
  readonly counts: CountsByType;
}

const manifestOf = (input: BundleInput, { files, counts, ...lineage }: ManifestParts): Manifest => ({
  format: MANIFEST_FORMAT,
  series: input.series,
  query: input.query,
  range: Object.fromEntries(input.journals.map((journal) => [journal.kind, rangeOf(journal)])),
  counts: countsMember(counts, viewRowsOf(counts)),
  policy_lineage_sha256: lineage.policyLineageSha256,
  computed_context_lineage_sha256: lineage.contextLineageSha256,
  decisions_sha256: contentHashOf(files, 'decisions'),
  approvals_sha256: contentHashOf(files, 'approvals'),
  reservations_sha256: contentHashOf(files, 'reservations'),
  files,
  clock: input.clock,
  // A view is written entry by entry beside its journal, so both have the same counts; the verifier counts them apart.
  parity: parityMember({ journals: counts, exported: counts, readModel: input.readModelCounts }),
  previous: input.previousManifestSha256,
  generator: input.generator,
});

const rangeOf = ({ origin, from, to, size, root }: BundleJournal): Manifest['range'][string] => ({
  origin,
  from: Number(from),
  to: Number(to),
  size: Number(size),
  root: toHex(root),
});

const viewRowsOf = (counts: CountsByType): Readonly<Record<string, number>> =>
  Object.fromEntries(
    VIEWS.map(({ file, kind }) => [file, Object.values(counts[kind] ?? {}).reduce((sum, count) => sum + count, 0)]),
  );

const deliver = async (
  staging: Staging,
  names: readonly string[],
  target: BundleTarget,
): Promise<{ readonly sha256?: string; readonly size: number }> => {
  const members = names.map((name) => staging.member(name));
  if (target.form === 'directory') return { size: members.reduce((sum, { bytes }) => sum + bytes, 0) };
  if (!('path' in target)) return writeZip(members, streamSink(target.stream));
  const partial = `${target.path}.partial`;
  const file = await open(partial, 'w');
  try {
    const written = await writeZip(members, fileSink(file));
    await file.sync();
    await file.close();
    await rename(partial, target.path);
    return written;
  } catch (error) {
    await file.close();
    await rm(partial, { force: true });
    throw error;
  }
};

const fileSink =
  (file: FileHandle): WriteChunk =>
  async (chunk) => {
    for (let done = 0; done < chunk.length;) done += (await file.write(chunk, done)).bytesWritten;
  };

const streamSink =
  (stream: Writable): WriteChunk =>
  async (chunk) => {
    if (!stream.write(chunk)) await once(stream, 'drain');
  };
