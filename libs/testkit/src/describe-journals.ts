import { describe } from '@jest/globals';
import { describeExpectedRevision, describeLimits, describeRepeats } from './journals-contract/append.js';
import { describeFaults } from './journals-contract/faults.js';
import { describeReading, describeSubscribing } from './journals-contract/read.js';
import { describeNotSeeing, describeSeeing } from './journals-contract/seeing.js';
import { describeSnapshots } from './journals-contract/snapshots.js';
import type { JournalsAbilities, Open } from './journals-contract/under-test.js';

/**
 * The contract of the Journals port. Every adapter runs it in full, faults included: a switch that an adapter cannot
 * offer is a promise that it cannot prove. A server that is not the test's own may lack some: `abilities` say which.
 */
export const describeJournals = (adapter: string, open: Open, abilities: JournalsAbilities = {}): void => {
  describe(`Journals contract: ${adapter}`, () => {
    describeExpectedRevision(open);
    describeRepeats(open);
    if (abilities.canSee ?? true) describeSeeing(open);
    else describeNotSeeing(open);
    describeLimits(open);
    describeReading(open, abilities);
    describeSubscribing(open);
    describeSnapshots(open);
    describeFaults(open);
  });
};
