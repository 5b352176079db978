import { describe, expect, it } from '@jest/globals';
import { readJsonText } from '@verdict/contracts';
import fc from 'fast-check';
import type { RawJson } from '../../shared/raw-json.js';
import { readPriceBook } from '../price-book.reader.js';
import type { ObjectPlace } from './facts.js';
import { readPod } from './pod.js';
import { priceObjectChange } from './price-object.js';
import { readQuantity } from './quantity.js';
import { readObjectFacts } from './read-object.js';

const raw = (value: unknown): RawJson => {
  const result = readJsonText(JSON.stringify(value), { depthMax: 128 });
  if (result.kind !== 'ok') throw new Error(result.detail);
  return result.value;
};
const entry = (id: string, match: object, unit_price: string) => ({
  id,
  resource_type: 'k8s:pod',
  match,
  components: [
    { name: 'cpu', unit: 'hour', unit_price, quantity: { from: ['cpu_milli'] } },
    { name: 'memory', unit: 'month', unit_price: '0.0001', quantity: { from: ['memory_bytes'] } },
  ],
});
const ENTRIES = [entry('any', {}, '0.0001'), entry('arm', { architecture: 'arm64' }, '0.0002')];
const bookOf = (entries: readonly object[]) => {
  const head = { format: 'verdict.price-book.v1', version: '1', currency: 'USD', hours_per_month: 730 };
  const reading = readPriceBook(raw({ ...head, entries }));
  if (reading.kind !== 'book') throw new Error(JSON.stringify(reading.problems));
  return reading.book;
};
// Prices of 4 places, whole quantities and whole hours: no rounding can hide what a law says.
const BOOK = bookOf(ENTRIES);
const PLACE: ObjectPlace = { clusterId: 'c', namespace: 'n', plural: 'deployments', group: 'apps', subresource: '' };

const amount = fc.integer({ min: 0, max: 1_000_000 });
const container = fc.record({ cpu: amount, memory: amount }).map(({ cpu, memory }) => ({
  resources: { requests: { cpu: `${String(cpu)}m`, memory: String(memory) } },
}));
const deployment = fc
  .record({
    replicas: fc.integer({ min: 0, max: 1000 }),
    containers: fc.array(container, { minLength: 1, maxLength: 5 }),
    arm: fc.boolean(),
  })
  .map(({ replicas, containers, arm }) => ({
    kind: 'Deployment',
    spec: {
      replicas,
      template: { spec: { containers, ...(arm ? { nodeSelector: { 'kubernetes.io/arch': 'arm64' } } : {}) } },
    },
  }));

const factsOf = (object: unknown) => (object === null ? null : readObjectFacts(raw(object), PLACE, null));
const delta = (before: unknown, after: unknown, book = BOOK): bigint => {
  const change = { place: PLACE, reference: 'r', before: factsOf(before), after: factsOf(after), isSettled: false };
  const priced = priceObjectChange(change, book);
  expect(priced.completeness).toBe('complete');
  return priced.monthly;
};
const cpuOf = (containers: readonly object[]) => readPod(raw({ containers }))?.cpu_milli;
const RUNS = { numRuns: 200 };

describe('laws of quantities', () => {
  const sized = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.bigInt({ min: 0n, max: 999n }));
  it('are rounded up by less than one unit', () => {
    fc.assert(
      fc.property(sized, ([whole, thousandths]) => {
        const read = readQuantity(`${whole.toString()}.${thousandths.toString().padStart(3, '0')}`, 'one') ?? -1n;
        const exact = whole * 1000n + thousandths;
        expect(read * 1000n >= exact && read * 1000n < exact + 1000n).toBe(true);
      }),
      RUNS,
    );
  });
  it('mean the same in every spelling', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 9n }), (n) => {
        const text = n.toString();
        for (const [a, b] of [
          [`${text}k`, `${text}000`],
          [`${text}Ki`, (n * 1024n).toString()],
          [`${text}Mi`, `${(n * 1024n).toString()}Ki`],
          [`${text}e3`, `${text}k`],
          [`${text}000m`, text],
          [`${text}.0`, text],
        ])
          expect(readQuantity(a, 'milli')).toBe(readQuantity(b, 'milli'));
      }),
      RUNS,
    );
  });
  it('keep their order', () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        const [small, large] = [Math.min(a, b), Math.max(a, b)].map(
          (n) => readQuantity(`${String(n)}u`, 'milli') ?? -1n,
        );
        expect((small ?? 0n) <= (large ?? 0n)).toBe(true);
      }),
      RUNS,
    );
  });
});

describe('laws of the price of an object', () => {
  it('containers in any order, together or split, ask for the same', () => {
    fc.assert(
      fc.property(fc.array(container, { minLength: 1, maxLength: 6 }), (containers) => {
        const sum = containers.reduce((milli, each) => milli + Number.parseInt(each.resources.requests.cpu, 10), 0);
        expect(cpuOf(containers)).toBe(String(sum));
        expect(cpuOf([...containers].reverse())).toBe(String(sum));
        expect(cpuOf([{ resources: { requests: { cpu: `${String(sum)}m` } } }])).toBe(String(sum));
      }),
      RUNS,
    );
  });
  it('the way there does not change what a change costs', () => {
    fc.assert(
      fc.property(deployment, deployment, deployment, (a, b, c) => {
        expect(delta(a, b) + delta(b, c)).toBe(a === c ? 0n : delta(a, c));
      }),
      RUNS,
    );
  });
  it('the way back saves what the way there cost', () => {
    fc.assert(
      fc.property(deployment, deployment, (a, b) => {
        expect(delta(a, b)).toBe(-delta(b, a));
        expect(delta(null, a)).toBe(-delta(a, null));
      }),
      RUNS,
    );
  });
  it('two objects of n and m pods cost what one of n + m does', () => {
    fc.assert(
      fc.property(deployment, fc.integer({ min: 0, max: 1000 }), (a, more) => {
        const of = (replicas: number) => ({ ...a, spec: { ...a.spec, replicas } });
        expect(delta(null, of(a.spec.replicas)) + delta(null, of(more))).toBe(delta(null, of(a.spec.replicas + more)));
      }),
      RUNS,
    );
  });
  it('the order of a book means nothing', () => {
    const reversed = bookOf([...ENTRIES].reverse());
    fc.assert(
      fc.property(deployment, deployment, (a, b) => {
        expect(delta(a, b, reversed)).toBe(delta(a, b));
      }),
      RUNS,
    );
  });
  it('whatever JSON an object is, it has facts, and a price or none', () => {
    const kinds = fc.constantFrom('Deployment', 'Pod', 'Job', 'CronJob', 'Service', 'PersistentVolumeClaim', 'Scale');
    const plurals = fc.constantFrom('deployments', 'pods', 'jobs', 'cronjobs', 'services', 'persistentvolumeclaims');
    const object = fc.record({ kind: kinds, spec: fc.jsonValue(), metadata: fc.jsonValue() });
    fc.assert(
      fc.property(object, object, plurals, fc.constantFrom('', 'apps', 'batch'), (before, after, plural, group) => {
        const place = { ...PLACE, plural, group };
        const [old, next] = [before, after].map((each) => readObjectFacts(raw(each), place, null));
        const change = { place, reference: 'r', before: old ?? null, after: next ?? null, isSettled: false };
        const priced = priceObjectChange(change, BOOK);
        expect(priced.lines).toHaveLength(1);
        if (priced.completeness === 'unknown') expect(priced).toMatchObject({ monthly: 0n, priced: 0, unpriced: 1 });
      }),
      RUNS,
    );
  });
});
