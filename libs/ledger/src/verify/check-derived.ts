import { readWhole } from '../archive/archive.js';
import { isJsonObject } from '../json/json-value.js';
import type { JsonValue } from '../json/json-value.js';
import { canonicalBytes } from '../json/canonical.js';
import { readCanonical } from '../json/strict-parser.js';
import { sha256Hex } from '../hash.js';
import { countsMember, parityMember } from '../bundle/counts.js';
import type { CountsByType } from '../bundle/counts.js';
import * as layout from '../bundle/layout.js';
import { schemaVersionOf } from '../bundle/lineage.js';
import { contentHashOf, isSameJson, readModelOf } from '../bundle/manifest.js';
import { VIEWS, viewHeader } from '../bundle/views.js';
import type { VerifyRun } from './journal-pass.js';
import { asWritten, FileComparer } from './view-comparer.js';

/** A policy or price book text is one entry's payload at most. */
const TEXT_BYTES_MAX = 512 * 1024;

export interface Totals {
  readonly entries: CountsByType;
  readonly rows: CountsByType;
}

/** Check 9: the manifest's counts and parity are what the entries, the views and the stated read models give. */
export const checkCounts = ({ manifest, findings }: VerifyRun, totals: Totals): void => {
  const fail = (detail: string): void => {
    findings.fail(9, { file: layout.MANIFEST, detail });
  };
  const viewRows = Object.fromEntries(VIEWS.map(({ file, kind }) => [file, sumOf(totals.rows[kind])]));
  if (!isSameJson(manifest.counts, countsMember(totals.entries, viewRows))) fail('counts are not those of the bundle');
  const readModel = readModelOf(manifest);
  const parity = parityMember({ journals: totals.entries, exported: totals.rows, readModel });
  if (!isSameJson(manifest.parity, parity)) fail('parity is not what the counts give');
  if (parity['parity_ok'] !== true) fail('journal, views and read models differ in number');
  for (const kind of ['decisions', 'approvals', 'reservations'] as const) {
    if (manifest[`${kind}_sha256`] !== contentHashOf(manifest.files, kind))
      fail(`${kind}_sha256 is not that of its journal`);
  }
  const entries = Object.values(totals.entries).reduce((sum, types) => sum + sumOf(types), 0);
  findings.note(9, { file: layout.MANIFEST, detail: `${entries.toString()} entries counted` });
};

const sumOf = (counts: Readonly<Record<string, number>> | undefined): number =>
  Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0);

/** Check 10, beside the rows of the journals: views of journals that are not here are empty, and the lineage is that of the decisions. */
export const checkDerived = async (run: VerifyRun): Promise<void> => {
  const { archive, manifest, findings } = run;
  for (const view of VIEWS.filter(({ kind }) => manifest.range[kind] === undefined)) {
    const comparer = new FileComparer(archive, view.file);
    const isHeader = await comparer.matches(viewHeader(await asWritten(view, comparer)));
    if (!(await comparer.isAtEnd()) || !isHeader) findings.fail(10, { file: view.file, detail: 'not an empty view' });
  }
  const schemas = await checkTexts(run);
  const policies = run.lineage.policyLineage((sha256) => schemas.get(sha256) ?? 'unknown');
  await checkLineage(run, layout.POLICY_LINEAGE, { value: policies, stated: manifest.policy_lineage_sha256 });
  const contexts = run.lineage.contextLineage();
  await checkLineage(run, layout.CONTEXT_LINEAGE, {
    value: contexts,
    stated: manifest.computed_context_lineage_sha256,
  });
};

const checkLineage = async (
  { archive, findings }: VerifyRun,
  file: string,
  { value, stated }: { readonly value: JsonValue; readonly stated: string },
): Promise<void> => {
  const expected = canonicalBytes(value);
  const comparer = new FileComparer(archive, file);
  const isEqual = await comparer.matches(Buffer.from(expected).toString('utf8'));
  if (!(await comparer.isAtEnd()) || !isEqual)
    findings.fail(10, { file, detail: 'differs from the lineage of the decisions' });
  if (sha256Hex(expected) !== stated) {
    findings.fail(10, {
      file: layout.MANIFEST,
      expected: sha256Hex(expected),
      found: stated,
      detail: `hash of ${file}`,
    });
  }
};

/** Check 11: every text named is there, has that hash, and no other is. Gives the schema each states, by hash. */
const checkTexts = async ({ archive, lineage, findings }: VerifyRun): Promise<ReadonlyMap<string, string>> => {
  const schemas = new Map<string, string>();
  const named = new Set(lineage.textsNamed());
  const present = archive.members.flatMap(({ name }) => layout.policyHashOf(name) ?? []);
  for (const sha256 of present) {
    const file = layout.policyFile(sha256);
    const bytes = await readWhole(archive, file, TEXT_BYTES_MAX);
    const text = readCanonical(bytes);
    const found = sha256Hex(bytes);
    if (found !== sha256)
      findings.fail(11, { file, expected: sha256, found, detail: 'the text has another hash than its name' });
    if (!isJsonObject(text)) findings.fail(11, { file, detail: 'not a canonical JSON object' });
    if (!named.has(sha256)) findings.fail(11, { file, detail: 'no decision names it' });
    schemas.set(sha256, schemaVersionOf(text));
  }
  for (const sha256 of named) {
    if (!schemas.has(sha256))
      findings.fail(11, { file: layout.policyFile(sha256), detail: 'named by a decision, but missing' });
  }
  findings.note(11, { file: layout.MANIFEST, detail: `${named.size.toString()} texts named` });
  return schemas;
};
