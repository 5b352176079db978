import { describe, expect, it } from '@jest/globals';
import { BoundedMap } from './bounded-map.js';

const filled = (capacity: number, keys: number): BoundedMap<number> => {
  let map = BoundedMap.ofCapacity<number>(capacity);
  for (let key = 0; key < keys; key += 1) map = map.set(String(key), key);
  return map;
};

describe('a bounded map', () => {
  it('keeps at least the newest `capacity` keys and at most twice as many and one', () => {
    for (const keys of [1, 9, 10, 11, 21, 22, 55, 1000]) {
      const map = filled(10, keys);
      for (let back = 1; back <= Math.min(10, keys); back += 1) expect(map.get(String(keys - back))).toBe(keys - back);
      expect(map.size).toBeLessThanOrEqual(21);
      expect(map.size + map.forgotten).toBe(keys);
    }
  });

  it('says that a missing key was never set as long as nothing was forgotten', () => {
    expect(filled(10, 21).forgotten).toBe(0);
    expect(filled(10, 22).forgotten).toBe(11);
    expect(filled(10, 22).has('0')).toBe(false);
  });

  it('makes a key new again that is set again, and counts it once', () => {
    let map = filled(10, 11);
    map = map.set('0', 100);
    expect(map.size).toBe(11);
    for (let key = 11; key < 21; key += 1) map = map.set(String(key), key);
    expect(map.get('0')).toBe(100);
    expect(map.has('1')).toBe(false);
  });

  it('remembers what is needed beyond its time, and only for as long as it is', () => {
    const needed = new Set([3, 4]);
    let map = BoundedMap.ofCapacity<number>(10);
    const fill = (from: number, to: number): void => {
      for (let key = from; key < to; key += 1) map = map.set(String(key), key, (value) => needed.has(value));
    };
    fill(0, 60);
    expect([map.get('3'), map.get('4'), map.has('5')]).toEqual([3, 4, false]);
    expect(map.size + map.forgotten).toBe(60);
    needed.delete(3);
    fill(60, 75);
    expect([map.has('3'), map.get('4')]).toEqual([false, 4]);
    expect(map.set('4', 40).get('4')).toBe(40);
    expect(BoundedMap.restore(map)).toEqual(map);
  });

  it('leaves the map it came from as it was', () => {
    const before = filled(10, 10);
    before.set('x', 1);
    expect(before.has('x')).toBe(false);
    expect(before.size).toBe(10);
  });

  it('is the same map when put together from its parts', () => {
    const map = filled(10, 15);
    expect(BoundedMap.restore(map)).toEqual(map);
  });
});
