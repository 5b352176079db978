import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RouteContract, ROUTES } from '@verdict/contracts';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixtureText } from '../fixtures/terraform-fixtures.js';
import { REPOSITORY } from '../support/e2e/processes.js';
import { Standalone } from '../support/e2e/standalone.js';
import { must, publishBook } from '../support/e2e/story.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';
import { HcpTerraform } from '../support/hcp-terraform/hcp-terraform.js';
import { trusting } from '../support/hcp-terraform/settings.js';

const DOCS = join(REPOSITORY, 'docs/integrations');
const PLAN = fixtureText('aws-web-stack', 'plan.json');

/** Blocks of one language, in order, without the indentation of the list they stand in. */
const blocksOf = (page: string, language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'gm'))].map(
    ([, indent = '', text = '']) => text.replace(new RegExp(`^${indent}`, 'gm'), ''),
  );

describe('docs/integrations/hcp-terraform.md', () => {
  let page: string;
  let peer: HcpTerraform;
  let trust: Awaited<ReturnType<typeof trusting>>;
  let server: Standalone;
  let cwd: string;

  beforeAll(async () => {
    page = await readFile(join(DOCS, 'hcp-terraform.md'), 'utf8');
    peer = await HcpTerraform.start();
    trust = await trusting(peer);
    server = await Standalone.start({ env: { ...trust.env, VERDICT_PUBLIC_URL: 'https://verdict.example.com' } });
    cwd = await mkdtemp(join(tmpdir(), 'verdict-docs-'));
  }, 120_000);
  afterAll(async () => {
    await server.dispose();
    await peer.stop();
    await trust.dispose();
    await rm(cwd, { recursive: true, force: true });
  });

  /** A command as the page has it. */
  const verdict = async (
    command: string,
    token: string,
  ): Promise<{ readonly exit: number; readonly output: string }> => {
    const [, ...args] = command
      .replace(/ +#.*$/, '')
      .trim()
      .split(/ +/);
    const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, VERDICT_URL: server.url, VERDICT_TOKEN: token };
    const child = spawn(process.execPath, [join(REPOSITORY, 'apps/cli/bin/verdict.js'), ...args], { cwd, env });
    let output = '';
    child.stdout.on('data', (part: Buffer) => (output += part.toString()));
    child.stderr.on('data', (part: Buffer) => (output += part.toString()));
    const exit = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
    return { exit, output };
  };

  it('shows the example that lies beside it', async () => {
    const [example = ''] = blocksOf(page, 'json');
    expect(JSON.parse(example)).toEqual(JSON.parse(await readFile(join(DOCS, 'examples/run-task.json'), 'utf8')));
  });

  it('names the route, the setting, the commands and the codes that there are', async () => {
    const route: RouteContract = ROUTES.runTaskOfIntegration;
    expect(page).toContain(route.path.replace(':integration_id', '<integration id>'));
    expect(route.problems).toContain('signature_invalid');
    expect(await readFile(join(REPOSITORY, 'docs/settings.md'), 'utf8')).toContain('`VERDICT_PUBLIC_URL`');
  });

  it('leads from its commands to a run that asks, is approved, and passes', async () => {
    const people = peopleOf(freshTenant());
    await publishBook(server, people, 'aws-web-stack');
    const example = JSON.parse(await readFile(join(DOCS, 'examples/run-task.json'), 'utf8')) as object;
    const [, privately = ''] = blocksOf(page, 'json');
    const terms = { ...example, ...(JSON.parse(privately) as object), address: peer.address };
    await writeFile(join(cwd, 'run-task.json'), JSON.stringify(terms));
    const token = await server.tokenFor(people.admin);
    const [create = '', rotations = ''] = blocksOf(page, 'sh');
    expect(await verdict(create, token)).toMatchObject({ exit: 0 });
    const { body } = await must(server, 'listIntegrations', { as: people.admin });
    const id = String(body.items[0].integration_id);
    const keyNow = async (): Promise<string> =>
      (JSON.parse(await readFile(join(cwd, 'hcp.secrets'), 'utf8')) as { hmac_key: string }).hmac_key;
    const path = ROUTES.runTaskOfIntegration.path.replace(':integration_id', id);
    const task = { url: `${server.url}${path}`, hmacKey: await keyNow() };
    expect(await peer.createTask(task)).toMatchObject({ isCreated: true });

    const planned = await peer.startTask(task, { stage: 'post_plan', enforcement: 'advisory' }, { plan: PLAN }).done;
    expect(planned).toMatchObject({ status: 'failed', isRunStopped: false });
    const approvalId = /approvals\/([0-9a-f-]{36})/.exec(JSON.stringify(planned.body))?.[1] ?? '';
    await must(server, 'getApproval', { as: people.lead, params: { approval_id: approvalId } });
    const params = { approval_id: approvalId };
    await must(server, 'approve', { as: people.lead, params, body: { notes: 'needed before the season, go' } });
    const applying = await peer.startTask(task, { stage: 'pre_apply' }, { plan: PLAN }).done;
    expect(applying.status).toBe('passed');
    expect((await peer.startTask(task, { stage: 'post_apply' }).done).status).toBe('passed');

    const [rotate = '', retire = ''] = rotations.split('\n').map((line) => line.replace('<integration id>', id));
    expect(await verdict(rotate, token)).toMatchObject({ exit: 0 });
    const renewed = { ...task, hmacKey: await keyNow() };
    expect([(await peer.createTask(task)).status, (await peer.createTask(renewed)).status]).toEqual([200, 200]);
    expect(await verdict(retire, token)).toMatchObject({ exit: 0 });
    expect([(await peer.createTask(task)).status, (await peer.createTask(renewed)).status]).toEqual([401, 200]);
    expect(peer.violations).toEqual([]);
  }, 60_000);
});
