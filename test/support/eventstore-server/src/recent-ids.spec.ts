import { describe, expect, it } from '@jest/globals';
import { IDS_MAX, RecentIds } from './recent-ids.js';

describe('The memory of recent ids', () => {
  it('forgets the oldest when it is full', () => {
    const ids = new RecentIds();
    for (let n = 0; n <= IDS_MAX; n += 1) ids.remember(`id-${n}`, { stream: 's', revision: BigInt(n) });
    expect(ids.revisionOf('s', 'id-0')).toBeUndefined();
    expect(ids.revisionOf('s', 'id-1')).toBe(1n);
    expect(ids.revisionOf('s', `id-${IDS_MAX}`)).toBe(BigInt(IDS_MAX));
  });

  it('knows an id where it was written last, and forgets a stream alone if it is told so', () => {
    const ids = new RecentIds();
    ids.remember('a', { stream: 'x', revision: 1n });
    ids.remember('a', { stream: 'y', revision: 2n });
    ids.remember('b', { stream: 'x', revision: 3n });
    expect([ids.revisionOf('x', 'a'), ids.revisionOf('y', 'a')]).toEqual([undefined, 2n]);
    ids.forget('x');
    expect([ids.revisionOf('x', 'b'), ids.revisionOf('y', 'a')]).toEqual([undefined, 2n]);
    ids.forget();
    expect(ids.revisionOf('y', 'a')).toBeUndefined();
  });
});
