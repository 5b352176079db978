import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pause, waitUntil } from '../support/e2e/processes.js';
import { ScaleOut } from '../support/e2e/scale-out.js';
import { type EventStoreServer, startEventStoreServer } from '../support/eventstore-server/src/index.js';
import { underLoad } from '../support/faults/expect-all-well.js';
import { type HoldingProxy, startHoldingProxy } from '../support/faults/holding-proxy.js';
import { describeKafka } from '../support/kafka/describe-kafka.js';

const SILENCE_MS = 10_000;
const LOGS = ['postgres', 'eventstoredb'] as const;

describeKafka('a deployment over Kafka', (brokers) => {
  describe.each(LOGS)('with %s as the log', (log) => {
    let eventStore: EventStoreServer | undefined;
    let proxy: HoldingProxy;
    let deployment: ScaleOut;

    beforeAll(async () => {
      if (log === 'eventstoredb') {
        eventStore = await startEventStoreServer();
        proxy = await startHoldingProxy(eventStore.port);
        const url = eventStore.url.replace(String(eventStore.port), String(proxy.port));
        deployment = await ScaleOut.start({ brokers, eventStore: { url } });
      } else {
        deployment = await ScaleOut.start({
          brokers,
          postgresProxy: async (port) => {
            proxy = await startHoldingProxy(port);
            return proxy.port;
          },
        });
      }
    }, 600_000);
    afterAll(async () => {
      await deployment.dispose();
      await proxy.close();
      await eventStore?.stop();
    }, 300_000);

    it('gives each command one outcome, and loses nothing, when Postgres is restarted, in order and by a kill', async () => {
      await underLoad(deployment, async (pipelines) => {
        for (const signal of ['SIGINT', 'SIGKILL'] as const) {
          const { pid } = deployment.postgres;
          process.kill(pid, signal);
          await waitUntil('Postgres is back', async () => deployment.postgres.pid !== pid, 120_000);
          await pipelines.goOn();
        }
      });
    }, 600_000);

    it('gives each command one outcome when the connections to the log are silent for 10 s', async () => {
      await underLoad(deployment, async (pipelines) => {
        proxy.hold();
        await pause(SILENCE_MS);
        expect(proxy.heldCount()).toBeGreaterThan(0);
        proxy.release();
        await pipelines.goOn();
      });
    }, 600_000);

    if (log === 'eventstoredb') {
      it('gives each command one outcome when the log stores, answers nobody and tells nobody for 10 s', async () => {
        await underLoad(deployment, async (pipelines) => {
          const faults = eventStore!.faults;
          faults.arm('silent_subscription');
          faults.arm('never_answer', { times: 1_000_000 });
          await pause(SILENCE_MS);
          faults.clear();
          expect(faults.count('never_answer')).toBeGreaterThan(0);
          await pipelines.goOn();
        });
      }, 600_000);
    }
  });
});
