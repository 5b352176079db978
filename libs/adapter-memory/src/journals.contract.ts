import type { StoredEntry } from '@verdict/application';
import { describeJournals } from '@verdict/testkit';
import { MemoryJournals } from './memory-journals.js';

describeJournals('memory', () => {
  const journals = new MemoryJournals();
  const clients = [journals];
  const { store, faults } = journals;
  return Promise.resolve({
    journals,
    another: () => {
      const client = new MemoryJournals({ store });
      clients.push(client);
      return Promise.resolve(client);
    },
    loseRequest: () => {
      faults.arm('crash_before_commit');
    },
    loseAnswer: () => {
      faults.arm('crash_after_commit');
    },
    losses: () => faults.count('crash_before_commit') + faults.count('crash_after_commit'),
    crash: () => {
      for (const client of clients) client.crash();
      return Promise.resolve();
    },
    loseNotice: () => {
      faults.arm('lost_notice');
      setTimeout(() => {
        journals.poll();
      }, 50);
      return Promise.resolve();
    },
    loseEntry: (journal, revision) => {
      const isOther = (entry: StoredEntry): boolean => entry.revision !== revision;
      store.journals.set(journal, (store.journals.get(journal) ?? []).filter(isOther));
      return Promise.resolve();
    },
    close: async () => {
      for (const client of clients) await client.close();
    },
  });
});
