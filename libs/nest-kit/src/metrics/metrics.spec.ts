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
