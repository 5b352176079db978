import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PersistentMap } from './persistent-map.js';

// Two keys, and four keys, of one FNV-1a hash each: they share a bucket.
const COLLIDING = [
  ...['costarring', 'liquid'],
  ...['liquid/uvk-bqx', 'liquid/2j7g-w71', 'costarring/uvk-bqx', 'costarring/2j7g-w71'],
];
const key = fc.oneof(fc.constantFrom(...COLLIDING), fc.string({ maxLength: 3 }), fc.constantFrom('__proto__', ''));
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, value: fc.nat(9) }),
  fc.record({ kind: fc.constant('delete' as const), key }),
);

const apply = (map: PersistentMap<number>, each: { kind: string; key: string; value?: number }) =>
  each.kind === 'set' ? map.set(each.key, each.value ?? 0) : map.delete(each.key);

describe('PersistentMap', () => {
  it('agrees with a Map after every step, and older versions stay what they were', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        let map: PersistentMap<number> = PersistentMap.empty;
        const model = new Map<string, number>();
        const history: [PersistentMap<number>, [string, number][]][] = [];
        for (const each of steps) {
          map = apply(map, each);
          if (each.kind === 'set') model.set(each.key, each.value);
          else model.delete(each.key);
          expect(map.get(each.key)).toBe(model.get(each.key));
          history.push([map, [...model]]);
        }
        for (const [version, pairs] of history) {
          expect(version.size).toBe(pairs.length);
          expect(new Map(version)).toEqual(new Map(pairs));
          for (const [name, value] of pairs) expect(version.get(name)).toBe(value);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('has one shape for one content, whatever its history', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const map = steps.reduce<PersistentMap<number>>(apply, PersistentMap.empty);
        // JSON shows the nodes; a comparison of iterables would not.
        expect(JSON.stringify(map)).toBe(JSON.stringify(PersistentMap.from([...map].reverse())));
      }),
    );
  });

  it('keeps and finds keys whose whole hash collides', () => {
    const map = PersistentMap.from(COLLIDING.map((name, index) => [name, index] as const));
    expect(COLLIDING.map((name) => map.get(name))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(map.delete('liquid').get('costarring')).toBe(0);
    expect(map.delete('liquid').delete('costarring').has('liquid')).toBe(false);
    expect(map.delete('liquid').set('other', 9).get('costarring')).toBe(0);
    const three = map.delete('liquid/uvk-bqx');
    expect([...three.keys()].sort()).toEqual(COLLIDING.filter((name) => name !== 'liquid/uvk-bqx').sort());
  });

  it('holds a hundred thousand keys and loses none', () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `terraform:run-${String(index)}:pre_plan`);
    const full = PersistentMap.from(names.map((name, index) => [name, index] as const));
    expect(full.size).toBe(names.length);
    expect(names.every((name, index) => full.get(name) === index)).toBe(true);
    const half = names.reduce((map, name, index) => (index % 2 === 0 ? map.delete(name) : map), full);
    expect(half.size).toBe(50_000);
    expect(names.every((name, index) => half.has(name) === (index % 2 === 1))).toBe(true);
    expect(full.size).toBe(100_000);
  });

  it('answers itself when nothing changes', () => {
    const map = PersistentMap.from([['a', 1]]);
    expect(map.set('a', 1)).toBe(map);
    expect(map.delete('b')).toBe(map);
    expect([...map.values()]).toEqual([1]);
  });
});
