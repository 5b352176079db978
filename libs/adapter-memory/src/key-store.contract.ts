import { describeKeyStore } from '@verdict/testkit';
import { MemoryKeyStore } from './memory-key-store.js';

describeKeyStore('memory', (clock) => {
  const keys = new MemoryKeyStore(clock);
  return Promise.resolve({
    keys,
    another: () => Promise.resolve(keys),
    lose: () => {
      keys.isAway = true;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  });
});
