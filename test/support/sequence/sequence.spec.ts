import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sequence, type TimedSuite } from './sequence.mjs';

const suite = (path: string, seconds: number, waits: boolean): TimedSuite => ({ path, seconds, waits });
const order = (...suites: readonly TimedSuite[]) => sequence(suites).map(({ path }) => path);

describe('the sequence of the test suites', () => {
  it('starts the longest of each kind first', () => {
    const works = [suite('short', 1, false), suite('long', 9, false), suite('middle', 3, false)];
    expect(order(...works)).toEqual(['long', 'middle', 'short']);
    expect(order(...works.map((each) => ({ ...each, waits: true })))).toEqual(['long', 'middle', 'short']);
  });

  it('takes from both kinds in step, so that there is one that waits to run beside one that works until the end', () => {
    const waits = [suite('w4', 4, true), suite('w3', 3, true), suite('w1', 1, true)];
    const works = Array.from({ length: 8 }, (_, index) => suite(`c${String(index)}`, 1, false));
    expect(order(...works, ...waits)).toEqual(['w4', 'c0', 'c1', 'c2', 'c3', 'w3', 'c4', 'c5', 'c6', 'w1', 'c7']);
  });

  it('leaves no suite out and doubles none', () => {
    const suites = Array.from({ length: 50 }, (_, index) => suite(String(index), 1 + (index % 7), index % 3 === 0));
    expect([...order(...suites)].sort()).toEqual(suites.map(({ path }) => path).sort());
    expect(order()).toEqual([]);
  });

  it('knows suites that are there', () => {
    const { waits, works } = JSON.parse(readFileSync(new URL('./durations.json', import.meta.url), 'utf8')) as Record<
      'waits' | 'works',
      Readonly<Record<string, number>>
    >;
    const root = new URL('../../../', import.meta.url);
    const recorded = Object.entries({ ...waits, ...works });
    expect(recorded.filter(([path]) => !existsSync(fileURLToPath(new URL(path, root))))).toEqual([]);
    expect(recorded.filter(([, seconds]) => !(seconds > 0))).toEqual([]);
    expect(Object.keys(waits).filter((path) => path in works)).toEqual([]);
  });
});
