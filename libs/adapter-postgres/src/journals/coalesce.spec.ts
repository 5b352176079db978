import { describe, expect, it } from '@jest/globals';
import { coalesce } from './coalesce.js';

describe('Coalesced questions', () => {
  it('travel together, and never with a trip that began before they were asked', async () => {
    const trips: (readonly number[])[] = [];
    const ask = coalesce(async (questions: readonly number[]) => {
      trips.push(questions);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return questions.map((question) => question * 2);
    });
    const first = Promise.all([ask(1), ask(2)]);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const second = Promise.all([ask(3), ask(4)]);
    expect([await first, await second]).toEqual([
      [2, 4],
      [6, 8],
    ]);
    expect(trips).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('all fail with a trip that fails, and the next trip is free of it', async () => {
    let isDown = true;
    const ask = coalesce((questions: readonly number[]) =>
      isDown ? Promise.reject(new Error('down')) : Promise.resolve(questions),
    );
    const results = await Promise.allSettled([ask(1), ask(2)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isDown = false;
    expect(await ask(3)).toBe(3);
  });
});
