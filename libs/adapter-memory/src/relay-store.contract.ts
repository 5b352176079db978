import { describeRelayStore, fixedClock } from '@verdict/testkit';
import { MemoryRelayStore } from './memory-relay-store.js';

describeRelayStore('memory', () => {
  const clock = fixedClock();
  return {
    store: new MemoryRelayStore({ nowMs: () => clock.nowMs() }),
    pass: (ms) => {
      clock.advance(ms);
      return Promise.resolve();
    },
  };
});
