import { afterEach, describe, expect, it } from '@jest/globals';
import { JOURNAL_KINDS } from '@verdict/application';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRecording, type Recording } from '../../../test/replay/recording.js';
import { type CliRun, runCli } from './testing/run-cli.js';

const { recording } = readRecording('0.1.0');
const DECISIONS = recording.decisions.filter((line) => line.includes('"type":"decision_recorded"')).length;

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** The journals of a bundle in the form of a folder. */
const folderOf = async (journals: Recording): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'verdict-replay-'));
  folders.push(folder);
  for (const kind of JOURNAL_KINDS) {
    await mkdir(join(folder, 'journals', kind), { recursive: true });
    await writeFile(
      join(folder, 'journals', kind, 'entries.ndjson'),
      journals[kind].map((line) => `${line}\n`).join(''),
    );
  }
  return folder;
};
const replay = (...argv: readonly string[]): Promise<CliRun> => runCli(['replay', ...argv], { cwd: tmpdir() });

const denied = recording.decisions.findIndex((line) => line.includes('"decision":"DENY"'));
const TAMPERED: Recording = {
  ...recording,
  decisions: recording.decisions.map((line, index) =>
    index === denied ? line.replace('"decision":"DENY"', '"decision":"ALLOW"') : line,
  ),
};

describe('verdict replay', () => {
  it('derives every decision of a bundle again, without a server or a store', async () => {
    const { exit, stdout, stderr } = await replay(await folderOf(recording), '-o', 'table');
    expect({ exit, stdout, stderr }).toEqual({
      exit: 0,
      stdout: `${String(DECISIONS)} decisions, 0 diverge\n`,
      stderr: '',
    });
  });

  it('ends 1 and names the place where a decision says something else', async () => {
    const folder = await folderOf(TAMPERED);
    const { exit, stdout } = await replay(folder);
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'verdict.replay.report.v1',
      decisions: DECISIONS,
      diverging: 1,
      tenants: [{ tenant: 'acme', divergences: [{ revision: denied, kind: 'different', pointers: ['/decision'] }] }],
    });
    const table = (await replay(folder, '-o', 'table')).stdout;
    expect(table).toMatch(
      new RegExp(`^${String(DECISIONS)} decisions, 1 diverge\n[^]*acme +${String(denied)} +\\S+ +/decision\n$`),
    );
  });

  it('compares a range, and says so about its ends only', async () => {
    const folder = await folderOf(TAMPERED);
    expect((await replay(folder, '--to', String(denied - 1))).exit).toBe(0);
    expect((await replay(folder, '--from', String(denied + 1))).exit).toBe(0);
    expect((await replay(folder, '--from', String(denied), '--to', String(denied))).exit).toBe(1);
  });

  it('cannot check a bundle that begins in the middle', async () => {
    const { exit, stderr } = await replay(await folderOf({ ...recording, policy: recording.policy.slice(1) }));
    expect([exit, JSON.parse(stderr)]).toMatchObject([2, { code: 'bundle_partial' }]);
  });

  it.each([
    [['--from', '-1'], 'revision_invalid'],
    [['bundle.zip', '--tenant', 'acme'], 'usage'],
    [['--data-dir', '/nowhere'], 'data_dir_missing'],
  ])('refuses %j: %s', async (argv, code) => {
    const { exit, stderr } = await replay(...argv);
    expect([exit, JSON.parse(stderr)]).toMatchObject([2, { code }]);
  });
});
