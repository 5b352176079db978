import { ArchiveDefect, readWhole } from '../archive/archive.js';
import type { Archive } from '../archive/archive.js';
import { openArchive } from '../archive/open-archive.js';
import { decodeUtf8, readCanonical } from '../json/strict-parser.js';
import { isEqualBytes, sha256Hex, toHex } from '../hash.js';
import { parseVkey } from '../notes/vkey.js';
import { RangeVerifier } from '../tree/verify-proofs.js';
import * as layout from '../bundle/layout.js';
import { parseKeyList } from '../bundle/key-list.js';
import { Lineage } from '../bundle/lineage.js';
import { parseManifest } from '../bundle/manifest.js';
import type { Manifest, ManifestRange } from '../bundle/manifest.js';
import { parseConsistencyFile, parseRangeProof } from '../bundle/proof-files.js';
import { CauseChecker } from './check-causes.js';
import { checkCounts, checkDerived } from './check-derived.js';
import { checkFileHashes, checkMembers } from './check-files.js';
import { PreviousUnusable, checkHistory, loadHistory } from './check-history.js';
import type { History, Previous } from './check-history.js';
import { checkCheckpoint, checkManifestNote, checkValidity } from './check-signatures.js';
import type { Signed, Trust } from './check-signatures.js';
import { foldRules } from './fold.js';
import { JournalPass } from './journal-pass.js';
import type { JournalTotals, VerifyRun } from './journal-pass.js';
import { CHECK_NUMBERS, Findings } from './report.js';
import type { CheckNumber, Report } from './report.js';

export interface VerifyOptions {
  /** C2SP verifier keys of the log, obtained by another way than the bundle. At least one. */
  readonly trust: readonly string[];
  /** C2SP verifier keys of witnesses (cosignature/v1). */
  readonly witnesses?: readonly string[];
  /** How many of the witnesses must have cosigned every checkpoint; 0 unless set. */
  readonly quorum?: number;
  readonly previous?: Previous;
}

const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;
const SMALL_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Verifies an export bundle offline: checks 1 to 14 and 16 of ledger format section 7. Check 15 needs the services'
 * rules and is made elsewhere.
 *
 * @param path a ZIP file or a folder. Nothing is written, and memory does not grow with the number of entries.
 * @returns `cannot_check` when there is nothing to read, no usable key, or unusable evidence of the past; otherwise
 *   `intact` or `not_intact` with the evidence of every check.
 */
export const verifyBundle = async (path: string, options: VerifyOptions): Promise<Report> => {
  const keys = [...options.trust, ...(options.witnesses ?? [])];
  const bad = keys.find((vkey) => parseVkey(vkey).kind === 'refused');
  if (options.trust.length === 0) return cannotCheck('no key to trust was given');
  if (bad !== undefined) return cannotCheck(`not a verifier key: ${bad}`);
  const trust: Trust = { keys: options.trust, witnesses: options.witnesses ?? [], quorum: options.quorum ?? 0 };
  const findings = new Findings();
  try {
    const history = await loadHistoryOf(options);
    await withArchive(path, findings, (archive) => verifyArchive(archive, { trust, history, findings }));
  } catch (error) {
    if (error instanceof PreviousUnusable) return cannotCheck(error.message);
    if (isFileSystemError(error)) return cannotCheck(error.message);
    throw error;
  }
  return findings.report();
};

const cannotCheck = (problem: string): Report => ({ result: 'cannot_check', checks: [], problem });

const isFileSystemError = (error: unknown): error is { readonly message: string } =>
  typeof error === 'object' && error !== null && 'syscall' in error && 'message' in error;

const loadHistoryOf = async ({ previous, trust }: VerifyOptions): Promise<History> => {
  try {
    return await loadHistory(previous, trust);
  } catch (error) {
    if (error instanceof ArchiveDefect) throw new PreviousUnusable(`the previous bundle is damaged: ${error.message}`);
    throw error;
  }
};

const withArchive = async (
  path: string,
  findings: Findings,
  use: (archive: Archive) => Promise<void>,
): Promise<void> => {
  let archive: Archive | undefined;
  try {
    archive = await openArchive(path);
    await use(archive);
  } catch (error) {
    if (!(error instanceof ArchiveDefect)) throw error;
    findings.fail(1, { file: error.place, detail: error.message });
    skipRest(findings, 2);
  } finally {
    await archive?.close();
  }
};

/** What cannot be reached is said to be so, never to have passed. */
const skipRest = (findings: Findings, from: CheckNumber): void => {
  for (const number of CHECK_NUMBERS.filter((check) => check >= from)) findings.skip(number, 'not reached');
};

interface Verification {
  readonly trust: Trust;
  readonly history: History;
  readonly findings: Findings;
}

const verifyArchive = async (archive: Archive, verification: Verification): Promise<void> => {
  const { trust, findings } = verification;
  const bytes = await readWhole(archive, layout.MANIFEST, MANIFEST_BYTES_MAX);
  const note = await readWhole(archive, layout.MANIFEST_NOTE, SMALL_BYTES_MAX);
  const signed = checkManifestNote(bytes, note, { trust, findings });
  const manifest = parseManifest(bytes);
  if (manifest === undefined) {
    findings.fail(2, { file: layout.MANIFEST, detail: 'not a canonical manifest of format verdict.export.v1' });
    skipRest(findings, 4);
    return;
  }
  checkMembers(archive, manifest, findings);
  await checkFileHashes(archive, manifest, findings);
  if (isMemberMissing(archive, manifest)) {
    skipRest(findings, 4);
    return;
  }
  await verifyContent(archive, manifest, { ...verification, signed });
};

/** Without a member that others are compared with, the rest would only repeat that it is missing. */
const isMemberMissing = (archive: Archive, { range }: Manifest): boolean => {
  const present = new Set(archive.members.map(({ name }) => name));
  const needed = layout.listedFiles({ kinds: Object.keys(range), kindsWithConsistency: new Set(), policyHashes: [] });
  return needed.some((name) => !present.has(name));
};

const verifyContent = async (
  archive: Archive,
  manifest: Manifest,
  { trust, history, findings, signed }: Verification & { readonly signed: Signed },
): Promise<void> => {
  const run: VerifyRun = {
    archive,
    manifest,
    findings,
    lineage: new Lineage(),
    causes: new CauseChecker(archive, manifest, findings),
    newest: '',
  };
  const signatures: Signed[] = [signed];
  const entries: Record<string, Readonly<Record<string, number>>> = {};
  const rows: Record<string, Readonly<Record<string, number>>> = {};
  for (const [kind, range] of Object.entries(manifest.range)) {
    const journal = await tolerant(run, 4, () => verifyJournal(run, { kind, range, trust, history }));
    if (journal === undefined) continue;
    signatures.push(journal.signed);
    entries[kind] = Object.fromEntries(journal.totals.entries);
    rows[kind] = Object.fromEntries(journal.totals.rows);
  }
  await checkSeries(run, history);
  checkCounts(run, { entries, rows });
  await tolerant(run, 10, () => checkDerived(run));
  await tolerant(run, 3, () => checkKeys(run, signatures));
  if (hasUnsoundEntries(findings)) {
    for (const check of [12, 13, 14] as const) findings.skip(check, 'not reached: the entries are not sound');
    return;
  }
  await tolerant(run, 12, () => run.causes.resolve());
  run.causes.note();
  await tolerant(run, 14, () => foldRules(archive, manifest, findings));
};

const hasUnsoundEntries = (findings: Findings): boolean =>
  ([1, 4, 5] as const).some((check) => findings.hasFailed(check));

/** A member that breaks while it is read fails check 1, and the check that read it is incomplete; the others go on. */
const tolerant = async <Value>(
  run: VerifyRun,
  check: CheckNumber,
  work: () => Promise<Value>,
): Promise<Value | undefined> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ArchiveDefect)) throw error;
    run.findings.fail(1, { file: error.place, detail: error.message });
    run.findings.skip(check, `not finished: ${error.message}`, error.place);
    return undefined;
  }
};

interface JournalInput {
  readonly kind: string;
  readonly range: ManifestRange;
  readonly trust: Trust;
  readonly history: History;
}

const verifyJournal = async (
  run: VerifyRun,
  { kind, range, trust, history }: JournalInput,
): Promise<{ readonly totals: JournalTotals; readonly signed: Signed }> => {
  const { archive, findings } = run;
  const note = await readWhole(archive, layout.checkpointFile(kind), SMALL_BYTES_MAX);
  const { checkpoint, signed } = checkCheckpoint({ kind, range, note }, trust, findings);
  const verifier = await openRange(run, kind, range);
  const head = history.heads.get(range.origin);
  const totals = await new JournalPass(run, kind, range).check(verifier, head?.size);
  checkRoot(run, kind, { verifier, expected: checkpoint?.root });
  if (checkpoint !== undefined) {
    const proof = await readConsistency(run, kind, range.origin);
    checkHistory({ kind, head, checkpoint, proof, earlierRoot: totals.earlierRoot }, findings);
  }
  return { totals, signed: { ...signed, newest: totals.newest } };
};

const openRange = async (
  { archive, findings }: VerifyRun,
  kind: string,
  range: ManifestRange,
): Promise<RangeVerifier | undefined> => {
  const file = layout.rangeProofFile(kind);
  const proof = parseRangeProof(range.origin, await readWhole(archive, file, SMALL_BYTES_MAX));
  const isOfRange =
    proof !== undefined && [proof.from, proof.to, proof.size].join() === [range.from, range.to, range.size].join();
  if (isOfRange) return new RangeVerifier(proof);
  findings.fail(6, { file, detail: 'not a range proof for the range in the manifest' });
  return undefined;
};

/** Check 6. */
const checkRoot = (
  { findings }: VerifyRun,
  kind: string,
  { verifier, expected }: { readonly verifier: RangeVerifier | undefined; readonly expected: Uint8Array | undefined },
): void => {
  const root = verifier?.root();
  if (verifier === undefined) return; // Said already.
  const isEqual = root !== undefined && expected !== undefined && isEqualBytes(root, expected);
  const file = layout.rangeProofFile(kind);
  const found = root === undefined ? 'no root: numbers of leaves and hashes do not fit' : toHex(root);
  if (isEqual) findings.note(6, { file, found, detail: 'root' });
  else
    findings.fail(6, {
      file,
      expected: expected === undefined ? 'no checkpoint' : toHex(expected),
      found,
      detail: 'root',
    });
};

const readConsistency = async ({ archive }: VerifyRun, kind: string, origin: string) => {
  const file = layout.consistencyProofFile(kind);
  if (!archive.members.some(({ name }) => name === file)) return undefined;
  return parseConsistencyFile(origin, await readWhole(archive, file, SMALL_BYTES_MAX)) ?? 'malformed';
};

/** Check 8, the series as a whole. */
const checkSeries = async (
  { archive, manifest, findings }: VerifyRun,
  { heads, manifestSha256 }: History,
): Promise<void> => {
  const own = sha256Hex(await readWhole(archive, layout.MANIFEST, MANIFEST_BYTES_MAX));
  const hasProof = archive.members.some(({ name }) => name.endsWith('/consistency.proof'));
  if (heads.size === 0 && !hasProof) findings.skip(8, 'no earlier checkpoint was given, and none is named');
  // A bundle compared with a copy of itself is no fork: nothing was added between the two exports.
  if (manifestSha256 !== undefined && manifestSha256 !== own && manifest.previous !== manifestSha256) {
    const found = manifest.previous ?? 'null';
    findings.fail(8, { file: layout.MANIFEST, expected: manifestSha256, found, detail: 'previous is another bundle' });
  }
};

/** Check 3 and 7: validity of keys, and a key set that can be read. */
const checkKeys = async (run: VerifyRun, signatures: readonly Signed[]): Promise<void> => {
  const { archive, findings, newest } = run;
  const listed = parseKeyList(decodeUtf8(await readWhole(archive, layout.VKEYS, SMALL_BYTES_MAX)) ?? 'not UTF-8');
  checkValidity(listed, signatures, { newest, findings });
  if (readCanonical(await readWhole(archive, layout.JWKS, SMALL_BYTES_MAX)) === undefined) {
    findings.fail(3, { file: layout.JWKS, detail: 'not canonical JSON' });
  }
};
