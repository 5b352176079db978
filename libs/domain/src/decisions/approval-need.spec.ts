import { describe, expect, it } from '@jest/globals';
import {
  type Ask,
  DomainWorld,
  type PolicyChange,
  policyWith,
  pricedAt,
} from '../../../../test/support/domain-world.js';
import type { ApprovalTree } from '../approvals/approval-tree.js';
import type { RoutingMatch, RoutingRule } from '../policy/policy.document.js';

const stage = (id: string): ApprovalTree => ({
  ...{ id, quorum: 2, roles: ['approver'], groups: [], subjects: [], deny_quorum: 1 },
});
const requiring = (id: string, match: RoutingMatch = {}, more: Partial<RoutingRule> = {}): RoutingRule =>
  ({ id, enabled: true, match, overrides: {}, effect: 'require', require: stage(id), ...more }) as RoutingRule;
const waiving = (id: string, match: RoutingMatch = {}): RoutingRule => ({
  ...{ id, enabled: true, match, overrides: {}, effect: 'waive', require: null },
});
const routed = (routing: readonly RoutingRule[], change: PolicyChange = {}): DomainWorld =>
  new DomainWorld(
    policyWith({ ...change, approval: { required: { prod: true, nonprod: true }, ...change.approval, routing } }),
  );
const routeOf = (world: DomainWorld, amount: string | null = '100', more: Ask = {}) =>
  world.ask(amount, more).approval?.routing_rule;
const report = (more: Parameters<typeof pricedAt>[1] = {}) =>
  pricedAt('100', {
    change: { creates: 1, updates: 0, deletes: 0, replaces: 0, resource_types: ['aws_db_instance', 'aws_eip'] },
    ...more,
  }).priceWith(null as never);

describe('who has to agree', () => {
  it.each<[string, RoutingMatch, Ask, Ask]>([
    ['environments', { environments: ['other', 'prod'] }, {}, { environment: 'dev' }],
    ['projects', { projects: ['x', 'w*b'] }, {}, { project: 'api' }],
    ['sources', { sources: ['cloud_event', 'terraform'] }, {}, { source: 'k8s_admission' }],
    ['action_prefixes', { action_prefixes: ['k8s.', 'terraform.d'] }, { action: 'terraform.destroy' }, {}],
    ['resource_types', { resource_types: ['aws_eip', 'aws_vpc'] }, { report: report() }, {}],
    ['risk', { risk: ['high'] }, { metadata: '{"risk_level":"high"}' }, {}],
    ['requesters', { requesters: ['an*'] }, { subject: 'ci', onBehalfOf: 'ana' }, { subject: 'ana', onBehalfOf: 'ci' }],
    ['requesters without anybody behind them', { requesters: ['dev-*'] }, {}, { subject: 'ana' }],
  ])('is said by the rule whose %s hold', (_, match, inside, outside) => {
    const world = routed([requiring('r', match)]);
    expect(routeOf(world, '100', inside)).toBe('r');
    expect(routeOf(world, '100', outside)).toBeNull();
  });

  it.each([
    ['99.9999', null],
    ['100', 'r'],
    ['200', 'r'],
    ['200.0001', null],
  ])('is said by a range of 100 to 200 with both ends in it: %s', (amount, rule) => {
    expect(
      routeOf(routed([requiring('r', { monthly_delta_usd: { min: '100.0000', max: '200.0000' } as never })]), amount),
    ).toBe(rule);
  });

  it.each([
    ['min', { min: '100.0000', max: null }, '1000000', '99'],
    ['max', { min: null, max: '100.0000' }, '26', '101'],
  ])('is said by a range that has only a %s', (_, range, inside, outside) => {
    const world = routed([requiring('r', { monthly_delta_usd: range as never })]);
    expect([routeOf(world, inside), routeOf(world, outside)]).toEqual(['r', null]);
  });

  it('is in no range where the cost is not known', () => {
    expect(routeOf(routed([requiring('r', { monthly_delta_usd: { min: null, max: null } })]), null)).toBeNull();
  });

  it('is nobody where a list of conditions is empty', () => {
    expect(routeOf(routed([requiring('r', { projects: [] })]))).toBeNull();
  });

  it('takes all conditions to hold together', () => {
    const world = routed([requiring('r', { projects: ['web'], sources: ['terraform'], environments: ['prod'] })]);
    expect(routeOf(world)).toBe('r');
    expect(routeOf(world, '100', { environment: 'dev' })).toBeNull();
  });

  it('is said by the first enabled rule that matches, and pinned with its tree', () => {
    const world = routed([
      requiring('off', {}, { enabled: false }),
      requiring('api', { projects: ['api'] }),
      requiring('first', { projects: ['web'] }),
      requiring('second'),
    ]);
    const recorded = world.ask('100');
    expect(recorded.approval).toMatchObject({ routing_rule: 'first', route: stage('first'), quorum: 1 });
    world.publish(policyWith());
    world.settle();
    expect(world.approvals.approvals.get(recorded.approval?.approval_id ?? '')?.requested.terms.route).toEqual(
      stage('first'),
    );
  });

  it('is one approver where no rule matches and the class asks for one', () => {
    const { approval } = routed([requiring('api', { projects: ['api'] })]).ask('100');
    expect(approval).toMatchObject({ routing_rule: null, quorum: 1 });
    expect(approval).not.toHaveProperty('route');
  });

  it('is somebody by a rule although the class asks for nobody', () => {
    const world = routed([requiring('r')], { approval: { required: { prod: false, nonprod: false } } });
    expect(world.ask('100')).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      reason_codes: expect.arrayContaining(['approval_required']),
    });
  });

  it('is said by its rule where a violation asks, in soft mode', () => {
    const world = routed([requiring('r')], { mode: 'soft', approval: { required: { prod: false } } });
    world.setBudget('10');
    expect(routeOf(world)).toBe('r');
  });
});

describe('a rule that waives', () => {
  it('asks nobody and says so', () => {
    expect(routed([waiving('w')]).ask('100')).toMatchObject({
      decision: 'ALLOW',
      reason_codes: ['approval_waived_by_route', 'no_budget_configured'],
      auto_approved_usd: null,
    });
  });

  it('is skipped where a violation needs an approval: the next rule says who agrees to it', () => {
    const world = routed([waiving('w'), requiring('r')], { mode: 'soft' });
    world.setBudget('10');
    const recorded = world.ask('100');
    expect(recorded).toMatchObject({ decision: 'REQUIRE_APPROVAL', approval: { routing_rule: 'r' } });
    expect(recorded.reason_codes).not.toContain('approval_waived_by_route');
  });

  it('wins over a rule behind it, and loses to one before it', () => {
    expect(routed([waiving('w'), requiring('r')]).ask('100').decision).toBe('ALLOW');
    expect(routed([requiring('r'), waiving('w')]).ask('100').decision).toBe('REQUIRE_APPROVAL');
  });

  it('waives what 8.3 asks for, never what a rule of 8.4 asks for', () => {
    const rule = {
      ...{ id: 'ask', effect: 'require_approval' as const, condition: 'true', enabled: true, message: '' },
      ...{ obligation: null, cost_budget: 1000 },
    };
    expect(routed([waiving('w')], { rules: [rule] }).ask('100')).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      reason_codes: ['rule_approval_required', 'approval_waived_by_route', 'no_budget_configured'],
    });
  });
});

describe('what a rule overrides', () => {
  it('is separation, clocks and justification; what it leaves out is the document’s', () => {
    const overrides = {
      separation: false,
      approve_by_seconds: 600,
      use_by_seconds: 120,
      token_ttl_seconds: 60,
      justification: { min_length: 40, ticket_pattern: '[A-Z]+-[0-9]+' },
    };
    const { approval } = routed([requiring('r', {}, { overrides })]).ask('100');
    expect(approval).toMatchObject({
      is_separation_required: false,
      approve_by_seconds: 600,
      use_by_seconds: 120,
      token_ttl_seconds: 60,
      justification_length_min: 40,
      ticket_pattern: '[A-Z]+-[0-9]+',
    });
    expect(routed([requiring('r')]).ask('100').approval).toMatchObject({
      is_separation_required: true,
      approve_by_seconds: 86_400,
      use_by_seconds: 14_400,
      token_ttl_seconds: 900,
      justification_length_min: 10,
      ticket_pattern: null,
    });
  });

  it('is whether a justification is asked for at all: without one nobody asks for its ticket either', () => {
    const none = { justification: { required: false, ticket_pattern: null } };
    const document = { approval: { justification: { min_length: 30, ticket_pattern: 'T-[0-9]+' } } };
    expect(routed([requiring('r', {}, { overrides: none })], document).ask('100').approval).toMatchObject({
      justification_length_min: 0,
      ticket_pattern: null,
    });
    expect(routed([], document).ask('100', { environment: 'dev' }).approval).toMatchObject({
      justification_length_min: 0,
      ticket_pattern: null,
    });
    const asked = { justification: { required: true } };
    expect(
      routed([requiring('r', {}, { overrides: asked })], document).ask('100', { environment: 'dev' }).approval,
    ).toMatchObject({ justification_length_min: 30, ticket_pattern: 'T-[0-9]+' });
  });
});

describe('auto-approval', () => {
  const SMALL = ['auto_approved_below_threshold', 'no_budget_configured'];

  it('clears a need that a route states as well as one of the class', () => {
    expect(routed([requiring('r')]).ask('25')).toMatchObject({ decision: 'ALLOW', reason_codes: SMALL });
    expect(routed([requiring('r')]).ask('25.0001').decision).toBe('REQUIRE_APPROVAL');
  });

  it('never clears what a rule asks for, and uses nothing up then', () => {
    const rule = {
      ...{
        id: 'ask',
        effect: 'require_approval' as const,
        condition: 'cost.monthly > usd("5")',
        enabled: true,
        message: '',
      },
      ...{ obligation: null, cost_budget: 1000 },
    };
    const world = routed([], { rules: [rule] });
    expect(world.ask('20')).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      auto_approved_usd: null,
      reason_codes: ['approval_required', 'rule_approval_required', 'no_budget_configured'],
    });
    expect(world.ask('5')).toMatchObject({ decision: 'ALLOW', auto_approved_usd: '5.0000' });
  });

  it('never takes an unknown cost for a small one, also where a waiver lets it pass', () => {
    const world = routed([], { pricing: { unknown: { prod: 'violation' } } });
    world.grantWaiver(['cost_unknown', 'cost_partial']);
    expect(world.ask(null)).toMatchObject({ decision: 'REQUIRE_APPROVAL', auto_approved_usd: null });
    const partly = report({ completeness: 'partial', monthly: 1_000_000n as never });
    expect(world.ask(null, { report: partly })).toMatchObject({ decision: 'REQUIRE_APPROVAL' });
  });

  it('clears only its own finding where the money is short: soft mode still asks', () => {
    const world = routed([], { mode: 'soft' });
    world.setBudget('10');
    expect(world.ask('20')).toMatchObject({
      decision: 'REQUIRE_APPROVAL',
      finding: 'violation',
      auto_approved_usd: null,
      hold: { total_usd: '10.0000' },
    });
  });
});
