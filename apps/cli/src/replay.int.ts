import { afterEach, describe, expect, it } from '@jest/globals';
import { JOURNAL_KINDS } from '@verdict/application';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRecording, type Recording } from '../../../test/replay/recording.js';
import { type CliRun, runCli } from './testing/run-cli.js';

const { recording } = readRecording('0.1.0');
const DECISIONS = recording.decisions.filter((line) => line.includes('"type":"decision_recorded"')).length;
const REACTIONS = [...recording.policy, ...recording.decisions].filter((line) =>
  line.includes('"command_id":"reaction:gate:'),
).length;

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
      stdout: `${String(DECISIONS)} decisions, 0 diverge\n${String(REACTIONS)} other entries of the gate, 0 diverge\n`,
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
      new RegExp(
        `^${String(DECISIONS)} decisions, 1 diverge\n[^]*acme +${String(denied)} +decision_recorded +\\S+ +/decision\n$`,
      ),
    );
  });

  it('ends 1 and names the entry where what the gate wrote of itself says something else', async () => {
    const voided = recording.decisions.findIndex((line) => line.includes('"cause":"approval_denied"'));
    const lie = (line: string): string => line.replace(/"released_usd":"[^"]*"/, '"released_usd":"1.2345"');
    const decisions = recording.decisions.map((line, index) => (index === voided ? lie(line) : line));
    const { exit, stdout } = await replay(await folderOf({ ...recording, decisions }));
    expect([exit, JSON.parse(stdout)]).toMatchObject([
      1,
      {
        ...{ diverging: 0, reactions: REACTIONS, reactions_diverging: 1 },
        tenants: [
          {
            divergences: [{ journal: 'decisions', revision: voided, type: 'hold_voided', pointers: ['/released_usd'] }],
          },
        ],
      },
    ]);
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
    [['replay', 'FOLDER']],
    [['replay', 'FOLDER', '--policy', 'POLICY']],
    [['policy', 'impact', '--bundle', 'FOLDER']],
    [['policy', 'review', '--bundle', 'FOLDER']],
  ])('%j ends 130 once it is interrupted, in whatever it reads', async (argv) => {
    const folder = await folderOf(recording);
    const policy = join(folder, 'policy.json');
    await writeFile(policy, '{}');
    const words = argv.map((word) => (word === 'FOLDER' ? folder : word === 'POLICY' ? policy : word));
    const { exit, stdout } = await runCli(words, { cwd: tmpdir(), interrupted: AbortSignal.abort() });
    expect([exit, stdout]).toEqual([130, '']);
  });

  it.each([
    [['--from', '-1'], 'revision_invalid'],
    [['--from', '5', '--to', '2'], 'revision_invalid'],
    [['bundle.zip', '--tenant', 'acme'], 'usage'],
    [['--data-dir', '/nowhere'], 'data_dir_missing'],
  ])('refuses %j: %s', async (argv, code) => {
    const { exit, stderr } = await replay(...argv);
    expect([exit, JSON.parse(stderr)]).toMatchObject([2, { code }]);
  });
});

describe('verdict replay --policy', () => {
  const STRICT = {
    mode_matrix: { terraform: { default: 'hard' } },
    entitlements: { hard_deny_above_monthly_usd: '30' },
  };
  const policyFile = async (document: unknown): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'verdict-policy-'));
    folders.push(folder);
    const path = join(folder, 'policy.json');
    await writeFile(path, JSON.stringify(document));
    return path;
  };

  it('ends 1 and counts from outcome to outcome where decisions would come out otherwise', async () => {
    const argv = [await folderOf(recording), '--policy', await policyFile(STRICT)];
    const { exit, stdout, stderr } = await replay(...argv);
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: '' });
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ schema: 'verdict.replay.policy_report.v1', decisions: DECISIONS, hidden: 0 });
    expect(report.unchanged + report.changed).toBe(DECISIONS);
    expect(report.outcomes.reduce((sum, { count }) => sum + count, 0)).toBe(DECISIONS);
    const { flips } = report.tenants[0] ?? { flips: [] };
    expect(flips).toHaveLength(report.changed);
    expect(flips).toContainEqual(
      expect.objectContaining({
        ...{ from: 'ALLOW', to: 'DENY', cause: 'direct' },
        reason_codes: expect.arrayContaining(['hard_deny_threshold_exceeded']),
      }),
    );
    const table = (await replay(...argv, '-o', 'table')).stdout;
    expect(table).toMatch(
      new RegExp(
        `^${String(DECISIONS)} decisions, ${String(report.unchanged)} unchanged, ${String(report.changed)} come out otherwise\n\nFROM +TO +DECISIONS\n`,
      ),
    );
    expect(table).toMatch(/\nacme +\d+ +\S+ +ALLOW +DENY +.*hard_deny_threshold_exceeded/);
  });

  it('prints the same bytes for the same input', async () => {
    const argv = [await folderOf(recording), '--policy', await policyFile(STRICT)];
    expect((await replay(...argv)).stdout).toBe((await replay(...argv)).stdout);
  });

  it('ends 0 where nothing would come out otherwise', async () => {
    const argv = [await folderOf(recording), '--to', String(denied), '--from', String(denied)];
    const { exit, stdout } = await replay(...argv, '--policy', await policyFile(STRICT));
    expect([exit, JSON.parse(stdout)]).toMatchObject([
      0,
      { decisions: 1, unchanged: 1, changed: 0, outcomes: [{ from: 'DENY', to: 'DENY', count: 1 }] },
    ]);
  });

  it('lists every defect of a policy, and decides nothing with it', async () => {
    const bad = { rules: [{ id: 'a', condition: 'cost.x > 0', effect: 'deny' }], nonsense: 1 };
    const { exit, stdout, stderr } = await replay(await folderOf(recording), '--policy', await policyFile(bad));
    expect([exit, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'policy_invalid' });
    const { errors } = JSON.parse(stderr) as { readonly errors: readonly { readonly pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual(['/nonsense', '/rules/0/condition']);
  });
});

interface Report {
  readonly unchanged: number;
  readonly changed: number;
  readonly outcomes: readonly { readonly count: number }[];
  readonly tenants: readonly { readonly flips: readonly unknown[] }[];
}
