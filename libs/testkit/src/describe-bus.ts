import { describe } from '@jest/globals';
import { describeDelivery } from './bus-contract/delivery.js';
import { describeGroups } from './bus-contract/groups.js';
import { describeOutage } from './bus-contract/outage.js';
import type { OpenBus } from './bus-contract/under-test.js';

/** Parts of the contract that are about other processes and about servers; a bus that has none of either cannot break them. */
export interface BusSuiteParts {
  readonly groups: boolean;
  readonly outage: boolean;
}

/**
 * The contract of the Bus port. A part is left out only where an adapter has no such thing at all, and its README says why.
 */
export const describeBus = (
  adapter: string,
  open: OpenBus,
  parts: BusSuiteParts = { groups: true, outage: true },
): void => {
  describe(`Bus contract: ${adapter}`, () => {
    describeDelivery(open);
    if (parts.groups) describeGroups(open);
    if (parts.outage) describeOutage(open);
  });
};
