import { describeRunTaskInbox, fixedClock } from '@verdict/testkit';
import { MemoryRunTaskInbox } from './memory-run-task-inbox.js';

const clock = fixedClock();
const inbox = new MemoryRunTaskInbox({ nowMs: () => clock.nowMs() });

describeRunTaskInbox('memory', () => ({
  inbox,
  pass: (ms) => {
    clock.advance(ms);
    return Promise.resolve();
  },
  dump: () => Promise.resolve(inbox.dump()),
}));
