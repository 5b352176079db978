import { describe, expect, it } from '@jest/globals';
import type { Entry, Result } from '@verdict/domain';
import { createHash } from 'node:crypto';
import { fixedClock } from './fixed-clock.js';
import { sealedEntry } from './sealed-entry.js';
import { specFor } from './spec-for.js';

type Counted = Entry<'counted', { readonly by: number }>;
const counter = {
  initial: 0,
  decide: (by: number, total: number): Result<Counted, 'limit_reached'> =>
    total + by > 10
      ? { kind: 'refused', refusal: 'limit_reached' }
      : { kind: 'accepted', entries: [{ type: 'counted', payload: { by } }] },
  evolve: (total: number, { payload }: Counted): number => total + payload.by,
};
const counted = (by: number): Counted => ({ type: 'counted', payload: { by } });

describe('A spec', () => {
  const spec = specFor(counter);
  it('passes what the decider records or refuses', () => {
    spec.given(counted(4)).when(6).thenRecords(counted(6));
    spec.given(counted(4), counted(1)).when(6).thenRefuses('limit_reached');
  });
  it('fails another outcome, in either direction', () => {
    expect(() => {
      spec.given().when(1).thenRefuses('limit_reached');
    }).toThrow();
    expect(() => {
      spec.given(counted(10)).when(1).thenRecords(counted(1));
    }).toThrow();
    expect(() => {
      spec.given().when(1).thenRecords();
    }).toThrow();
  });
  it('fails a decider that remembers', () => {
    let calls = 0;
    const forgetful = specFor({ ...counter, decide: (by: number) => counter.decide(by, (calls += 10)) });
    expect(() => forgetful.given().when(0)).toThrow();
  });
});

describe('A sealed entry', () => {
  it('has a leaf hash over its envelope and an id of the first bytes of that hash', () => {
    const { bytes, leafHash, storeId } = sealedEntry({ label: 'a', journal: 'decisions-acme', revision: 7n });
    const { envelope } = JSON.parse(Buffer.from(bytes).toString()) as { envelope: Record<string, unknown> };
    const hashed = Buffer.concat([Buffer.of(0), Buffer.from(JSON.stringify(envelope))]);
    expect(Buffer.from(leafHash)).toEqual(createHash('sha256').update(hashed).digest());
    expect(storeId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(storeId.slice(0, 8)).toBe(Buffer.from(leafHash).toString('hex').slice(0, 8));
    expect(envelope.revision).toBe(7);
  });
  it('is the same for equal parts and another for any other part', () => {
    const ids = [
      { label: 'a' },
      { label: 'a' },
      { label: 'b' },
      { label: 'a', revision: 1n },
      { label: 'a', bytesMin: 900 },
    ];
    expect(new Set(ids.map((parts) => sealedEntry(parts).storeId)).size).toBe(4);
    expect(sealedEntry({ label: 'a', bytesMin: 900 }).bytes.length).toBeGreaterThanOrEqual(900);
  });
});

describe('A fixed clock', () => {
  it('moves only when it is told to, and never back', () => {
    const clock = fixedClock('2026-11-22T02:13:17.000Z');
    expect([clock.now(), clock.now()]).toEqual(['2026-11-22T02:13:17.000Z', '2026-11-22T02:13:17.000Z']);
    clock.advance(1_500);
    expect(clock.now()).toBe('2026-11-22T02:13:18.500Z');
    expect(() => {
      clock.advance(-1);
    }).toThrow(RangeError);
    expect(() => fixedClock('yesterday')).toThrow(RangeError);
  });
});
