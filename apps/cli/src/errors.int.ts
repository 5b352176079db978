import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { policyAnswer, problemAnswer } from './testing/answers.js';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';

const { server, path, bare, cli, run } = withCliWorld();
const PROGRAM = fileURLToPath(new URL('../bin/verdict.js', import.meta.url));

const FULL = '/dev/full';
/** A device that is always full, where the system has one. */
const describeWhereFull = existsSync(FULL) ? describe : describe.skip;

interface Streams {
  readonly stdout: 'pipe' | number;
  readonly stderr: 'pipe' | number;
  /** Nobody reads standard output. */
  readonly isUnread?: boolean;
}
interface Ended {
  readonly exit: number | null;
  readonly stderr: string;
}

/** The program as a process of its own: what its streams do is not to be had otherwise. */
const program = async (argv: readonly string[], { stdout, stderr, isUnread = false }: Streams): Promise<Ended> => {
  const env = { PATH: process.env['PATH'] ?? '', VERDICT_URL: server.url, VERDICT_TOKEN: 'a-token' };
  const child = spawn(process.execPath, [PROGRAM, ...argv], { cwd: path(), env, stdio: ['ignore', stdout, stderr] });
  if (isUnread) child.stdout?.destroy();
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const exit = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exit, stderr: text };
};

describeWhereFull('an answer that has no place to go (skipped without /dev/full)', () => {
  const onFull = async (take: (full: number) => Promise<Ended>): Promise<Ended> => {
    const full = await open(FULL, 'w');
    try {
      return await take(full.fd);
    } finally {
      await full.close();
    }
  };

  it('is exit 7 and a line that says so: not the 0 or 1 of an answer, and no stack', async () => {
    server.on(`GET ${API}/policies`, { body: policyAnswer() });
    const { exit, stderr } = await onFull((stdout) => program(['policy', 'show'], { stdout, stderr: 'pipe' }));
    expect(exit).toBe(7);
    expect(failureOf({ exit: 7, stdout: '', stderr })).toMatchObject({ code: 'output_unwritable' });
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('keeps the exit code of an error that nobody can be told of', async () => {
    const { exit } = await onFull((stderr) => program(['gate', 'show', 'nope'], { stdout: 'pipe', stderr }));
    expect(exit).toBe(4);
  });
});

describe('an answer of which a reader has seen enough', () => {
  it('is no error', async () => {
    server.on(`GET ${API}/policies`, { body: policyAnswer() });
    const ended = await program(['policy', 'show'], { stdout: 'pipe', stderr: 'pipe', isUnread: true });
    expect(ended).toEqual({ exit: 0, stderr: '' });
  });
});

describe('an error says what was wrong and where', () => {
  it('names what was not found', async () => {
    expect(failureOf(await cli('gate', 'show', 'nope'))).toMatchObject({
      code: 'not_found',
      detail: 'decision nope, in the tenant of this token',
    });
  });

  const tokenUntil = (endMs: number): string =>
    ['{"alg":"EdDSA"}', JSON.stringify({ tenant_id: 'acme', exp: endMs / 1000 }), 'signature']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
  const END_MS = Date.UTC(2026, 10, 22, 10);

  it.each([
    ['says when the token ended', END_MS, /^Not valid here; the token ended at 2026-11-22T10:00:00\.000Z: /],
    ['does not guess why a token is refused that has time left', END_MS - 1, /^Not valid here; no token, or one that/],
  ])('%s', async (_, nowMs, expected) => {
    const body = { ...problemAnswer(401, 'unauthenticated'), detail: 'Not valid here.' };
    server.on(`GET ${API}/policies`, { status: 401, body });
    const result = await run(['policy', 'show'], { env: { VERDICT_TOKEN: tokenUntil(END_MS) }, nowMs });
    expect(result.exit).toBe(5);
    expect(failureOf(result)['detail']).toMatch(expected);
  });

  it('names the secret of a cluster where a webhook is asked, for which no token of a caller is good', async () => {
    server.on(`POST ${API}/gate/k8s/admission/review`, { status: 401, body: problemAnswer(401, 'unauthenticated') });
    const result = await run(['gate', 'admission', '--review', '-'], { stdin: '{}' });
    expect(failureOf(result)['detail']).toContain('bearer secret of an integration');
  });

  it('does not ask to change the mode of a folder that is given for a token', async () => {
    await mkdir(path('tokens'));
    expect(failureOf(await cli('policy', 'show', '--token-file', 'tokens'))).toMatchObject({
      code: 'file_unreadable',
      detail: 'it is a folder',
    });
  });

  it('says what an error of the network means to whoever typed the address', async () => {
    const argv = ['policy', 'show', '--timeout', '2s', '--url', server.url.replace('http:', 'https:')];
    const result = await bare(argv, { env: { VERDICT_TOKEN: 'a-token' } });
    expect(result.exit).toBe(6);
    expect(failureOf(result)).toMatchObject({
      code: 'server_unreachable',
      detail: expect.stringContaining('http://?'),
    });
  });
});

describe('help', () => {
  it.each([
    [['help', 'gate', 'preflight'], 'Usage: verdict gate preflight'],
    [['help', 'gate'], 'Usage: verdict gate '],
    [['help'], 'Usage: verdict '],
    [['gate', 'help', 'preflight'], 'Usage: verdict gate preflight'],
    [['gate', 'help'], 'Usage: verdict gate '],
    [['-o', 'table', 'help', 'gate'], 'Usage: verdict gate '],
    [['--context', 'nope', 'gate', '--help'], 'Usage: verdict gate '],
    [['gate', 'explain', 'help', '--help'], 'Usage: verdict gate explain'],
  ])('%j is about the whole name', async (argv, usage) => {
    const { exit, stdout, stderr } = await bare(argv);
    expect([exit, stdout.slice(0, usage.length), stderr]).toEqual([0, usage, '']);
  });

  it.each([
    [['help', 'gat'], { title: "unknown command 'gat'", detail: 'did you mean gate?' }],
    [['gate', 'help', 'explan'], { title: "unknown command 'explan'", detail: 'did you mean explain?' }],
    [['help', 'gate', 'explan'], { title: "unknown command 'explan'", detail: 'did you mean explain?' }],
    [['gat', '--help'], { title: "unknown command 'gat'", detail: 'did you mean gate?' }],
    [['-h', 'gat'], { title: "unknown command 'gat'", detail: 'did you mean gate?' }],
    [['-o', 'json', 'gate', '-h', 'explan'], { title: "unknown command 'explan'", detail: 'did you mean explain?' }],
    [['nope', '--help'], { title: "unknown command 'nope'", detail: 'see --help' }],
  ])('%j names the nearest', async (argv, expected) => {
    const result = await bare(argv);
    expect(result.exit).toBe(2);
    expect(failureOf(result)).toMatchObject(expected);
  });
});
