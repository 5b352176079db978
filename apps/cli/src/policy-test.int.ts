import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureOf, withCliWorld } from './testing/cli-world.js';
import type { CliRun } from './testing/run-cli.js';

const EXAMPLE = fileURLToPath(new URL('../../../examples/policy-cases/', import.meta.url));
const POLICY = join(EXAMPLE, 'policy.json');

const { file: write, bare } = withCliWorld();
const test = (...argv: readonly string[]): Promise<CliRun> => bare(['policy', 'test', ...argv]);
const policy = async (change: (document: Record<string, unknown>) => void): Promise<string> => {
  const document = JSON.parse(await readFile(POLICY, 'utf8')) as Record<string, unknown>;
  change(document);
  await write('policy.json', JSON.stringify(document));
  return 'policy.json';
};
const CASE = `
name: a small change in dev passes
now: 2026-11-22T10:00:00Z
ask: { project_id: web, environment: dev, estimated_monthly_delta_usd: 20, metadata: { owner: x } }
expect: { decision: ALLOW }
`;

describe('policy test', () => {
  it('passes the cases of the example, without a server, whatever the time is', async () => {
    const { exit, stdout, stderr } = await test(POLICY, '--cases', EXAMPLE, '-o', 'table');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toBe(
      [
        'ok    what was asked before counts against the budget',
        'ok    a database in production goes to the data team',
        'ok    an unknown cost is refused in production',
        'ok    a saving needs nobody',
        '4 cases, 0 failed, 0 rules and routes without a case\n',
      ].join('\n'),
    );
  });

  it('fails where a rule was taken out that a case counts on, and shows what came instead', async () => {
    const file = await policy((document) => {
      document['rules'] = (document['rules'] as { readonly id: string }[]).filter(
        ({ id }) => id !== 'no-unknown-cost-in-prod',
      );
    });
    const { exit, stdout } = await test(file, '--cases', EXAMPLE);
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'verdict.policy.test.report.v1',
      failed: 1,
      uncovered: { rules: [], routes: [] },
    });
    const { stdout: text } = await test(file, '--cases', EXAMPLE, '-o', 'table');
    expect(text).toContain('FAIL  an unknown cost is refused in production\n      REQUIRE_APPROVAL (');
    expect(text).toContain('decision: expected "DENY", got "REQUIRE_APPROVAL"');
  });

  it('fails where no case meets an enabled rule or route', async () => {
    const file = await policy((document) => {
      (document['rules'] as object[]).push({ id: 'new-one', condition: 'cost.monthly < 0', effect: 'deny' });
      (document['rules'] as object[]).push({ id: 'off', condition: 'true', effect: 'deny', enabled: false });
    });
    await write('one.case.yaml', CASE);
    const { exit, stdout } = await test(file, '--cases', 'one.case.yaml');
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      failed: 0,
      uncovered: {
        rules: ['no-unknown-cost-in-prod', 'tag-the-owner', 'large-needs-report', 'new-one'],
        routes: ['data-team', 'savings-pass'],
      },
    });
  });

  it('lists the defects of a policy that is none, conditions that do not compile among them', async () => {
    const file = await policy((document) => {
      (document['rules'] as object[]).push({ id: 'bad', condition: 'cost.yearly > 0', effect: 'deny' });
    });
    const result = await test(file, '--cases', EXAMPLE);
    expect([result.exit, failureOf(result)]).toMatchObject([
      1,
      {
        code: 'policy_invalid',
        errors: [{ pointer: '/rules/3/condition', detail: 'line 1, column 6: No such key: yearly' }],
      },
    ]);
  });

  it.each([
    ['a member that nobody knows', `${CASE}\nwhat: 1`, 'Unrecognized key'],
    ['no clock', CASE.replace(/now:.*\n/, ''), 'now'],
    ['an amount with 5 places', CASE.replace('20,', '"20.00001",'), 'no amount'],
    [
      'an hourly amount with 7 places',
      CASE.replace('20,', '20, estimated_hourly_delta_usd: "0.0273971",'),
      'no amount',
    ],
    ['a budget below nothing', `${CASE}\ngiven: { budgets: [{ scope: tenant, limit_usd: -1 }] }`, 'negative'],
    ['a credit of nothing', `${CASE}\ngiven: { credits: [{ pool: reserved, total_amount_usd: 0 }] }`, 'above 0'],
    ['nothing that is expected', CASE.replace('{ decision: ALLOW }', '{}'), 'expects nothing'],
    ['no YAML', 'a: [', 'Flow sequence'],
    [
      'aliases without end',
      `a: &a [x]\n${Array.from({ length: 9 }, (_, n) => `b${String(n)}: &b${String(n)} [${'*a,'.repeat(30)}]`).join('\n')}`,
      'alias',
    ],
  ])('cannot read a case with %s', async (_, text, detail) => {
    await write('bad.case.yaml', text);
    const result = await test(POLICY, '--cases', 'bad.case.yaml');
    expect([result.exit, failureOf(result)]).toMatchObject([
      2,
      { code: 'case_invalid', detail: expect.stringContaining(detail) },
    ]);
  });

  it('reads an hourly amount as the gate does, with 6 places', async () => {
    await write('hourly.case.yaml', CASE.replace('20,', '20, estimated_hourly_delta_usd: "0.027397",'));
    const { stdout } = await test(POLICY, '--cases', 'hourly.case.yaml');
    expect(JSON.parse(stdout)).toMatchObject({ cases: [{ passed: true }] });
  });

  it('cannot read a folder without cases, or one that is not there', async () => {
    expect(failureOf(await test(POLICY, '--cases', '.'))).toMatchObject({ code: 'cases_missing' });
    expect(failureOf(await test(POLICY, '--cases', 'nowhere'))).toMatchObject({ code: 'file_unreadable' });
  });

  it('fails a case whose question the gate would refuse', async () => {
    await write('plan.json', '{"format_version":"1.2","resource_changes":{}}');
    await write('bad.case.yaml', CASE.replace('metadata: { owner: x }', 'plan: plan.json'));
    const { exit, stdout } = await test(POLICY, '--cases', 'bad.case.yaml');
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      cases: [
        { passed: false, decision: null, failures: [{ what: 'question', actual: { code: 'validation_failed' } }] },
      ],
    });
  });
});

describe('a monthly delta in a case is charged as often as the gate charges it: months_charged', () => {
  const yearly = (budget: string): string => `
name: against a budget
now: 2026-11-22T10:00:00Z
given: { budgets: [{ scope: tenant, limit_usd: 1200, ${budget} }] }
ask: { project_id: web, environment: dev, estimated_monthly_delta_usd: 200, metadata: { owner: x } }
expect: { without_reason_codes: [budget_exceeded] }
`;
  it.each([
    ['1 of a month', 'period: month', true],
    ['3 of a quarter', 'period: quarter', true],
    ['12 of a year', 'period: year', false],
    ['1 of a total', 'period: total', true],
    ['what the case says, of a year too', 'period: year, months_charged: 6', true],
    ['what the case says, of a quarter too', 'period: quarter, months_charged: 7', false],
  ])('is %s', async (_, budget, passed) => {
    await write('year.case.yaml', yearly(budget));
    const { stdout } = await test(POLICY, '--cases', 'year.case.yaml');
    expect(JSON.parse(stdout)).toMatchObject({ cases: [{ passed }] });
  });

  it('which is 3 of a quarter, and no less', async () => {
    await write('year.case.yaml', yearly('period: quarter').replace('delta_usd: 200', 'delta_usd: 400.0001'));
    expect(JSON.parse((await test(POLICY, '--cases', 'year.case.yaml')).stdout)).toMatchObject({
      cases: [{ passed: false }],
    });
  });
});
