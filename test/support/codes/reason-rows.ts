import type { ReasonCode } from '@verdict/domain';
import { randomUUID } from 'node:crypto';
import { pause } from '../e2e/processes.js';
import type { Standalone } from '../e2e/standalone.js';
import { approvalOf, aCluster, deployment, saidOf } from './cluster.js';
import { ask, createBudget, jsonFixture, MONEY_ONLY, must, publishBook, publishPolicy } from '../e2e/story.js';
import type { People } from '../e2e/tokens.js';

/** A running server and a tenant that nobody else uses. */
export interface CodeWorld {
  readonly server: Standalone;
  readonly people: People;
}

/** One reason code, in what situation it is said, and how to make it be said. */
export interface ReasonRow {
  readonly code: ReasonCode;
  readonly when: string;
  /** Answers a verdict that has the code among its reasons. */
  readonly ask: (world: CodeWorld) => Promise<{ readonly reason_codes: readonly string[] }>;
}

const BAD_MONEY = { entitlements: { plan_ceiling_monthly_usd: '100' } } as const;

const gate = async ({ server, people }: CodeWorld, body: unknown) =>
  (await must(server, 'gateTerraform', { as: people.dev, body })).body;

/** A policy, then one question under it. */
const under =
  (document: unknown, body: unknown): ReasonRow['ask'] =>
  async (world) => {
    await publishPolicy(world.server, world.people, document);
    return gate(world, body);
  };
/** The default policy, one question. */
const plain =
  (body: unknown): ReasonRow['ask'] =>
  (world) =>
    gate(world, body);
const withRule = (effect: string, condition = 'true') => ({
  ...MONEY_ONLY,
  rules: [{ id: 'r', condition, effect }],
});
const withBudget =
  (document: unknown, amount: string, limit = '100'): ReasonRow['ask'] =>
  async (world) => {
    await publishPolicy(world.server, world.people, document);
    await createBudget(world.server, world.people, limit);
    return gate(world, ask(amount));
  };
const withPlan =
  (fixture: string, more: Readonly<Record<string, unknown>> = {}): ReasonRow['ask'] =>
  async (world) => {
    await publishBook(world.server, world.people, fixture);
    const body = { ...ask('1'), estimated_monthly_delta_usd: undefined, plan: jsonFixture(fixture, 'plan.json') };
    return gate(world, { ...body, ...more });
  };
const shadow = { ...MONEY_ONLY, mode_matrix: { terraform: { default: 'shadow' } } };
const soft = { ...MONEY_ONLY, mode_matrix: { terraform: { default: 'soft' } } };
const entitled = (entitlements: unknown) => ({
  ...MONEY_ONLY,
  entitlements: { ...MONEY_ONLY.entitlements, ...(entitlements as object) },
});

/** A Deployment that needs an approval, a vote about it, and the same Deployment again. */
const afterVote =
  (vote: 'approve' | 'deny'): ReasonRow['ask'] =>
  async (world) => {
    const { api } = await aCluster(world);
    const first = await api.create('deployments', deployment(2));
    await must(world.server, vote, {
      as: world.people.lead,
      params: { approval_id: approvalOf(first) },
      body: { notes: 'we have talked about it' },
    });
    return saidOf(await api.create('deployments', deployment(2)));
  };

/** A budget of forecasts, of which nobody has imported the cost. */
const withoutData =
  (mode: string): ReasonRow['ask'] =>
  async (world) => {
    await publishPolicy(world.server, world.people, { ...MONEY_ONLY, mode_matrix: { terraform: { default: mode } } });
    const body = { scope: 'tenant', limit_usd: '1000', basis: 'forecast' };
    await must(world.server, 'createBudget', { as: world.people.admin, body });
    return gate(world, ask('5'));
  };
/** A budget that is too small, and credits of one pool for the rest. */
const withCredits =
  (pool: string): ReasonRow['ask'] =>
  async (world) => {
    await must(world.server, 'grantCredit', {
      as: world.people.admin,
      key: randomUUID(),
      body: { pool, scope: 'tenant', total_amount_usd: '1000', reason: 'for the season' },
    });
    return withBudget(MONEY_ONLY, '500')(world);
  };
const inADay = (): string => new Date(Date.now() + 86_400_000).toISOString();

/** Reason codes that a verdict of this release can have. Order of contract section 17.1. */
export const REASON_ROWS: readonly ReasonRow[] = [
  { code: 'rule_denied', when: 'a rule that denies matches', ask: under(withRule('deny'), ask('5')) },
  {
    code: 'rule_evaluation_error',
    when: 'a rule reads metadata that is not there',
    ask: under(withRule('deny', 'int(request.metadata.missing) > 0'), ask('5')),
  },
  {
    code: 'hard_deny_threshold_exceeded',
    when: 'the change costs more than anybody may approve',
    ask: under(entitled({ hard_deny_above_monthly_usd: '100' }), ask('500')),
  },
  {
    code: 'plan_limit_exceeded',
    when: 'the plan ceiling is lower than the change',
    ask: under(entitled(BAD_MONEY.entitlements), ask('500')),
  },
  { code: 'budget_exceeded', when: 'the budget has no room', ask: withBudget(MONEY_ONLY, '500') },
  {
    code: 'enterprise_ceiling_exceeded',
    when: 'the enterprise ceiling is lower than the change',
    ask: under(entitled({ enterprise_ceiling_monthly_usd: '100' }), ask('500')),
  },
  {
    code: 'budget_missing',
    when: 'the policy wants a budget and there is none',
    ask: under(entitled({ require_budget: { prod: true } }), ask('5')),
  },
  {
    code: 'cost_unknown',
    when: 'there is no amount and nothing that could be priced',
    ask: plain({ ...ask('5'), estimated_monthly_delta_usd: undefined }),
  },
  { code: 'cost_partial', when: 'a part of the plan cannot be priced', ask: withPlan('priced-unknowns') },
  {
    code: 'cost_declared_refused',
    when: 'the policy takes no amount without evidence',
    ask: under({ ...MONEY_ONLY, pricing: { declared: { prod: 'refuse' } } }, ask('5')),
  },
  {
    code: 'cost_annotation_invalid',
    when: 'an annotation has an amount that is none',
    ask: async (world) => {
      const { api } = await aCluster(world);
      const amount = { 'verdict.io/estimated-monthly-delta-usd': 'NaN' };
      return saidOf(await api.create('deployments', deployment(1, amount)));
    },
  },
  {
    code: 'forecast_exceeded',
    when: 'the month will cost more than the budget of forecasts has',
    ask: async (world) => {
      const { server, people } = world;
      const day = (ahead: number): string =>
        `${new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10)}T00:00:00Z`;
      const row = {
        ChargePeriodStart: day(0),
        ChargePeriodEnd: day(1),
        EffectiveCost: '50',
        BillingCurrency: 'USD',
        ServiceName: 'EC2',
        ResourceId: 'i-1',
        x_project_id: 'web',
        x_environment: 'prod',
        x_status: 'final',
      };
      await publishPolicy(server, people, MONEY_ONLY);
      await must(server, 'importCosts', { as: people.admin, key: randomUUID(), body: { rows: [row] } });
      const body = { scope: 'tenant', limit_usd: '20', basis: 'forecast' };
      await must(server, 'createBudget', { as: people.admin, body });
      // The gate hears of the import from the journal of another service.
      for (let turn = 0; ; turn += 1) {
        const verdict = await gate(world, ask('5', { resource_reference: `aws_instance.turn_${turn}` }));
        if (verdict.reason_codes.includes('forecast_exceeded') || turn === 50) return verdict;
        await pause(100);
      }
    },
  },
  {
    code: 'computed_context_unavailable',
    when: 'a budget of forecasts has no data',
    ask: withoutData('hard'),
  },
  { code: 'approval_denied_recently', when: 'an approval of it was just denied', ask: afterVote('deny') },
  {
    code: 'batch_rolled_back',
    when: 'another member of an atomic batch may not go ahead',
    ask: async (world) => {
      const { server, people } = world;
      await publishPolicy(server, people, MONEY_ONLY);
      await createBudget(server, people, '100');
      const members = [ask('5'), ask('500', { resource_reference: 'aws_instance.large' })];
      const items = members.map((member) => ({ ...member, source: 'terraform' }));
      return (await must(server, 'gateBatch', { as: people.dev, body: { items, atomic: true } })).body.items[0].verdict;
    },
  },
  { code: 'shadow_mode_override', when: 'shadow mode lets a violation pass', ask: withBudget(shadow, '500') },
  { code: 'soft_mode_escalation', when: 'soft mode asks about a violation', ask: withBudget(soft, '500') },
  { code: 'hard_mode_denied', when: 'hard mode denies a violation', ask: withBudget(MONEY_ONLY, '500') },
  { code: 'shadow_mode_cost_context_override', when: 'shadow mode lets that pass', ask: withoutData('shadow') },
  { code: 'soft_mode_cost_context_escalation', when: 'soft mode asks about that', ask: withoutData('soft') },
  { code: 'hard_mode_cost_context_closed', when: 'hard mode denies that', ask: withoutData('hard') },
  {
    code: 'shadow_mode_approval_override',
    when: 'shadow mode lets pass what needs an approval',
    ask: under({ mode_matrix: { terraform: { default: 'shadow' } } }, ask('500')),
  },
  { code: 'approval_required', when: 'prod needs an approval', ask: plain(ask('500')) },
  {
    code: 'rule_approval_required',
    when: 'a rule that wants an approval matches',
    ask: under(withRule('require_approval'), ask('5')),
  },
  {
    code: 'auto_approve_cap_reached',
    when: 'small changes of one person add up to more than the cap',
    ask: async (world) => {
      const small = (part: number) => gate(world, ask('24', { resource_reference: `aws_instance.part_${part}` }));
      for (const part of [1, 2, 3, 4]) await small(part);
      return small(5);
    },
  },
  { code: 'auto_approved_below_threshold', when: 'the change is small', ask: plain(ask('24')) },
  {
    code: 'approval_waived_by_route',
    when: 'a routing rule waives the approval',
    ask: under({ approval: { routing: [{ id: 'w', effect: 'waive' }] } }, ask('500')),
  },
  { code: 'approval_grant_used', when: 'an approval of it was granted', ask: afterVote('approve') },
  {
    code: 'exception_used',
    when: 'a waiver covers the change',
    ask: async (world) => {
      await must(world.server, 'grantWaiver', {
        as: world.people.admin,
        body: {
          waives: ['approval_required'],
          owner: 'ann',
          reason: 'migration',
          ticket: 'T-1',
          expires_at: inADay(),
        },
      });
      return gate(world, ask('500'));
    },
  },
  { code: 'credit_waterfall_used', when: 'credits pay a part', ask: withCredits('reserved') },
  { code: 'reserved_credit_waterfall_used', when: 'reserved credits do', ask: withCredits('reserved') },
  { code: 'emergency_credit_waterfall_used', when: 'emergency credits do', ask: withCredits('emergency') },
  { code: 'no_budget_configured', when: 'no budget covers the project', ask: under(MONEY_ONLY, ask('5')) },
  {
    code: 'environment_unknown_strict',
    when: 'the policy does not know the environment',
    ask: plain(ask('5', { environment: 'live-eu' })),
  },
  { code: 'cost_declared_unverified', when: 'the amount is the word of the caller', ask: plain(ask('5')) },
  {
    code: 'cost_declared_mismatch',
    when: 'the plan costs another amount than was declared',
    ask: withPlan('aws-web-stack', { estimated_monthly_delta_usd: '20' }),
  },
  {
    code: 'risk_raised_by_caller',
    when: 'the caller says that the change is risky',
    ask: plain(ask('10', { environment: 'nonprod', metadata: { risk_level: 'high' } })),
  },
  { code: 'rule_warned', when: 'a rule that warns matches', ask: under(withRule('warn'), ask('5')) },
  { code: 'cost_decrease', when: 'the change saves money', ask: under(MONEY_ONLY, ask('-300')) },
  { code: 'no_cost_change', when: 'the change costs nothing', ask: under(MONEY_ONLY, ask('0')) },
  { code: 'dry_run', when: 'it was only a question', ask: plain(ask('5', { dry_run: true })) },
  { code: 'within_policy', when: 'nothing is to be said', ask: withBudget(MONEY_ONLY, '5') },
];

const NO_OPERATOR = 'operators set modes by the operations service, which this release does not have';
const NO_DEADLINE = 'fail-safe verdicts come with the local spool, which this release does not have';
const LATER = 'said by later entries of other journals, never by a verdict';
/** Reason codes that no verdict of this release has, and why. */
export const REASONS_NOT_YET: Readonly<Partial<Record<ReasonCode, string>>> = {
  stop_active: NO_OPERATOR,
  override_disabled: NO_OPERATOR,
  override_shadow: NO_OPERATOR,
  override_monitor: NO_OPERATOR,
  gate_timeout: NO_DEADLINE,
  gate_lock_timeout: NO_DEADLINE,
  gate_evaluation_error: NO_DEADLINE,
  gate_log_unavailable: NO_DEADLINE,
  gate_overloaded: NO_DEADLINE,
  gate_override_stale: NO_OPERATOR,
  shadow_mode_fail_open: NO_DEADLINE,
  soft_mode_fail_safe_escalation: NO_DEADLINE,
  hard_mode_fail_closed: NO_DEADLINE,
  reservation_reconciled: LATER,
  reservation_reconciliation_drift: LATER,
  reservation_assumed_spent: LATER,
  reservation_auto_released_sla: LATER,
  hold_voided: LATER,
  hold_expired: LATER,
  decision_reanswered: LATER,
};

/** Reason codes that another test makes be said; the file names the code. */
export const REASONS_ELSEWHERE: Readonly<Partial<Record<ReasonCode, string>>> = {};
