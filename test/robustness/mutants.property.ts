import { afterAll, describe, expect, it } from '@jest/globals';
import { admissionBody, admissionFixtures } from '../fixtures/admission-fixtures.js';
import { fixtureText, planFixtures } from '../fixtures/terraform-fixtures.js';
import { bookOf, type Judge, planJudge, reviewJudge } from '../support/mutants/judges.js';
import { mutate } from '../support/mutants/mutate.js';
import { Random } from '../support/mutants/random.js';

/** Mutants of each kind; `node tools/mutants.mjs` takes 100,000 and prints what became of them. */
const MUTANTS = Number(process.env['VERDICT_TEST_MUTANTS'] ?? '400');
const SEED = Number(process.env['VERDICT_TEST_SEED'] ?? '20261128');
const LARGE = 200_000;
const HEAP_GROWTH_MAX = 64 * 2 ** 20;

const reports: string[] = [];
afterAll(() => {
  if (MUTANTS > 10_000) process.stderr.write(`${reports.join('\n')}\n`);
});

const heapUsed = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Judges mutants of the texts; a large text has a hundredth of the chance of a small one. */
const judgeMutants = (name: string, texts: readonly string[], judge: Judge): ReadonlyMap<string, number> => {
  const random = new Random(SEED);
  const [small, large] = [texts.filter(({ length }) => length < LARGE), texts.filter(({ length }) => length >= LARGE)];
  const counts = new Map<string, number>();
  const before = heapUsed();
  for (let count = 0; count < MUTANTS; count += 1) {
    const text = large.length > 0 && random.below(100) === 0 ? random.pick(large) : random.pick(small);
    const mutant = mutate(text, random);
    let verdict: string;
    try {
      verdict = judge(Buffer.from(mutant));
    } catch (error) {
      throw new Error(`mutant ${String(count)} of seed ${String(SEED)}: ${mutant.slice(0, 2000)}`, { cause: error });
    }
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  const after = heapUsed();
  reports.push(`${name}: ${JSON.stringify(Object.fromEntries(counts))}; heap ${mib(before)} -> ${mib(after)}`);
  expect(after - before).toBeLessThan(HEAP_GROWTH_MAX);
  return counts;
};

const BOOK = bookOf(
  JSON.stringify({
    format: 'verdict.price-book.v1',
    version: '1',
    currency: 'USD',
    hours_per_month: 730,
    entries: [
      {
        id: 'pod',
        resource_type: 'k8s:pod',
        assume: { hours: '100', nodes: '3' },
        components: [
          { name: 'cpu', unit: 'hour', unit_price: '0.04', quantity: { from: ['cpu_milli'], multiply: '0.001' } },
          { name: 'memory', unit: 'hour', unit_price: '0.000000000005', quantity: { from: ['memory_bytes'] } },
        ],
      },
      { id: 'lb', resource_type: 'k8s:service', components: [{ name: 'lb', unit: 'hour', unit_price: '0.025' }] },
    ],
  }),
);

describe('whatever is wrong with what others send', () => {
  it(
    'a review is read or refused, priced or unknown, and nothing of it stays in memory',
    () => {
      const texts = admissionFixtures().map(({ file }) => admissionBody(file).toString('utf8'));
      const counts = judgeMutants('reviews', texts, reviewJudge(BOOK));
      for (const verdict of ['complete', 'unknown', 'malformed_json']) expect(counts.get(verdict)).toBeGreaterThan(0);
    },
    30 * 60_000,
  );
  it(
    'a plan is read or refused, priced or unknown, and nothing of it stays in memory',
    () => {
      const names = planFixtures().filter((name) => fixtureText(name, 'plan.json').length < LARGE);
      const book = bookOf(fixtureText('priced-aws-basic', 'price-book.v1.json'));
      const counts = judgeMutants(
        'plans',
        names.map((name) => fixtureText(name, 'plan.json')),
        planJudge(book),
      );
      for (const verdict of ['complete', 'unknown', 'malformed_json']) expect(counts.get(verdict)).toBeGreaterThan(0);
    },
    30 * 60_000,
  );
});
