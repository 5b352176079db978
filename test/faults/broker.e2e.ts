import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pause, waitUntil } from '../support/e2e/processes.js';
import { PROCESSES, type ProcessName, ScaleOut } from '../support/e2e/scale-out.js';
import { underLoad } from '../support/faults/expect-all-well.js';
import { holdProjections } from '../support/faults/hold-projections.js';
import { type KafkaBroker, startKafkaBroker } from '../support/kafka/broker.mjs';
import { describeKafkaServer } from '../support/kafka/describe-kafka.js';

const BROKER_AWAY_MS = 20_000;
const TAKE_OVER_MS = 120_000;

describeKafkaServer('a deployment over Kafka', () => {
  let broker: KafkaBroker;
  let deployment: ScaleOut;

  beforeAll(async () => {
    broker = await startKafkaBroker();
    deployment = await ScaleOut.start({ brokers: broker.brokers });
  }, 600_000);
  afterAll(async () => {
    await deployment.dispose();
    await broker.stop();
  }, 300_000);

  /** The gate that relays the decisions. */
  const relaying = async (gates: readonly ProcessName[]): Promise<ProcessName | undefined> => {
    const leads = await Promise.all(gates.map((name) => deployment.metric(name, 'relay_leader', 'kind="decisions"')));
    return gates.find((_, index) => leads[index] === 1);
  };

  it('goes on deciding, approving and settling while the broker is stopped for 20 s, and catches up', async () => {
    await underLoad(deployment, async (pipelines) => {
      await broker.pause();
      const from = pipelines.commands.length;
      await pause(BROKER_AWAY_MS);
      for (const route of ['gateTerraform', 'gatePreflight', 'approve', 'consume', 'reconcile'] as const)
        expect([route, pipelines.done(route, from) > 0]).toEqual([route, true]);
      expect(await deployment.gaugesAboveZero()).toContainEqual(expect.stringContaining('relay_lag_seconds'));
      await broker.restart();
    });
  }, 600_000);

  it('loses nothing when the broker is killed and comes back with its data', async () => {
    await underLoad(deployment, async (pipelines) => {
      await broker.kill();
      await pipelines.goOn();
      await broker.restart();
      await pipelines.goOn();
    });
  }, 600_000);

  it('projects nothing twice and skips nothing when a consumer is killed in the middle of a batch', async () => {
    await underLoad(deployment, async (pipelines) => {
      const held = await holdProjections(deployment.postgres.url);
      try {
        await waitUntil(
          'every process is in a transaction',
          async () => (await held.waitingCount()) === PROCESSES.length,
          120_000,
        );
        await deployment.kill9('audit-export');
      } finally {
        await held.release();
      }
      await pipelines.goOn();
      await deployment.run('audit-export');
    });
  }, 600_000);

  it('has one outcome per key when a gate is killed under load, and the other takes over its relay', async () => {
    await underLoad(deployment, async (pipelines) => {
      const gates = ['gate-1', 'gate-2'] as const;
      const killed = (await relaying(gates)) ?? 'gate-1';
      const other = gates.find((name) => name !== killed) ?? 'gate-2';
      await deployment.kill9(killed);
      await pipelines.goOn();
      await waitUntil('the other gate relays', async () => (await relaying([other])) === other, TAKE_OVER_MS);
      await deployment.run(killed);
      await pipelines.goOn();
    });
  }, 600_000);
});
