import { type Instant, microUsd, type PolicyRule, type RuleVariables } from '@verdict/domain';

const now = '2026-11-22T02:13:17.250Z' as Instant;
const usd = (dollars: bigint) => microUsd(dollars * 1_000_000n);

/** A change of 412 USD a month in production. */
export const VARIABLES: RuleVariables = {
  request: {
    source: 'terraform',
    action: 'terraform.apply',
    project_id: 'web',
    environment: 'prod',
    environment_class: 'prod',
    resource_reference: 'module.db.aws_db_instance.main',
    resource_types: ['aws_db_instance', 'aws_instance'],
    metadata: '{"blocked":false,"labels":{"team":"data"},"none":null,"ratio":0.5,"replicas":3,"tags":["a","b","c"]}',
    dry_run: false,
  },
  actor: { subject: 'ci@acme', kind: 'service', roles: ['requester'], groups: ['platform'], on_behalf_of: null },
  cost: {
    monthly: usd(412n),
    hourly: microUsd(564_384n),
    method: 'price_book',
    completeness: 'partial',
    priced: 5,
    unpriced: 1,
  },
  change: { creates: 2, updates: 1, deletes: 0, replaces: 1, destructive: true },
  budget: {
    matched: [
      { scope: 'tenant', period: 'month', limit: usd(4000n), spent: usd(1000n), held: usd(500n), headroom: usd(2500n) },
      { scope: 'project:web', period: 'month', limit: usd(500n), spent: usd(300n), held: usd(0n), headroom: usd(200n) },
    ],
    fundable: usd(200n),
    unfunded: usd(212n),
  },
  credits: { reserved: usd(0n), emergency: usd(50n) },
  context: {
    mtd: usd(3100n),
    burn_daily: usd(310n),
    forecast_eom: usd(9300n),
    anomaly: 'spike',
    observed_days: 10,
    data_source_mode: 'mixed',
    stale: false,
    project: null,
  },
  risk: { score: 6, class: 'high' },
  now,
};

export const ruleOf = (condition: string, more: Partial<PolicyRule> = {}): PolicyRule => ({
  id: 'r1',
  enabled: true,
  condition,
  effect: 'deny',
  message: 'no',
  obligation: null,
  cost_budget: 10_000,
  ...more,
});
