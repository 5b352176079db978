import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { BundleInput } from '../bundle/bundle-input.js';
import { manifestNoteText } from '../bundle/manifest.js';
import { writeBundle } from '../bundle/write-bundle.js';
import { canonicalBytes } from '../json/canonical.js';
import { sha256Hex } from '../hash.js';
import { signNote } from '../notes/note.js';
import { POLICY, PRICE_BOOK, originOf, sampleInput, sampleJournals, sampleKeys } from '../testing/sample-bundle.js';
import type { Report } from './report.js';
import { textReport } from './text-report.js';
import { verifyBundle } from './verify-bundle.js';

const keys = sampleKeys();
const thief = sampleKeys();
let folder = '';
let sound = '';
let zip: Buffer = Buffer.alloc(0);
let serial = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verdict-tamper-'));
  sound = join(folder, 'sound');
  const input = await sampleInput(sampleJournals(), { keys, previousSize: 2 });
  await writeBundle(input, { form: 'directory', path: sound });
  await writeBundle(input, { form: 'zip', path: join(folder, 'sound.zip') });
  zip = await readFile(join(folder, 'sound.zip'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const verify = (path: string): Promise<Report> => verifyBundle(path, { trust: [keys.vkey] });
const failedOf = ({ checks }: Report): readonly number[] =>
  checks.filter(({ status }) => status === 'failed').map(({ number }) => number);

/** A copy of the sound folder after `attack`. */
const attacked = async (attack: (path: string) => Promise<void>): Promise<string> => {
  serial += 1;
  const path = join(folder, `attacked-${serial.toString()}`);
  await cp(sound, path, { recursive: true });
  await attack(path);
  return path;
};

interface FileRow {
  path: string;
  bytes: number;
  sha256: string;
}

/** The strongest attacker without the checkpoint key: makes all hashes of the manifest fit again and signs it. */
const resign = async (path: string, signer = keys): Promise<void> => {
  const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as { files: FileRow[] };
  for (const file of manifest.files) {
    const bytes = await readFile(join(path, file.path));
    file.bytes = bytes.length;
    file.sha256 = sha256Hex(bytes);
    const kind = /^journals\/(decisions|approvals|reservations)\/entries/.exec(file.path)?.[1];
    if (kind !== undefined) Object.assign(manifest, { [`${kind}_sha256`]: file.sha256 });
  }
  const bytes = canonicalBytes(manifest as never);
  await writeFile(join(path, 'manifest.json'), bytes);
  const note = await signNote({ name: 'ledger.example', privateKey: signer.privateKey, text: manifestNoteText(bytes) });
  await writeFile(join(path, 'manifest.note'), note);
};

const editLines =
  (kind: string, edit: (lines: string[]) => string[]) =>
  async (path: string): Promise<void> => {
    const file = join(path, `journals/${kind}/entries.ndjson`);
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    await writeFile(file, `${edit(lines).join('\n')}\n`);
  };

describe('a tampered bundle', () => {
  it('is intact before anything is done to it, in both forms', async () => {
    for (const path of [sound, join(folder, 'sound.zip')]) {
      const report = await verify(path);
      if (report.result !== 'intact') throw new Error(textReport(report));
      expect(report.checks.every(({ status }) => status === 'passed')).toBe(true);
    }
  });

  it.each<[string, (lines: string[]) => string[], readonly number[], bigint | undefined]>([
    [
      'an edited payload',
      (lines) => lines.map((line, at) => (at === 2 ? line.replace('vera', 'mole') : line)),
      [4],
      2n,
    ],
    [
      'an edited envelope',
      (lines) => lines.map((line, at) => (at === 2 ? line.replace('"id":"gate"', '"id":"mole"') : line)),
      [6],
      undefined,
    ],
    ['a dropped entry', (lines) => lines.toSpliced(2, 1), [5, 6], 2n],
    ['a doubled entry', (lines) => lines.toSpliced(2, 0, lines[2] ?? ''), [5, 6], 3n],
    ['swapped entries', (lines) => lines.with(2, lines[3] ?? '').with(3, lines[2] ?? ''), [5, 6], 2n],
    ['a truncated journal', (lines) => lines.slice(0, -1), [5, 6], 6n],
    [
      'an inserted forgery',
      (lines) => lines.toSpliced(2, 0, (lines[2] ?? '').replace('"vera"', '"mole"')),
      [4, 5, 6],
      2n,
    ],
    ['a line without its entry', (lines) => lines.with(2, ''), [4, 6], 2n],
  ])('%s is found although the manifest was made to fit and signed again', async (_name, edit, checks, revision) => {
    const path = await attacked(async (at) => {
      await editLines('approvals', edit)(at);
      await resign(at);
    });
    const report = await verify(path);
    expect(report.result).toBe('not_intact');
    expect(failedOf(report)).toEqual(expect.arrayContaining([...checks]));
    const places = report.checks.filter(({ status }) => status === 'failed').flatMap(({ evidence }) => evidence);
    expect(places.some(({ file }) => file.startsWith('journals/approvals/'))).toBe(true);
    if (revision !== undefined) expect(places.some((place) => place.revision === revision)).toBe(true);
  });

  it('is intact with the columns that release 0.1.0 wrote, and not with any others', async () => {
    const ENVELOPE_COLUMNS = 5;
    const cells = /(?:"(?:[^"]|"")*"|[^,"]*)(?:,|$)/g;
    const withColumns = async (counts: Readonly<Record<string, number>>) => {
      const path = await attacked(async (at) => {
        for (const [view, count] of Object.entries(counts)) {
          const file = join(at, `views/${view}.csv`);
          const rows = (await readFile(file, 'utf8')).split('\r\n').slice(0, -1);
          const shorter = rows.map((row) => {
            const all = (row.match(cells) ?? []).slice(0, -1);
            return [...all.slice(0, ENVELOPE_COLUMNS + count), all.at(-1)].join('');
          });
          await writeFile(file, `${shorter.join('\r\n')}\r\n`);
        }
        await resign(at);
      });
      return failedOf(await verify(path));
    };
    expect(await withColumns({ decisions: 31, approvals: 21, reservations: 17, policy_changes: 16 })).toEqual([]);
    expect(await withColumns({ approvals: 20 })).toContain(10);
  });

  it.each<[string, string, (text: string) => string, readonly number[]]>([
    ['a changed view', 'views/approvals.csv', (text) => text.replace('vera', 'mole'), [9, 10]],
    ['a view with a row more', 'views/decisions.csv', (text) => `${text}9,decision_recorded\r\n`, [10]],
    [
      'a view of less rows',
      'views/policy_changes.csv',
      (text) => text.split('\r\n').slice(0, -2).join('\r\n'),
      [9, 10],
    ],
    [
      'a changed lineage',
      'lineage/policy_lineage.json',
      (text) => text.replace('"decision_count":3', '"decision_count":4'),
      [10],
    ],
    ['a changed key list', 'keys/vkeys.txt', (text) => text.replace('export', 'Export'), [3]],
    ['a retired key', 'keys/vkeys.txt', (text) => text.replace(' - ', ' 2026-11-05T10:00:01.000Z '), [3, 7]],
    ['another checkpoint size', 'journals/policy/checkpoint', (text) => text.replace('\n4\n', '\n5\n'), [7, 8]],
    ['an emptied range proof', 'journals/policy/range.proof', (text) => text.replace('"to":4', '"to":3'), [6]],
    [
      'a changed consistency proof',
      'journals/policy/consistency.proof',
      (text) => text.replace('"from_size":2', '"from_size":1'),
      [8],
    ],
  ])('%s is found although the manifest was made to fit and signed again', async (_name, file, edit, checks) => {
    const path = await attacked(async (at) => {
      const text = await readFile(join(at, file), 'utf8');
      expect(edit(text)).not.toBe(text);
      await writeFile(join(at, file), edit(text));
      await resign(at);
    });
    const report = await verify(path);
    expect(failedOf(report)).toEqual(checks);
  });

  it('is found when a file changes, and the file is named', async () => {
    const report = await verify(await attacked((path) => writeFile(join(path, 'README.txt'), 'trust me')));
    expect([failedOf(report), report.firstBad]).toEqual([[2], { file: 'README.txt' }]);
  });

  it('names the entry when a byte of a journal flips and nothing else is touched', async () => {
    const report = await verify(
      await attacked(editLines('approvals', (lines) => lines.with(3, (lines[3] ?? '').replace('victor', 'Victor')))),
    );
    expect(report.firstBad).toEqual({ file: 'journals/approvals/entries.ndjson', revision: 3n });
  });

  it('is found when the manifest changes or another key signs it', async () => {
    const edited = await attacked(async (path) => {
      const text = await readFile(join(path, 'manifest.json'), 'utf8');
      await writeFile(join(path, 'manifest.json'), text.replace('"series":"daily"', '"series":"dairy"'));
    });
    expect(failedOf(await verify(edited))).toEqual([3]);
    expect(failedOf(await verify(await attacked((path) => resign(path, thief))))).toEqual([3]);
  });

  it('is found when counts lie', async () => {
    const path = await attacked(async (at) => {
      const text = await readFile(join(at, 'manifest.json'), 'utf8');
      await writeFile(join(at, 'manifest.json'), text.replace('"decision_count":3', '"decision_count":2'));
      await resign(at);
    });
    expect(failedOf(await verify(path))).toEqual([9]);
  });

  it('is found when a member is added, missing, a link or an empty folder', async () => {
    const attacks: readonly ((path: string) => Promise<unknown>)[] = [
      (path) => writeFile(join(path, 'extra.txt'), ''),
      (path) => writeFile(join(path, 'policies', `${'0'.repeat(64)}.json`), '{}'),
      (path) => writeFile(join(path, '.hidden'), ''),
      (path) => mkdir(join(path, 'empty')),
      (path) => symlink('/etc/passwd', join(path, 'views/link.csv')),
      (path) => rm(join(path, 'views/decisions.csv')),
      (path) => rm(join(path, 'manifest.note')),
    ];
    for (const attack of attacks) {
      const report = await verify(
        await attacked(async (path) => {
          await attack(path);
        }),
      );
      expect([report.result, failedOf(report)[0]]).toEqual(['not_intact', 1]);
    }
  });

  it('cannot be checked without a key, with a bad key, or when it is not there', async () => {
    expect((await verifyBundle(sound, { trust: [] })).result).toBe('cannot_check');
    expect((await verifyBundle(sound, { trust: ['nonsense'] })).result).toBe('cannot_check');
    expect((await verify(join(folder, 'nowhere'))).result).toBe('cannot_check');
    expect((await verifyBundle(sound, { trust: [keys.vkey], previous: { checkpoints: ['nonsense'] } })).result).toBe(
      'cannot_check',
    );
  });

  it('is detected after a flip of any bit of any member, or of the archive itself', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(zip.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(zip);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const path = join(folder, 'flipped.zip');
        await writeFile(path, changed);
        const report = await verify(path);
        expect(report.result).toBe('not_intact');
        expect(report.firstBad).toBeDefined();
      }),
      { numRuns: 150 },
    );
  });

  it('is detected after a flip of any bit of any file of the folder form', async () => {
    const { files } = JSON.parse(await readFile(join(sound, 'manifest.json'), 'utf8')) as { files: FileRow[] };
    const names = ['manifest.json', 'manifest.note', ...files.map(({ path }) => path)];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(), async (name, place) => {
        const bytes = await readFile(join(sound, name));
        const changed = Buffer.from(bytes);
        const at = place % bytes.length;
        changed[at] = (changed[at] ?? 0) ^ (1 << (place & 7));
        await writeFile(join(sound, name), changed);
        const report = await verify(sound);
        await writeFile(join(sound, name), bytes);
        expect(report.result).toBe('not_intact');
        const named = report.checks
          .flatMap(({ status, evidence }) => (status === 'failed' ? evidence : []))
          .map(({ file }) => file);
        expect(
          named.some((file) => file === name || (name.startsWith('manifest.') && file.startsWith('manifest.'))),
        ).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

/** Texts published before the window come from elsewhere. */
const policyText = (sha256: string): Promise<Uint8Array | undefined> =>
  Promise.resolve([POLICY, PRICE_BOOK].map(canonicalBytes).find((text) => sha256Hex(text) === sha256));

describe('the past of a bundle', () => {
  const write = async (
    change: Partial<BundleInput>,
    sizes: { from?: number; to?: number; previousSize?: number },
  ): Promise<string> => {
    serial += 1;
    const path = join(folder, `series-${serial.toString()}.zip`);
    await writeBundle(await sampleInput(sampleJournals(), { keys, change, ...sizes }), { form: 'zip', path });
    return path;
  };

  it('is continued by the next bundle of the series, and by no bundle that names another', async () => {
    const first = await write({}, {});
    const firstManifest = (
      await writeBundle(await sampleInput(sampleJournals(), { keys }), {
        form: 'directory',
        path: join(folder, 'first'),
      })
    ).manifestSha256;
    const second = await write({ previousManifestSha256: firstManifest }, {});
    expect(failedOf(await verifyBundle(second, { trust: [keys.vkey], previous: { bundle: first } }))).toEqual([]);
    // Nothing was added in between: a copy of the same export is no fork of itself.
    expect(failedOf(await verifyBundle(first, { trust: [keys.vkey], previous: { bundle: first } }))).toEqual([]);
    expect(failedOf(await verifyBundle(first, { trust: [keys.vkey], previous: { bundle: second } }))).toEqual([8]);
  });

  const head = async (size: bigint, root: Uint8Array): Promise<string> => {
    const text = `${originOf('approvals')}\n${size.toString()}\n${Buffer.from(root).toString('base64')}\n`;
    return signNote({ name: 'ledger.example', privateKey: keys.privateKey, text });
  };
  const check = async (path: string, note: string): Promise<readonly number[]> =>
    failedOf(await verifyBundle(path, { trust: [keys.vkey], previous: { checkpoints: [note] } }));

  it('is compared through the entries where they reach back, else through the consistency proof', async () => {
    const input = await sampleInput(sampleJournals(), { keys, previousSize: 2 });
    const old = input.journals.find(({ kind }) => kind === 'approvals')?.previous;
    if (old === undefined) throw new Error('no previous');
    const [whole, window, bare] = [
      await write({}, {}),
      await write({}, { from: 3, previousSize: 2 }),
      await write({}, { from: 3 }),
    ];
    const right = await head(2n, old.root);
    const wrong = await head(2n, new Uint8Array(32));
    expect([await check(whole, right), await check(window, right), await check(bare, right)]).toEqual([[], [], [8]]);
    expect([await check(whole, wrong), await check(window, wrong)]).toEqual([[8], [8]]);
    expect(await check(whole, await head(99n, old.root))).toEqual([8]);
    expect(await check(whole, await head(7n, old.root))).toEqual([8]);
  });

  it('is not claimed for balances where a window hides what came before', async () => {
    const report = await verify(await write({ policyText }, { from: 2, to: 3 }));
    if (report.result !== 'intact') throw new Error(textReport(report));
    expect(report.checks.filter(({ status }) => status === 'not_applicable').map(({ number }) => number)).toEqual([
      8, 14,
    ]);
  });
});
