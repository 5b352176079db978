import { MemoryJournals, MemoryStore } from '@verdict/adapter-memory';
import { describeBus } from '@verdict/testkit';
import { journalName } from '../journals/kinds.js';
import { LogBus } from './log-bus.js';

// No parts about groups across processes or a server of its own: each process tails the log by itself, and the log's own
// contract covers what happens while it is away.
describeBus(
  'the log, tailed',
  () => {
    const journals = new MemoryJournals({ store: new MemoryStore() });
    const bus = new LogBus(journals);
    return Promise.resolve({
      bus,
      carriesEntries: false,
      write: async (slices) => {
        for (const { kind, tenantId, entries } of slices) {
          const first = entries[0];
          if (first !== undefined) await journals.append(journalName(kind, tenantId), first.revision - 1n, entries);
        }
      },
      close: async () => {
        await bus.close();
        await journals.close();
      },
    });
  },
  { groups: false, outage: false },
);
