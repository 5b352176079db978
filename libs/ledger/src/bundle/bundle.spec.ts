import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { canonicalText } from '../json/canonical.js';
import { sha256Hex } from '../hash.js';
import { sampleInput, sampleJournals, sampleKeys } from '../testing/sample-bundle.js';
import { csvCell } from './csv.js';
import { Lineage } from './lineage.js';
import { writeBundle } from './write-bundle.js';

const keys = sampleKeys();
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verdict-write-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('writeBundle', () => {
  it.each(['stored', 'deflate'] as const)(
    'gives the same bytes for the same input, to a file and to a stream, %s',
    async (compression) => {
      const input = await sampleInput(sampleJournals(), { keys, change: { compression } });
      const [first, second] = [join(folder, `1-${compression}.zip`), join(folder, `2-${compression}.zip`)];
      const written = await writeBundle(input, { form: 'zip', path: first });
      expect(await writeBundle(input, { form: 'zip', path: second })).toEqual(written);
      const stream = new PassThrough();
      const chunks: Uint8Array[] = [];
      stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      expect(await writeBundle(input, { form: 'zip', stream, workDirectory: folder })).toEqual(written);
      const bytes = await readFile(first);
      expect([(await readFile(second)).equals(bytes), Buffer.concat(chunks).equals(bytes)]).toEqual([true, true]);
      expect(written).toMatchObject({
        contentSha256: sha256Hex(bytes),
        size: bytes.length,
        counts: { decisions: { decision_recorded: 3, hold_voided: 1 } },
      });
    },
  );

  it('has one manifest for every form and compression, with counts and parity', async () => {
    const input = await sampleInput(sampleJournals(), { keys });
    const stored = await writeBundle(input, { form: 'zip', path: join(folder, 'm.zip') });
    const deflated = await writeBundle(
      { ...input, compression: 'deflate' },
      { form: 'zip', path: join(folder, 'd.zip') },
    );
    const plain = await writeBundle(input, { form: 'directory', path: join(folder, 'plain') });
    expect([deflated.manifestSha256, plain.manifestSha256]).toEqual([stored.manifestSha256, stored.manifestSha256]);
    const manifest = JSON.parse(await readFile(join(folder, 'plain/manifest.json'), 'utf8')) as {
      counts: object;
      parity: object;
    };
    expect(manifest.counts).toMatchObject({
      decision_count: 3,
      approval_count: 1,
      reservation_count: 1,
      policy_count: 4,
    });
    expect(manifest.parity).toMatchObject({
      decision_count_journal: 3,
      decision_count_read_model: 3,
      decision_count_exported: 3,
      gaps: [],
      mismatches: [],
      parity_ok: true,
    });
  });

  it('states where the read models differ', async () => {
    const input = await sampleInput(sampleJournals(), {
      keys,
      change: {
        readModelCounts: {
          decisions: { decision_recorded: 2 },
          approvals: { approval_requested: 1 },
          reservations: { reservation_settled: 1 },
        },
      },
    });
    await writeBundle(input, { form: 'directory', path: join(folder, 'parity') });
    const { parity } = JSON.parse(await readFile(join(folder, 'parity/manifest.json'), 'utf8')) as { parity: object };
    expect(parity).toMatchObject({
      parity_ok: false,
      mismatches: [{ kind: 'decisions', type: 'decision_recorded', journal: 3, read_model: 2, exported: 3 }],
    });
  });

  it('neutralises formulas in views and keeps numbers', async () => {
    const decisions = await readFile(join(folder, 'plain/views/decisions.csv'), 'utf8');
    expect(decisions).toContain(",'-1+1,");
    expect(decisions).toContain('"module.web, ""blue"""');
    expect(await readFile(join(folder, 'plain/views/policy_changes.csv'), 'utf8')).toContain(",'=cmd|calc,");
  });

  it.each(['gap', 'leaf', 'root', 'text'])(
    'refuses input that contradicts itself, and leaves nothing behind: %s',
    async (defect) => {
      const input = await sampleInput(sampleJournals(), { keys });
      const journals = input.journals.map((journal) => {
        if (defect === 'root') return { ...journal, root: new Uint8Array(32) };
        if (defect === 'text') return journal;
        return {
          ...journal,
          async *entries() {
            for await (const entry of journal.entries()) {
              if (defect === 'gap' && entry.revision !== 1n) yield entry;
              if (defect === 'leaf') yield { ...entry, leafHash: new Uint8Array(32) };
            }
          },
        };
      });
      const chosen = defect === 'text' ? journals.filter(({ kind }) => kind !== 'policy') : journals;
      const before = await readdir(folder);
      await expect(
        writeBundle({ ...input, journals: chosen }, { form: 'zip', path: join(folder, 'bad.zip') }),
      ).rejects.toThrow(
        { gap: 'revision_gap', leaf: 'leaf_mismatch', root: 'root_mismatch', text: 'policy_text_missing' }[defect],
      );
      expect(await readdir(folder)).toEqual(before);
    },
  );
});

describe('lineage', () => {
  it('has the hash that the contract gives for its example', () => {
    const lineage = new Lineage();
    for (const [revision, letter] of [
      [0, 'a'],
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
      [4, 'b'],
    ] as const) {
      lineage.push(revision, { policy_document_sha256: letter.repeat(64) });
    }
    const counts = JSON.parse(canonicalText(lineage.policyLineage(() => 'verdict.enforcement.policy.v1'))) as {
      decision_count: number;
    }[];
    expect(counts.map(({ decision_count }) => decision_count)).toEqual([3, 2]);
  });
  it('orders the example of the contract by first revision and hashes to its value', () => {
    const lineage = new Lineage();
    for (const [revision, letter] of [
      [0, 'a'],
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
      [4, 'b'],
    ] as const) {
      lineage.push(revision, { policy_document_sha256: letter.repeat(64) });
    }
    expect(sha256Hex(canonicalText(lineage.policyLineage(() => 'verdict.enforcement.policy.v1')))).toBe(
      'ee62390d02e9f7d4824be854da34b8dc2f8b9cb0605cfd8d35acc6bd92500dec',
    );
  });
  it('groups computed contexts by their first eight members', () => {
    const lineage = new Lineage();
    lineage.push(0, { computed_context: { version: 'v1', total_days: 30, risk_score: 1 } });
    lineage.push(1, { computed_context: { version: 'v1', total_days: 30, risk_score: 2 } });
    expect(lineage.contextLineage()).toMatchObject([
      { version: 'v1', total_days: 30, first_revision: 0, last_revision: 1, decision_count: 2 },
    ]);
  });
});

describe('csvCell', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['@x', "'@x"],
    ['-x', "'-x"],
    ['\tx', "'\tx"],
    ['\rx', '"\'\rx"'],
    ['-12.5000', '-12.5000'],
    ['-1', '-1'],
    ['12.5', '12.5'],
    ['a,b', '"a,b"'],
    ['a"b', '"a""b"'],
    ['', ''],
    ['=a,b', '"\'=a,b"'],
  ])('writes %j as %j', (text, cell) => expect(csvCell(text)).toBe(cell));
});
