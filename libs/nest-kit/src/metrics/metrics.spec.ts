import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { Cells } from './cells.js';
import { FastCounter, FastHistogram } from './instruments.js';
import { Metrics } from './metrics.js';

const printed = async (metrics: Metrics): Promise<readonly string[]> => (await metrics.registry.metrics()).split('\n');

describe('the metrics', () => {
  it('carry the prefix, and the lock events also the alias', async () => {
    const metrics = new Metrics({ withProcess: false });
    metrics.gateLockEvents.inc('terraform', 'contended');
    const lines = await printed(metrics);
    for (const prefix of ['valdrics_ops_', 'valdrix_ops_']) {
      expect(lines).toContain(`${prefix}enforcement_gate_lock_events_total{source="terraform",event="contended"} 1`);
    }
    expect(lines.filter((line) => line.startsWith('valdrix_ops_') && !line.includes('gate_lock_events_total'))).toEqual(
      [],
    );
  });

  it('show every closed combination at 0 before its first event', async () => {
    const lines = await printed(new Metrics({ withProcess: false, reasonCodes: ['within_policy'] }));
    const at = 'valdrics_ops_enforcement_';
    expect(lines).toContain(`${at}gate_decisions_total{source="cloud_event",decision="DENY",path="failsafe"} 0`);
    expect(lines).toContain(`${at}gate_decision_reasons_total{source="terraform",reason="within_policy"} 0`);
    expect(lines).toContain(`${at}gate_failures_total{source="k8s_admission",failure_type="override_stale"} 0`);
    expect(lines).toContain(`${at}gate_latency_seconds_count{source="terraform",path="replay"} 0`);
  });

  it('name no tenant, project, actor, id or path', async () => {
    const text = await new Metrics().registry.metrics();
    expect(text).not.toMatch(/[{,](?:tenant|project|actor|id|environment)[a-z_]*=/);
  });

  it('of one app are not those of another', async () => {
    const [one, two] = [new Metrics({ withProcess: false }), new Metrics({ withProcess: false })];
    one.exportEvents.inc('bundle', 'success');
    expect(await printed(two)).toContain(
      'valdrics_ops_enforcement_export_events_total{artifact="bundle",outcome="success"} 0',
    );
  });

  it('include the memory of the process and the lag of its event loop', async () => {
    const text = await new Metrics().registry.metrics();
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  });
});

const SOURCE = ['terraform', 'k8s_admission', 'cloud_event'];
const OUTCOME = ['ALLOW', 'ALLOW_WITH_CREDITS', 'REQUIRE_APPROVAL', 'DENY'];
/** The groups gate, policy, approvals, reservations and edge of contract section 15, as far as they are built. */
const CLOSED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  gate_decisions_total: { source: SOURCE, decision: OUTCOME, path: ['normal', 'failsafe', 'replay'] },
  gate_failures_total: {
    source: SOURCE,
    failure_type: [
      ...['timeout', 'lock_timeout', 'evaluation_error', 'log_unavailable', 'overloaded', 'override_stale'],
    ],
  },
  gate_lock_events_total: { source: SOURCE, event: ['acquired', 'contended', 'timeout', 'error'] },
  gate_lock_wait_seconds_count: { source: SOURCE, outcome: ['acquired', 'timeout'] },
  gate_would_be_decisions_total: {
    source: SOURCE,
    decision: OUTCOME,
    override: ['enforce', 'monitor', 'shadow', 'disabled', 'stop'],
  },
  gate_exposure_usd_total: { source: SOURCE, cause: ['override', 'mode', 'failsafe'] },
  gate_idempotency_events_total: { source: SOURCE, event: ['replay', 'conflict', 'expired'] },
  gate_queue_depth: {},
  reaction_failures_total: { writer: ['gate', 'approvals', 'reconciliation'] },
  policy_changes_total: {
    kind: [
      ...['published', 'scheduled', 'rolled_back', 'rollout', 'budget', 'credit', 'price_book', 'exception'],
      'integration',
    ],
  },
  budget_alerts_total: { threshold: ['50', '80', '100', 'other'] },
  credits_expired_usd_total: { pool: ['reserved', 'emergency'] },
  challenger_divergence_total: { source: SOURCE },
  approval_requests_total: { source: SOURCE, outcome: ['opened', 'granted', 'denied', 'expired', 'withdrawn'] },
  approval_token_events_total: {
    event: [
      ...['issued', 'reissued', 'consumed', 'replay_detected', 'tampered', 'validation_failed'],
      ...['token_tenant_mismatch', 'token_expired', 'approval_not_found', 'consumer_not_permitted'],
      ...['token_superseded', 'approval_expired', 'approval_not_active', 'binding_source_mismatch'],
      ...['binding_project_mismatch', 'binding_environment_mismatch', 'binding_fingerprint_mismatch'],
      ...['binding_resource_mismatch', 'binding_cost_exceeded', 'stop_active'],
    ],
  },
  approval_queue_backlog: {},
  approval_oldest_pending_seconds: {},
  approval_grant_uses_total: { outcome: ['used', 'cap_exceeded', 'expired'] },
  reservation_reconciliations_total: {
    trigger: ['manual', 'replay', 'overdue', 'import', 'correction'],
    status: ['matched', 'overage', 'savings', 'assumed', 'released', 'late_actual'],
  },
  reservation_drift_usd_total: { direction: ['overage', 'savings'] },
  reservations_active: {},
  reservations_overdue: {},
  reconciliation_sweep_runs_total: { status: ['ok', 'error'] },
  reconciliation_exceptions_open: { kind: ['overage', 'savings', 'overrun', 'late_actual', 'unreconciled'] },
  reconciliation_exceptions_past_due: { kind: ['overage', 'savings', 'overrun', 'late_actual', 'unreconciled'] },
  actual_cost_rows_total: { status: ['accepted', 'replaced', 'refused'] },
  webhook_auth_failures_total: { way: ['mtls', 'bearer', 'path', 'hmac', 'none'] },
  cross_tenant_refusals_total: {},
};

describe('each metric of the contract', () => {
  it.each(Object.entries(CLOSED))('%s has the labels and values of its closed sets, all at 0', async (name, labels) => {
    const at = `valdrics_ops_enforcement_${name}`;
    const shown = (await printed(new Metrics({ withProcess: false }))).filter(
      (line) => line.startsWith(`${at} `) || line.startsWith(`${at}{`),
    );
    const combined = Object.entries(labels).reduce<readonly string[]>(
      (rows, [label, values]) => rows.flatMap((row) => values.map((value) => `${row},${label}="${value}"`)),
      [''],
    );
    const expected = combined.map((row) => `${at}${row === '' ? '' : `{${row.slice(1)}}`} 0`);
    expect([...shown].sort()).toEqual([...expected].sort());
  });
});

describe('a histogram', () => {
  it('counts each value in its bucket and every larger one', async () => {
    const registry = new Registry();
    const histogram = new FastHistogram<[kind: string]>({
      registry,
      names: ['h'],
      help: 'h',
      labels: ['kind'],
      buckets: [1, 2],
    });
    for (const value of [1, 1.5, 3]) histogram.observe(value, 'a');
    const lines = (await registry.metrics()).split('\n');
    expect(lines.filter((line) => line.startsWith('h'))).toEqual([
      'h_bucket{le="1",kind="a"} 1',
      'h_bucket{le="2",kind="a"} 2',
      'h_bucket{le="+Inf",kind="a"} 3',
      'h_sum{kind="a"} 5.5',
      'h_count{kind="a"} 3',
    ]);
    expect(await registry.getMetricsAsJSON()).toHaveLength(1);
  });
});

describe('a counter', () => {
  it('never falls', async () => {
    const registry = new Registry();
    const counter = new FastCounter<[]>({ registry, names: ['c'], help: 'c', labels: [] });
    counter.add(2.5);
    counter.add(-1);
    counter.add(Number.NaN);
    expect((await registry.metrics()).split('\n')).toContain('c 2.5');
  });
});

describe('label values', () => {
  it('beyond the maximum share one cell named other', () => {
    const cells = new Cells(() => ({ value: 0 }), 2);
    for (const name of ['a', 'b', 'c', 'd', 'a']) cells.at([name]).value += 1;
    expect([...cells.all()].map(({ values, cell }) => [values[0], cell.value])).toEqual([
      ['a', 2],
      ['b', 1],
      ['other', 2],
    ]);
  });
});
