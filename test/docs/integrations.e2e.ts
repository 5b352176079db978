import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY, waitUntil } from '../support/e2e/processes.js';
import { Standalone } from '../support/e2e/standalone.js';
import { must, publishPolicy } from '../support/e2e/story.js';
import { freshTenant, type People, peopleOf } from '../support/e2e/tokens.js';

const DOCS = join(REPOSITORY, 'docs/integrations');
const STACK = join(REPOSITORY, 'examples/aws-web-stack');
const exampleText = (file: string): Promise<string> => readFile(join(DOCS, 'examples', file), 'utf8');

interface Run {
  readonly exit: number;
  readonly output: string;
}
type Env = Readonly<Record<string, string>>;

let server: Standalone;
let people: People;
let tools: string;
let cwd: string;

/** Stands for Terraform: its plan is a fixture, and an apply leaves a mark. */
const TERRAFORM = `#!/bin/sh
case "$1" in
  init) ;;
  plan) echo planned > plan.tfplan ;;
  show) cat "$FIXTURE_PLAN" ;;
  apply) echo applied >> applied ;;
  *) exit 64 ;;
esac
`;
const installTool = async (name: string, text: string): Promise<void> => {
  await writeFile(join(tools, name), text);
  await chmod(join(tools, name), 0o755);
};

beforeAll(async () => {
  server = await Standalone.start();
  tools = await mkdtemp(join(tmpdir(), 'verdict-tools-'));
  await installTool('terraform', TERRAFORM);
  await installTool('verdict', `#!/bin/sh\nexec '${process.execPath}' '${REPOSITORY}apps/cli/bin/verdict.js' "$@"\n`);
});
afterAll(async () => {
  await server.dispose();
  await rm(tools, { recursive: true, force: true });
});
beforeEach(async () => {
  people = peopleOf(freshTenant('ci'));
  cwd = await mkdtemp(join(tmpdir(), 'verdict-ci-'));
  const book = JSON.parse(await readFile(join(STACK, 'price-book.json'), 'utf8')) as object;
  await must(server, 'publishPriceBook', { as: people.admin, body: book });
  await publishPolicy(server, people, JSON.parse(await readFile(join(STACK, 'policy.json'), 'utf8')));
  await copyFile(join(STACK, 'plan.json'), join(cwd, 'fixture.json'));
});

/** As a runner does it: a shell that ends at the first failure, with nothing in its environment but what is given. */
const shell = async (script: string, env: Env = {}): Promise<Run> => {
  const given = {
    PATH: `${tools}:/usr/bin:/bin`,
    HOME: cwd,
    FIXTURE_PLAN: join(cwd, 'fixture.json'),
    VERDICT_URL: server.url,
    VERDICT_TOKEN: await server.tokenFor(people.dev),
    ...env,
  };
  const child = spawn('sh', ['-e', '-c', script], { cwd, env: given });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  return { exit, output };
};
const applied = async (): Promise<boolean> => (await readdir(cwd)).includes('applied');

/** Somebody else agrees as soon as there is something to agree to. */
const approveWhenAsked = async (vote: 'approve' | 'deny' = 'approve'): Promise<void> => {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const { body } = await must(server, 'approvalQueue', { as: people.lead });
    const [waiting] = body.items;
    if (waiting !== undefined) {
      const params = { approval_id: waiting.approval_id };
      await must(server, vote, { as: people.lead, params, body: { notes: 'seen in the pipeline' } });
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('nobody asked');
};

/** Lists follow the log: the newest entry may not be in them yet. */
const approvalThat = async (status: string): Promise<readonly object[]> => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { body } = await must(server, 'listApprovals', { as: people.lead });
    const found = body.items.filter((item: { readonly status: string }) => item.status === status);
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return [];
};

describe('every page of a pipeline shows the file it names, and every file has a page', () => {
  it('word for word', async () => {
    const pages = (await readdir(DOCS)).filter((name) => name.endsWith('.md'));
    const shown = new Set<string>();
    for (const page of pages) {
      const text = await readFile(join(DOCS, page), 'utf8');
      for (const [, file = ''] of text.matchAll(/^\[([^\]]+)\]\(examples\/\1\):$/gm)) {
        expect([page, text]).toEqual([page, expect.stringContaining(await exampleText(file))]);
        shown.add(file);
      }
    }
    const mine = ['apply.sh', 'atlantis-repos.yaml', 'github-actions.yml', 'gitlab-ci.yml'];
    expect(mine.filter((file) => !shown.has(file))).toEqual([]);
  });
});

describe('the shell script', () => {
  const run = async (env: Env): Promise<Run> =>
    shell(await exampleText('apply.sh'), { VERDICT_PROJECT: 'web', VERDICT_ENVIRONMENT: 'dev', ...env });

  it('applies what the gate lets pass', async () => {
    const { exit, output } = await run({});
    expect([exit, await applied()]).toEqual([0, true]);
    expect(output).toMatch(/^ALLOW \S+ \+1098\.74 USD\/mo$/m);
  });

  it('waits for an approval, and applies once it has used it', async () => {
    const asked = run({ VERDICT_ENVIRONMENT: 'prod', VERDICT_JUSTIFICATION: 'the new web stack', VERDICT_WAIT: '60s' });
    await approveWhenAsked();
    expect([(await asked).exit, await applied()]).toEqual([0, true]);
    expect(await approvalThat('consumed')).toMatchObject([{ justification: 'the new web stack' }]);
  });

  it('applies nothing when the approver says no', async () => {
    const asked = run({ VERDICT_ENVIRONMENT: 'prod', VERDICT_JUSTIFICATION: 'the new web stack', VERDICT_WAIT: '60s' });
    await approveWhenAsked('deny');
    const { exit, output } = await asked;
    expect([exit, await applied()]).toEqual([1, false]);
    expect(output).toContain('nothing was applied');
  });

  it.each([
    ['nobody approves in time', { VERDICT_ENVIRONMENT: 'prod', VERDICT_WAIT: '500ms' }, 3],
    ['the gate cannot be asked', { VERDICT_URL: 'http://127.0.0.1:1' }, 6],
    ['the token is not good', { VERDICT_TOKEN: 'no-token' }, 5],
    ['the plan is none', { FIXTURE_PLAN: '/etc/hostname' }, 2],
  ])('applies nothing when %s', async (_, env, exit) => {
    expect([(await run(env)).exit, await applied()]).toEqual([exit, false]);
  });

  it('asks the same question when it is run again, until there is an answer', async () => {
    const env = { VERDICT_ENVIRONMENT: 'prod', VERDICT_JUSTIFICATION: 'the new web stack' };
    expect((await run({ ...env, VERDICT_WAIT: '500ms' })).exit).toBe(3);
    const again = run({ ...env, VERDICT_WAIT: '60s' });
    await approveWhenAsked();
    expect([(await again).exit, await applied()]).toEqual([0, true]);
    expect(await approvalThat('consumed')).toHaveLength(1);
    expect((await must(server, 'listApprovals', { as: people.lead })).body.items).toHaveLength(1);
    expect(await readdir(cwd)).not.toContain('verdict.run');
  });

  it('applies nothing that policy denies', async () => {
    await publishPolicy(server, people, {
      mode_matrix: { terraform: { default: 'hard' } },
      entitlements: { hard_deny_above_monthly_usd: '100', auto_approve: { below_monthly_usd: '1' } },
    });
    const { exit, output } = await run({});
    expect([exit, await applied()]).toEqual([1, false]);
    expect(output).toContain('hard_deny_threshold_exceeded');
  });
});

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Env;
}
interface Job {
  readonly if: string;
  readonly env: Env;
  readonly environment?: string;
  readonly concurrency?: string;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency?: unknown;
  readonly jobs: { readonly preview: Job; readonly apply: Job };
}

describe('the workflow of GitHub Actions', () => {
  const workflow = async (): Promise<Workflow> => parse(await exampleText('github-actions.yml')) as Workflow;
  /** The runner's own actions are beyond a test. */
  const runJob = async (name: keyof Workflow['jobs']): Promise<Run> => {
    const { steps } = (await workflow()).jobs[name];
    let output = '';
    for (const { run, env } of steps) {
      if (run === undefined) continue;
      const ended = await shell(run, {
        GITHUB_RUN_ID: '4711',
        GITHUB_REPOSITORY: 'acme/web',
        GITHUB_SHA: 'f00dcafe',
        TF_IN_AUTOMATION: 'true',
        ...(env === undefined ? { VERDICT_TOKEN: '' } : {}),
      });
      output += ended.output;
      if (ended.exit !== 0) return { exit: ended.exit, output };
    }
    return { exit: 0, output };
  };

  it('has steps that either use an action of a pinned major or run a script, and reads the repository alone', async () => {
    const { jobs, permissions } = await workflow();
    expect(permissions).toEqual({ contents: 'read' });
    for (const step of [...jobs.preview.steps, ...jobs.apply.steps]) {
      expect([typeof step.run, typeof step.uses]).toContain('string');
      if (step.uses !== undefined) expect(step.uses).toMatch(/^[\w-]+\/[\w-]+@v\d+$/);
    }
  });

  it('gives the token to the step that asks, and to no other: plans run what a pull request brings', async () => {
    const { jobs } = await workflow();
    for (const { env, steps } of [jobs.preview, jobs.apply]) {
      expect(Object.keys(env)).toEqual(['TF_IN_AUTOMATION']);
      const holders = steps.filter((step) => step.env?.['VERDICT_TOKEN'] !== undefined);
      expect(holders).toMatchObject([{ env: { VERDICT_TOKEN: '${{ secrets.VERDICT_TOKEN }}' } }]);
      expect(holders[0]?.run).toContain('verdict gate preflight');
    }
  });

  it('asks for real on main alone, in an environment, and lets no pull request push an apply out of the queue', async () => {
    const { jobs, concurrency } = await workflow();
    expect(concurrency).toBeUndefined(); // A run that waits in a group ends when another one comes.
    expect(jobs.apply).toMatchObject({
      if: "github.event_name == 'push' && github.ref == 'refs/heads/main'",
      environment: 'prod',
      concurrency: 'terraform-prod',
    });
    expect(jobs.preview.if).toContain('head.repo.full_name == github.repository'); // A fork gets no secrets.
  });

  it('shows on a pull request what the gate would say, and holds nothing', async () => {
    const { exit, output } = await runJob('preview');
    expect([exit, await applied()]).toEqual([0, false]);
    expect(output).toContain('REQUIRE_APPROVAL');
    const decisions = async () => (await must(server, 'listDecisions', { as: people.admin })).body.items;
    await waitUntil('the list shows the question', async () => (await decisions()).length > 0); // And its hold, if it had one.
    expect(await decisions()).toMatchObject([{ dry_run: true }]);
    expect((await must(server, 'listActiveReservations', { as: people.admin })).body.items).toEqual([]);
  });

  it('waits on main, and applies', async () => {
    const asked = runJob('apply');
    await approveWhenAsked();
    expect([(await asked).exit, await applied()]).toEqual([0, true]);
  });
});

describe('the pipeline of GitLab', () => {
  interface GitlabJob {
    readonly script: readonly string[];
    readonly allow_failure?: { readonly exit_codes: readonly number[] };
    readonly artifacts?: { readonly paths: readonly string[] };
    readonly needs?: readonly string[];
    readonly rules?: readonly { readonly if: string }[];
    readonly stage: string;
  }
  const PIPELINE = { CI_PIPELINE_ID: '12', CI_PROJECT_PATH: 'acme/web', CI_COMMIT_SHA: 'f00dcafe' };
  const pipeline = async () =>
    parse(await exampleText('gitlab-ci.yml')) as {
      readonly stages: readonly string[];
      readonly plan: GitlabJob;
      readonly preview: GitlabJob;
      readonly apply: GitlabJob;
    };
  const runOf = ({ script }: GitlabJob, env: Env = {}): Promise<Run> =>
    shell(script.join('\n'), { ...PIPELINE, ...env });

  it('names stages that there are', async () => {
    const { stages, plan, preview, apply } = await pipeline();
    expect(new Set([plan.stage, preview.stage, apply.stage])).toEqual(new Set(stages));
  });

  it('makes the plan in a job that nothing of Verdict fails, since what a failed job made is not kept', async () => {
    const { plan, preview, apply } = await pipeline();
    expect(await runOf(plan, { VERDICT_TOKEN: '' })).toMatchObject({ exit: 0 });
    expect(plan.allow_failure).toBeUndefined(); // A Terraform that fails ends with 1, as a denial does.
    expect(plan.artifacts?.paths).toEqual(['plan.tfplan', 'plan.json']);
    expect([preview.needs, apply.needs]).toEqual([['plan'], ['plan']]);
  });

  it('previews where there is a token, which branches that are not protected do not get', async () => {
    const { preview } = await pipeline();
    expect(preview.rules).toEqual([{ if: '$VERDICT_TOKEN' }]);
  });

  it('warns in the first stage and decides in the second', async () => {
    const { plan, preview, apply } = await pipeline();
    await runOf(plan);
    const previewed = await runOf(preview);
    expect(preview.allow_failure?.exit_codes).toContain(previewed.exit);
    expect(previewed.output).toContain('REQUIRE_APPROVAL');
    const asked = runOf(apply);
    await approveWhenAsked();
    expect([(await asked).exit, await applied()]).toEqual([0, true]);
  });
});

describe('the workflow of Atlantis', () => {
  type AtlantisStep = string | { readonly run: string };
  interface Workflow {
    readonly plan: { readonly steps: readonly AtlantisStep[] };
    readonly apply: { readonly steps: readonly AtlantisStep[] };
  }
  const env = (): Env => ({
    PLANFILE: join(cwd, 'prod.tfplan'),
    BASE_REPO_NAME: 'web',
    WORKSPACE: 'prod',
    REPO_REL_DIR: 'envs/prod',
    PULL_NUM: '7',
    HEAD_COMMIT: 'f00dcafe',
    USER_NAME: 'dev-1',
  });
  const BUILT_IN: Readonly<Record<string, string>> = {
    init: 'terraform init',
    plan: 'terraform plan',
    apply: 'terraform apply',
  };
  const runSteps = async (steps: readonly AtlantisStep[]): Promise<Run> => {
    let output = '';
    for (const step of steps) {
      const ended = await shell(typeof step === 'string' ? (BUILT_IN[step] ?? 'exit 64') : step.run, env());
      output += ended.output;
      if (ended.exit !== 0) return { exit: ended.exit, output };
    }
    return { exit: 0, output };
  };
  const workflow = async (): Promise<Workflow> => {
    const repos = parse(await exampleText('atlantis-repos.yaml')) as {
      readonly workflows: { readonly verdict: Workflow };
    };
    return repos.workflows.verdict;
  };

  it('shows the answer with the plan, and asks before the apply', async () => {
    await mkdir(join(cwd, 'envs'));
    const { plan, apply } = await workflow();
    const planned = await runSteps(plan.steps);
    expect(planned.exit).toBe(0);
    expect(planned.output).toContain('REQUIRE_APPROVAL');
    const asked = runSteps(apply.steps);
    await approveWhenAsked();
    expect([(await asked).exit, await applied()]).toEqual([0, true]);
  });
});
