import { describe, expect, it } from '@jest/globals';
import { BoundedMap, PersistentMap } from '@verdict/domain';
import fc from 'fast-check';
import { decodeState, encodeState, encodeStateInTurns } from './state-codec.js';

/** A bounded map keeps its parts apart; a persistent one is what it maps. */
const persistent = <T>(values: fc.Arbitrary<T>) =>
  fc.array(fc.tuple(fc.string(), values), { maxLength: 40 }).map((pairs) => PersistentMap.from<T>(pairs));
const leaf = fc.oneof(fc.bigInt(), fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
const state = fc.record({
  amount: fc.bigInt(),
  list: fc.array(leaf, { maxLength: 5 }),
  map: persistent(leaf),
  nested: persistent(fc.record({ inner: persistent(leaf), revision: fc.bigInt() })),
  bounded: fc
    .array(fc.tuple(fc.string(), leaf), { maxLength: 20 })
    .map((pairs) => pairs.reduce((map, [key, value]) => map.set(key, value), BoundedMap.ofCapacity<unknown>(4))),
});

describe('the bytes of a state', () => {
  it('give back the state', () => {
    fc.assert(
      fc.property(state, (value) => {
        const decoded = decodeState(encodeState(value)) as typeof value;
        expect(encodeState(decoded)).toEqual(encodeState(value));
        expect(decoded).toEqual(value);
        for (const [key, each] of value.map) expect(decoded.map.get(key)).toEqual(each);
        expect(decoded.bounded.forgotten).toBe(value.bounded.forgotten);
      }),
    );
  });

  it('do not depend on the order in which maps were filled', () => {
    const pairs = Array.from({ length: 100 }, (_, index) => [`key-${String(index)}`, BigInt(index)] as const);
    expect(encodeState(PersistentMap.from([...pairs].reverse()))).toEqual(encodeState(PersistentMap.from(pairs)));
  });

  it('are the same when they are made in turns', async () => {
    await fc.assert(
      fc.asyncProperty(state, async (value) => {
        expect(Buffer.from(await encodeStateInTurns(value))).toEqual(Buffer.from(encodeState(value)));
      }),
    );
  });

  it('of a large state let others have their turn before they are made', async () => {
    const large = PersistentMap.from(Array.from({ length: 100_000 }, (_, index) => [String(index), 1n] as const));
    let turns = 0;
    const count = () => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await encodeStateInTurns({ large });
    clearImmediate(next);
    expect(turns).toBeGreaterThan(2);
  });

  it('keep apart a bigint from a text of digits', () => {
    expect(decodeState(encodeState({ a: 1n, b: '1' }))).toEqual({ a: 1n, b: '1' });
  });
});
