import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CliRun, runCli } from '../../apps/cli/src/testing/run-cli.js';
import { Standalone } from '../support/e2e/standalone.js';
import { ask, must, publishPolicy } from '../support/e2e/story.js';
import { POD_BOOK } from '../support/pod-price-book.js';
import { freshTenant, type People, peopleOf, type Who } from '../support/e2e/tokens.js';

const STACK = new URL('../../examples/aws-web-stack/', import.meta.url);
const DAY_MS = 86_400_000;
const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();

const SHADOW = {
  mode_matrix: { terraform: { default: 'shadow' } },
  approval: { required: { prod: false, nonprod: false } },
  pricing: { declared: { prod: 'accept', nonprod: 'accept' } },
  entitlements: { hard_deny_above_monthly_usd: '500' },
};
const rule = (id: string, condition: string, more: object = {}) => ({
  ...{ id, condition, effect: 'warn', message: 'look at it' },
  ...more,
});

describe('the command line against a running server', () => {
  let server: Standalone;
  let cwd: string;
  let people: People;

  beforeAll(async () => {
    server = await Standalone.start();
    cwd = await mkdtemp(join(tmpdir(), 'verdict-cli-e2e-'));
  }, 120_000);
  afterAll(async () => {
    await rm(cwd, { recursive: true, force: true });
    await server.dispose();
  });
  beforeEach(() => {
    people = peopleOf(freshTenant('cli'));
  });

  const run = (token: string, argv: readonly string[], stdin = ''): Promise<CliRun> =>
    runCli(argv, { cwd, stdin, env: { VERDICT_URL: server.url, VERDICT_TOKEN: token } });
  const verdict = async (who: Who, ...argv: readonly string[]): Promise<CliRun> =>
    run(await server.tokenFor(who), argv);
  const file = async (name: string, content: unknown): Promise<string> => {
    await writeFile(join(cwd, name), typeof content === 'string' ? content : JSON.stringify(content));
    return name;
  };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const bodyOf = ({ stdout, stderr }: CliRun): any => {
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  };
  const failureOf = ({ stderr }: CliRun): unknown => JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
  const decide = async (amount: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    (await must(server, 'gateTerraform', { as: people.dev, body: ask(amount, more) })).body.decision_id;

  describe('policy impact', () => {
    beforeEach(async () => {
      await publishPolicy(server, people, SHADOW);
    });

    it('tells what the policy in force would deny if it were enforced, to whoever has a token', async () => {
      await decide('10', { resource_reference: 'small' });
      const large = await decide('600', { resource_reference: 'large' });
      await decide('700', { resource_reference: 'asked only', dry_run: true });
      const { exit, stdout } = await verdict(people.auditor, 'policy', 'impact');
      expect([exit, JSON.parse(stdout)]).toMatchObject([
        1,
        {
          schema: 'verdict.policy.impact.report.v1',
          ...{ policy_version: 2, decisions: 2, would_deny: 1, denied_already: 0 },
          flips: [{ decision_id: large, from: 'ALLOW', to: 'DENY', cause: 'direct' }],
        },
      ]);
      const table = await verdict(people.admin, 'policy', 'impact', '--since', '1h', '-o', 'table');
      expect(table.stdout).toMatch(/^1 of 2 would DENY\nunder version 2 with every mode hard\n/);
      expect((await verdict(people.admin, 'policy', 'impact', '--since', inDays(1))).exit).toBe(0);
    });

    it('looks at each project under the version that decides for it', async () => {
      const [first, second] = ['data', 'web'];
      for (const project of [first, second]) await decide('100', { project_id: project });
      const strict = await file('part.json', { ...SHADOW, entitlements: { hard_deny_above_monthly_usd: '50' } });
      // By this salt the bucket of `data` is 4, that of `web` 92.
      const part = ['--percent', '10', '--salt', 'r1', '--message', 'some first'];
      expect((await verdict(people.admin, 'policy', 'publish', strict, ...part)).exit).toBe(0);
      const report = bodyOf(await verdict(people.auditor, 'policy', 'impact'));
      expect(report).toMatchObject({ policy_version: 2, decisions: 2, would_deny: 1 });
      const { body } = await must(server, 'getDecision', {
        as: people.admin,
        params: { decision_id: report.flips[0].decision_id },
      });
      expect(body.project_id).toBe(first);
    });

    it('tells what another policy would deny, also offline from a bundle', async () => {
      await decide('600');
      const strict = await file('strict.json', { ...SHADOW, mode_matrix: { terraform: { default: 'hard' } } });
      expect((await verdict(people.auditor, 'export', '--out', 'impact.zip', '-y')).exit).toBe(0);
      const offline = await runCli(['policy', 'impact', strict, '--bundle', 'impact.zip'], { cwd, env: {} });
      expect([offline.exit, bodyOf(offline)]).toMatchObject([1, { policy_version: null, would_deny: 1 }]);
      const same = await verdict(people.auditor, 'policy', 'impact', strict);
      expect(bodyOf(same).flips).toEqual(bodyOf(offline).flips);
      const lax = await file('lax.json', SHADOW);
      const none = await verdict(people.auditor, 'policy', 'impact', lax, '-o', 'table');
      expect([none.exit, none.stdout.split('\n')[0]]).toEqual([0, '0 of 1 would DENY']);
    });

    it('leaves nothing of the journals behind, however it ends', async () => {
      await decide('600');
      const env = { VERDICT_URL: server.url, TMPDIR: await mkdtemp(join(cwd, 'tmp-')) };
      for (const [who, exit] of [
        [people.auditor, 1],
        [people.dev, 5],
      ] as const) {
        const token = await server.tokenFor(who);
        expect((await runCli(['policy', 'impact'], { cwd, env: { ...env, VERDICT_TOKEN: token } })).exit).toBe(exit);
        expect(await readdir(env.TMPDIR)).toEqual([]);
      }
    });

    it('reads nothing for a policy that has defects, and nothing without the right to export', async () => {
      const bad = await file('bad.json', { rules: [rule('a', 'cost.x > 0'), rule('A', 'true')] });
      const refused = await verdict(people.auditor, 'policy', 'impact', bad);
      expect([refused.exit, failureOf(refused)]).toMatchObject([
        2,
        { code: 'policy_invalid', errors: expect.arrayContaining([expect.anything(), expect.anything()]) },
      ]);
      expect((await verdict(people.dev, 'policy', 'impact')).exit).toBe(5);
      expect((await verdict(people.auditor, 'policy', 'impact', '--since', 'yesterday')).exit).toBe(2);
    });
  });

  describe('policy review', () => {
    it('names rules that nothing met or that are off, and what ends or begins soon', async () => {
      const rules = [
        rule('large', 'cost.monthly > usd("500")'),
        rule('huge', 'cost.monthly > usd("50000")'),
        rule('off', 'true', { enabled: false }),
      ];
      await publishPolicy(server, people, { ...SHADOW, rules });
      await decide('600');
      const about = ['--owner', 'finops', '--reason', 'new service', '--ticket', 'OPS-1'];
      for (const days of [3, 40])
        await verdict(
          people.admin,
          'exception',
          'create',
          '--waives',
          'cost_unknown',
          ...about,
          '--expires',
          inDays(days),
        );
      for (const days of [5, 50])
        await verdict(
          people.admin,
          'credit',
          'grant',
          'tenant',
          '--amount',
          '9',
          '--reason',
          'x',
          '--expires',
          inDays(days),
        );
      const lax = await file('next.json', SHADOW);
      await verdict(people.admin, 'policy', 'publish', lax, '--message', 'next week', '--at', inDays(7));
      const reviewed = await verdict(people.auditor, 'policy', 'review');
      expect([reviewed.exit, bodyOf(reviewed)]).toMatchObject([
        1,
        {
          schema: 'verdict.policy.review.report.v1',
          ...{ version: 2, decisions: 1, unused: ['huge'], disabled: [{ kind: 'rule', id: 'off' }] },
          upcoming: [{ kind: 'waiver' }, { kind: 'credit' }, { kind: 'version', id: '3', about: 'next week' }],
        },
      ]);
      const wide = await verdict(people.auditor, 'policy', 'review', '--expiring', '60d', '-o', 'table');
      expect(wide.stdout).toMatch(/^version 2 over 1 decision: 1 unused, 1 disabled, 5 ending or beginning soon\n/);
      expect(wide.stdout).toMatch(/^huge +0 +1 +unused$/m);
      expect(wide.stdout).toContain('rule off is disabled\n');
    });

    it('ends 0 where there is nothing to look at', async () => {
      await publishPolicy(server, people, { ...SHADOW, rules: [rule('any', 'true')] });
      await decide('600');
      expect((await verdict(people.auditor, 'policy', 'review')).exit).toBe(0);
    });
  });

  describe('policy add-validation', () => {
    const YAML = `id: no-friday-destroys
condition: change.destructive && now.getDayOfWeek() == 5
effect: require_approval
message: destroying on a Friday needs somebody who stays
`;
    const ADD = ['policy', 'add-validation', 'rule.yaml', '--message', 'after INC-12'];
    beforeEach(async () => {
      await file('rule.yaml', YAML);
      await publishPolicy(server, people, { ...SHADOW, rules: [rule('first', 'true')] });
    });
    const inForce = async () => bodyOf(await verdict(people.admin, 'policy', 'show'));

    it('publishes the policy in force with the rule behind the others, and shows what changes', async () => {
      const before = await inForce();
      const added = await verdict(people.admin, ...ADD);
      expect([added.exit, bodyOf(added)]).toMatchObject([0, { version: 3, message: 'after INC-12' }]);
      expect(added.stderr).toContain('add       /rules/1: {"id":"no-friday-destroys",');
      expect(added.stderr).toContain('tightens  /rules/');
      const { document } = await inForce();
      expect(document.rules.map(({ id }: { readonly id: string }) => id)).toEqual(['first', 'no-friday-destroys']);
      expect({ ...document, rules: [] }).toEqual({ ...before.document, rules: [] });
    });

    it('prints with --dry-run what it would publish, and publishes nothing', async () => {
      const { exit, stdout, stderr } = await verdict(people.admin, ...ADD, '--dry-run');
      expect(exit).toBe(0);
      expect(stdout).toMatch(/^POST \S+\/policies\n[^]*if-match: "2"\n[^]*no-friday-destroys/);
      expect(stdout).not.toContain(await server.tokenFor(people.admin));
      expect(stderr).toContain('add       /rules/1: ');
      expect(await inForce()).toMatchObject({ version: 2 });
    });

    it('refuses a rule whose id is there already, whatever its case, and one that is defective', async () => {
      const twin = await file('twin.json', rule('FIRST', 'true'));
      const taken = await verdict(people.admin, 'policy', 'add-validation', twin, '--message', 'x');
      expect([taken.exit, failureOf(taken)]).toMatchObject([4, { code: 'rule_exists' }]);
      const broken = await file('broken.json', rule('broken', 'cost.x > 0', { effect: 'nonsense' }));
      const invalid = await verdict(people.admin, 'policy', 'add-validation', broken, '--message', 'x');
      expect([invalid.exit, failureOf(invalid)]).toMatchObject([
        4,
        {
          code: 'policy_invalid',
          errors: [
            { pointer: '/document/rules/1/effect' },
            { code: 'policy_invalid', pointer: '/document/rules/1/condition' },
          ],
        },
      ]);
      const dry = await verdict(people.admin, 'policy', 'add-validation', broken, '--message', 'x', '--dry-run');
      expect(dry).toMatchObject({ exit: 4, stdout: '' });
      const list = await file('list.json', [rule('a', 'true')]);
      const wrong = await verdict(people.admin, 'policy', 'add-validation', list, '--message', 'x');
      expect([wrong.exit, failureOf(wrong)]).toMatchObject([2, { code: 'rule_invalid' }]);
      expect(await inForce()).toMatchObject({ version: 2 });
      expect((await verdict(people.dev, ...ADD)).exit).toBe(5);
    });
  });

  describe('reservations import', () => {
    const HEAD =
      'ChargePeriodStart,ChargePeriodEnd,EffectiveCost,BillingCurrency,ServiceName,ResourceId,x_project_id,x_environment,x_status,x_decision_id,x_actual_monthly_delta_usd';
    const day = (back: number): string => inDays(-back).slice(0, 10);
    const line = (resource: string, cost: string, decision = '', actual = ''): string =>
      `${day(2)}T00:00:00Z,${day(1)}T00:00:00Z,${cost},USD,"EC2, compute",${resource},web,prod,final,${decision},${actual}`;
    const csv = (...lines: readonly string[]): string => [HEAD, ...lines].join('\n');

    it('takes CSV and JSON, and tells what was accepted and what was replaced', async () => {
      const path = await file('costs.csv', csv(line('i-1', '10.5'), line('i-2', '0.000001')));
      const first = await verdict(people.admin, 'reservations', 'import', path);
      expect([first.exit, bodyOf(first)]).toMatchObject([0, { accepted: 2, replaced: 0, reconciled: [] }]);
      const row = {
        ...{ ChargePeriodStart: day(2), ChargePeriodEnd: day(1), EffectiveCost: 7.25, BillingCurrency: 'USD' },
        ...{ ServiceName: 'EC2, compute', ResourceId: 'i-1' },
        ...{ x_project_id: 'web', x_environment: 'prod', x_status: 'final' },
      };
      const rows = await run(
        await server.tokenFor(people.admin),
        ['reservations', 'import', '-', '-o', 'table'],
        JSON.stringify([row]),
      );
      expect([rows.exit, rows.stdout]).toEqual([0, '1 row accepted, 1 of them replaced earlier ones\n']);
      const again = await file('costs.json', { rows: [row] });
      expect(bodyOf(await verdict(people.admin, 'reservations', 'import', again))).toMatchObject({ replaced: 1 });
    });

    it('settles the decisions that rows name, and ends 7 where one could not be settled', async () => {
      await publishPolicy(server, people, { ...SHADOW, mode_matrix: { terraform: { default: 'hard' } } });
      const decision = await decide('100');
      const path = await file('settle.csv', csv(line('i-1', '1', decision, '90')));
      const settled = await verdict(people.admin, 'reservations', 'import', path);
      expect([settled.exit, bodyOf(settled)]).toMatchObject([
        0,
        { reconciled: [{ decision_id: decision, status: 'savings', code: null }] },
      ]);
      const twice = await verdict(people.admin, 'reservations', 'import', path, '-o', 'table');
      expect(twice.exit).toBe(7);
      expect(twice.stdout).toContain('0 of 1 decision reconciled\n');
      expect(twice.stdout).toMatch(new RegExp(`${decision} +no: reservation_already_settled`));
    });

    it('imports nothing of a file with defects, and lists them with line and column', async () => {
      const path = await file('bad.csv', csv(line('i-1', '1'), line('i-2', 'NaN'), line('i-3', '1e')));
      const bad = await verdict(people.admin, 'reservations', 'import', path);
      expect([bad.exit, failureOf(bad)]).toMatchObject([
        4,
        {
          code: 'validation_failed',
          errors: [
            { pointer: '/rows/1/EffectiveCost', detail: expect.stringContaining('line 3, column EffectiveCost') },
            { pointer: '/rows/2/EffectiveCost', detail: expect.stringContaining('line 4, column EffectiveCost') },
          ],
        },
      ]);
      const empty = await file('empty.csv', '');
      expect((await verdict(people.admin, 'reservations', 'import', empty)).exit).toBe(2);
    });
  });

  describe('gate preflight --resource-changes', () => {
    it('prices the bare changes of a plan, and says what the plan would have been answered', async () => {
      const book = await readFile(new URL('price-book.json', STACK), 'utf8');
      await must(server, 'publishPriceBook', { as: people.admin, body: JSON.parse(book) });
      const plan = JSON.parse(await readFile(new URL('plan.json', STACK), 'utf8')) as Record<string, unknown>;
      const changes = await file('changes.json', plan['resource_changes']);
      const where = ['--project', 'web', '--environment', 'dev', '--run', 'run-1', '--what-if'];
      const asked = await verdict(people.dev, 'gate', 'preflight', '--resource-changes', changes, ...where);
      const whole = await file('plan.json', plan);
      const other = await verdict(people.dev, 'gate', 'preflight', '--plan', whole, ...where, '--stage', 'other');
      const { cost, decision } = bodyOf(asked);
      expect(cost).toMatchObject({ method: 'price_book', priced: 8, monthly: '1098.7400' });
      expect([decision, cost.monthly]).toEqual([bodyOf(other).decision, bodyOf(other).cost.monthly]);
      const priced = await verdict(people.dev, 'price-book', 'price', '--resource-changes', changes);
      expect([priced.exit, bodyOf(priced)]).toMatchObject([0, { monthly_delta_usd: '1098.7400', plan_sha256: null }]);
    });
  });

  describe('gate admission', () => {
    /** A Deployment of pods with one CPU, 40 USD a month each. */
    const review = (uid: string, replicas: number) => ({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid,
        kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
        resource: { group: 'apps', version: 'v1', resource: 'deployments' },
        requestKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
        requestResource: { group: 'apps', version: 'v1', resource: 'deployments' },
        ...{ name: 'api', namespace: 'shop', operation: 'CREATE', dryRun: false, options: null },
        userInfo: { username: 'dev', groups: ['system:authenticated'] },
        object: {
          ...{ kind: 'Deployment', apiVersion: 'apps/v1' },
          metadata: { name: 'api', namespace: 'shop', uid: '0f0e0d0c-0000-4000-8000-000000000001' },
          spec: {
            replicas,
            selector: { matchLabels: { app: 'api' } },
            template: {
              metadata: { labels: { app: 'api' } },
              spec: { containers: [{ name: 'c', image: 'api:1', resources: { requests: { cpu: '1' } } }] },
            },
          },
        },
        oldObject: null,
      },
    });
    /** What `integration create` wrote into a file for the caller alone. */
    const secretOf = async (name: string): Promise<string> =>
      JSON.parse(await readFile(join(cwd, name), 'utf8')).bearer as string;

    it('tells what the cluster would be told: allowed, an approval is needed, denied', async () => {
      await must(server, 'publishPriceBook', { as: people.admin, body: POD_BOOK });
      const integration = await file('integration.json', {
        ...{ kind: 'k8s', name: 'cluster', cluster_id: 'east', ways: ['bearer'] },
        project_rules: [{ namespace: 'shop', project_id: 'shop', environment: 'prod' }],
      });
      const secrets = ['--secrets-out', 'secrets.json'];
      const created = await verdict(people.admin, 'integration', 'create', integration, ...secrets);
      expect({ exit: created.exit, stderr: created.stderr }).toEqual({ exit: 0, stderr: '' });
      const asCluster = async (uid: string, replicas: number, ...more: readonly string[]): Promise<CliRun> => {
        const path = await file('review.json', review(uid, replicas));
        return run(await secretOf('secrets.json'), ['gate', 'admission', '--review', path, ...more]);
      };
      const [one, two, three] = ['1', '2', '3'].map((digit) => `705ab4f5-6393-11e8-b7cc-42010a80000${digit}`);
      const waiting = await asCluster(one ?? '', 2);
      expect([waiting.exit, bodyOf(waiting)]).toMatchObject([3, { response: { uid: one, allowed: false } }]);
      await publishPolicy(server, people, {
        mode_matrix: { k8s_admission: { default: 'hard' } },
        approval: { required: { prod: false, nonprod: false } },
        entitlements: { hard_deny_above_monthly_usd: '100' },
      });
      const allowed = await asCluster(two ?? '', 1, '-o', 'table');
      expect([allowed.exit, allowed.stdout]).toMatchObject([0, expect.stringMatching(/^ALLOW /)]);
      const denied = await asCluster(three ?? '', 5, '-o', 'table');
      expect([denied.exit, denied.stdout]).toMatchObject([
        1,
        expect.stringMatching(new RegExp(`^DENY .*hard_deny_threshold_exceeded.* uid ${String(three)}\\n`)),
      ]);
    });

    it('is refused to a token that is no secret of a cluster', async () => {
      const path = await file('review.json', review('705ab4f5-6393-11e8-b7cc-420100000009', 1));
      expect((await verdict(people.dev, 'gate', 'admission', '--review', path)).exit).toBe(5);
    });
  });
});
