import { describe, expect, it } from '@jest/globals';
import { keepBeating } from './heartbeats.js';

const eventually = async (work: () => boolean): Promise<void> => {
  while (!work()) await new Promise((resolve) => setImmediate(resolve));
};

describe('Heartbeats of a delivery under way', () => {
  it('go on until it is over', async () => {
    let beats = 0;
    const beating = keepBeating(() => {
      beats += 1;
      return Promise.resolve();
    }, 1);
    await eventually(() => beats >= 3);
    expect(beating.lost.aborted).toBe(false);
    beating.stop();
    const { length } = Array.from({ length: beats });
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(beats).toBe(length);
  });

  it('say why when the group has moved on', async () => {
    const reason = new Error('the group is rebalancing');
    const beating = keepBeating(() => Promise.reject(reason), 1);
    await eventually(() => beating.lost.aborted);
    beating.stop();
    expect(() => {
      beating.lost.throwIfAborted();
    }).toThrow(reason);
  });
});
