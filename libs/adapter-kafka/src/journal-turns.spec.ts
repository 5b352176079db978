import { describe, expect, it } from '@jest/globals';
import { JournalTurns } from './journal-turns.js';

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

describe('Turns of journals', () => {
  it('let those go on together that share no journal', async () => {
    const turns = new JournalTurns();
    await turns.take(['a', 'b']);
    await turns.take(['c']);
  });

  it('let one go on when all of its journals are free', async () => {
    const turns = new JournalTurns();
    const releaseA = await turns.take(['a']);
    const releaseB = await turns.take(['b']);
    let isTaken = false;
    const both = turns.take(['a', 'b']).then(() => {
      isTaken = true;
    });
    releaseA();
    await settled();
    expect(isTaken).toBe(false);
    releaseB();
    await both;
    expect(isTaken).toBe(true);
  });

  it('give a journal to one of many at a time, and to each of them in the end', async () => {
    const turns = new JournalTurns();
    let busy = 0;
    let done = 0;
    const work = async (): Promise<void> => {
      const release = await turns.take(['a']);
      busy += 1;
      expect(busy).toBe(1);
      await settled();
      busy -= 1;
      done += 1;
      release();
    };
    await Promise.all(Array.from({ length: 20 }, work));
    expect(done).toBe(20);
  });
});
