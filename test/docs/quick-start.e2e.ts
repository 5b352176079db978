import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../support/e2e/processes.js';
import { Standalone } from '../support/e2e/standalone.js';

let server: Standalone;
let tools: string;
let cwd: string;

beforeAll(async () => {
  server = await Standalone.start();
  tools = await mkdtemp(join(tmpdir(), 'verdict-tools-'));
  const verdict = `exec '${process.execPath}' '${REPOSITORY}apps/cli/bin/verdict.js' "$@"`;
  const install = async (name: string, text: string): Promise<void> => {
    await writeFile(join(tools, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(tools, name), 0o755);
  };
  await install('verdict', verdict);
  await install('npx', `shift\n${verdict}`); // `npx verdict ...`, from another folder.
});
afterAll(async () => {
  await server.dispose();
  await rm(tools, { recursive: true, force: true });
});
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'verdict-start-'));
  await symlink(join(REPOSITORY, 'examples'), join(cwd, 'examples'));
});

/** The shell's block under a heading, without what starts the server and names the program. */
const blockOf = async (page: string, after: string): Promise<string> => {
  const text = await readFile(join(REPOSITORY, page), 'utf8');
  const [, block = ''] = /```sh\n(.*?)```/s.exec(text.slice(text.indexOf(after))) ?? [];
  const lines = block.split('\n').filter((line) => !/^(npm start|alias) /.test(line));
  expect(lines.length).toBeGreaterThan(5);
  return lines.join('\n');
};

const shell = async (
  script: string,
): Promise<{ readonly exit: number; readonly stdout: string; readonly stderr: string }> => {
  const env = { PATH: `${tools}:/usr/bin:/bin`, HOME: cwd, VERDICT_DATA_DIR: server.dataDir };
  const child = spawn('sh', ['-c', script], { cwd, env });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString()));
  const exit = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  return { exit, stdout: out.join(''), stderr: err.join('') };
};

describe('the commands of a page work as they are printed', () => {
  it.each([
    ['README.md', '## Run it', '"decision": "ALLOW"'],
    ['examples/README.md', 'By hand', '"decision": "REQUIRE_APPROVAL"'],
  ])('%s', async (page, after, decision) => {
    const { exit, stdout, stderr } = await shell(await blockOf(page, after));
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toContain(decision);
    expect(stdout).toContain('"result": "intact"');
  });
});
