import { describe, expect, it } from '@jest/globals';
import { journalName } from '@verdict/application';
import { Recorder } from './recorder.js';
import {
  answering,
  eventually,
  follow,
  freshGroup,
  historyOf,
  type OpenBus,
  sliceOf,
  TEST_MS,
  usingBus,
} from './under-test.js';
import type { BusUnderTest } from './under-test.js';

const outageOf = ({ outage }: BusUnderTest): NonNullable<BusUnderTest['outage']> => {
  if (outage === undefined) throw new Error('this part of the suite is for buses that can be away');
  return outage;
};

export const describeOutage = (open: OpenBus): void => {
  describe('while the bus is away', () => {
    it(
      'takes consumers at once, and delivers to them when it is back',
      usingBus(open, async (under) => {
        const { begin, end } = outageOf(under);
        const tenant = historyOf('decisions', 3);
        const journal = journalName('decisions', tenant.tenantId);
        await begin();
        const recorder = new Recorder();
        await under.bus.consume({ group: freshGroup(), kinds: ['decisions'], deliver: recorder.deliver });
        await expect(under.bus.ping()).rejects.toThrow();
        expect(recorder.isTold()).toBe(false);
        await end();
        await under.write([sliceOf(tenant, 'decisions')]);
        await eventually(() => recorder.hasReached(journal, 2n));
        await answering(under.bus);
      }),
      TEST_MS,
    );

    it.each([
      ['a group', freshGroup()],
      ['a consumer without a group', undefined],
    ] as const)(
      'loses nothing for %s that followed before',
      async (_, group) => {
        await usingBus(open, async (under) => {
          const { begin, end } = outageOf(under);
          const { recorder } = await follow(under, { group, kinds: ['decisions'] });
          const tenant = historyOf('decisions', 6);
          const journal = journalName('decisions', tenant.tenantId);
          await under.write([sliceOf(tenant, 'decisions', 0, 2)]);
          await eventually(() => recorder.hasReached(journal, 1n));
          await begin();
          await expect(under.bus.ping()).rejects.toThrow();
          await end();
          await under.write([sliceOf(tenant, 'decisions', 2, 4)]);
          await eventually(() => recorder.hasReached(journal, 3n));
          await under.write([sliceOf(tenant, 'decisions', 4)]);
          await eventually(() => recorder.hasReached(journal, 5n));
          expect(recorder.faults).toEqual([]);
        })();
      },
      TEST_MS,
    );
  });
};
