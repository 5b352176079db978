import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readJsonText } from '@verdict/contracts';
import { jcsText } from '../shared/jcs.js';
import type { RawJson } from '../shared/raw-json.js';
import { findConflicts } from './price-book.conflicts.js';
import type { PriceBookEntry } from './price-book.js';
import { readPriceBook } from './price-book.reader.js';

const raw = (value: unknown): RawJson => {
  const result = readJsonText(typeof value === 'string' ? value : JSON.stringify(value), { depthMax: 32 });
  if (result.kind !== 'ok') throw new Error(result.detail);
  return result.value;
};
const HEAD = { format: 'verdict.price-book.v1', version: '2026-11', currency: 'USD', hours_per_month: 730 };
const COMPONENT = { name: 'c', unit: 'hour', unit_price: '0.1', quantity: '1' };
const entry = (id: string, match: object = {}, more: object = {}) => ({
  id,
  resource_type: 'aws_vm',
  match,
  components: [COMPONENT],
  ...more,
});
const problemsOf = (book: unknown) => {
  const reading = readPriceBook(raw(book));
  return reading.kind === 'book' ? [] : reading.problems.map(({ pointer, code }) => `${pointer} ${code}`);
};
const problemsOfEntry = (more: object) => problemsOf({ ...HEAD, entries: [entry('e', {}, more)] });

describe('reading a price book', () => {
  it('makes equal books of files that say the same', () => {
    const long = {
      ...HEAD,
      defaults: {},
      free: ['b', 'a', 'a'],
      entries: [entry('b', { size: ['z', 'y'] }), entry('a', { size: ['x'], n: 8 })],
    };
    const short = `{"entries":[{"id":"a","match":{"n":"8","size":"x"},"resource_type":"aws_vm","components":[{"name":"c","unit":"hour","unit_price":0.100}]},
      {"id":"b","match":{"size":["y","z"]},"resource_type":"aws_vm","components":[{"name":"c","unit":"hour","unit_price":"0.10","quantity":1.0}]}],
      "free":["a","b"],"hours_per_month":730,"currency":"USD","version":"2026-11","format":"verdict.price-book.v1"}`;
    const [a, b] = [long, short].map((each) => readPriceBook(raw(each)));
    expect(a?.kind).toBe('book');
    expect(a).toEqual(b);
    if (a?.kind === 'book') expect(readPriceBook(raw(jcsText(a.book)))).toEqual(a);
  });

  it('reads the sample of the protocol page', () => {
    const components = [
      { name: 'instance', unit: 'hour', unit_price: '0.1134', quantity: '1' },
      {
        name: 'root disk',
        unit: 'month',
        unit_price: '0.0952',
        quantity: { from: ['root_block_device', 0, 'volume_size'], default: '8' },
      },
      { name: 'requests', unit: 'month', unit_price: '0.0000002', quantity: { usage: 'monthly_requests' } },
    ];
    const match = {
      instance_type: 'm7i.large',
      region: ['eu-central-1', 'eu-west-1'],
      tenancy: { absent_or: ['default'] },
    };
    const book = {
      ...HEAD,
      defaults: { aws: { region: 'eu-central-1' } },
      free: ['aws_iam_*'],
      entries: [entry('ec2', match, { components, assume: { hours: 30 } })],
    };
    const reading = readPriceBook(raw(book));
    expect(reading).toMatchObject({
      kind: 'book',
      book: { entries: [{ match, components, assume: { hours: '30' } }] },
    });
  });

  it('lists everything that is wrong at once', () => {
    const book = {
      format: 'v2',
      version: '',
      currency: 'EUR',
      hours_per_month: 720,
      extra: 1,
      defaults: { aws: { zone: 'x' } },
      free: ['*', 7],
      entries: [entry('same'), entry('same', {}, { nonsense: 1, resource_type: 'a*b' })],
    };
    expect(problemsOf(book)).toEqual([
      '/extra unknown_field',
      '/format validation_failed',
      '/currency currency_unsupported',
      '/hours_per_month validation_failed',
      '/version validation_failed',
      '/defaults/aws/zone unknown_field',
      '/defaults/aws/region validation_failed',
      '/free/0 validation_failed',
      '/free/1 validation_failed',
      '/entries/1/nonsense unknown_field',
      '/entries/1/resource_type validation_failed',
      '/entries/1/id validation_failed',
    ]);
    expect(problemsOf([])).toEqual([' validation_failed']);
    expect(problemsOf(HEAD)).toEqual(['/entries validation_failed']);
  });

  it.each([
    [{ unit_price: '-1' }, 'unit_price money_invalid'],
    [{ unit_price: '1e3' }, 'unit_price money_invalid'],
    [{ unit_price: undefined }, 'unit_price money_invalid'],
    [{ unit_price: '0.1234567890123' }, 'unit_price money_too_precise'],
    [{ unit_price: '1234567890123' }, 'unit_price money_out_of_range'],
    [{ unit: 'day' }, 'unit validation_failed'],
    [{ quantity: '0.1234567' }, 'quantity validation_failed'],
    [{ quantity: { from: [] } }, 'quantity/from validation_failed'],
    [{ quantity: { from: ['a', -1] } }, 'quantity/from validation_failed'],
    [{ quantity: { from: ['a'], default: 'x' } }, 'quantity/default validation_failed'],
    [{ quantity: { from: ['a'], round_up_to: 0 } }, 'quantity/round_up_to validation_failed'],
    [{ quantity: { usage: 'u', from: ['a'] } }, 'quantity/from unknown_field'],
    [{ name: '' }, 'name validation_failed'],
  ])('names what is wrong in a component: %j', (part, problem) => {
    expect(problemsOfEntry({ components: [{ ...COMPONENT, ...part }] })).toEqual([
      `/entries/0/components/0/${problem}`,
    ]);
  });

  it.each([
    [{ a: { prefix: 'x', absent: true } }, '/a'],
    [{ a: { absent: false } }, '/a'],
    [{ a: { absent_or: 'x' } }, '/a/absent_or'],
    [{ a: [] }, '/a'],
    [{ a: null }, '/a'],
    [{ a: 'x'.repeat(201) }, '/a'],
    [{ 'a~/b': {} }, '/a~0~1b'],
  ])('names what is wrong in a matcher: %j', (match, pointer) => {
    expect(problemsOf({ ...HEAD, entries: [entry('e', match)] })).toEqual([
      `/entries/0/match${pointer} validation_failed`,
    ]);
  });

  it('keeps members that sound like machinery apart from machinery', () => {
    const book = `{"format":"verdict.price-book.v1","version":"1","currency":"USD","hours_per_month":730,"defaults":{"__proto__":{"region":"r"}},"entries":[]}`;
    const reading = readPriceBook(raw(book));
    expect(reading.kind === 'book' ? Object.keys(reading.book.defaults) : []).toEqual(['__proto__']);
  });

  it('ends at 5,000 components and 256 KiB', () => {
    const sized = (count: number, pad = '') =>
      problemsOf({
        ...HEAD,
        entries: Array.from({ length: count }, (_, index) =>
          entry(`e${String(index)}`, { s: `${pad}${String(index)}` }),
        ),
      });
    expect(sized(1000)).toEqual([]);
    expect(sized(5001)).toEqual(['/entries validation_failed']);
    expect(sized(2000, 'x'.repeat(150))).toEqual([' validation_failed']);
  });
});

describe('entries that can both win', () => {
  it.each([
    [{ a: 'x' }, { a: 'x' }, true],
    [{ a: 'x' }, { a: 'y' }, false],
    [{ a: 'x' }, { b: 'x' }, true],
    [{ a: ['x', 'y'] }, { a: ['y', 'z'] }, true],
    [{ a: { prefix: 'x' } }, { a: 'xy' }, true],
    [{ a: { prefix: 'x' } }, { a: { prefix: 'xy' } }, true],
    [{ a: { prefix: 'x' } }, { a: { prefix: 'y' } }, false],
    [{ a: { absent: true } }, { a: { absent_or: ['x'] } }, true],
    [{ a: { absent: true } }, { a: { prefix: 'x' } }, false],
    [{ a: 'x' }, { a: 'x', b: 'y' }, false],
  ])('%j and %j: refused with both pointers: %j', (a, b, isConflict) => {
    expect(problemsOf({ ...HEAD, entries: [entry('a', a), entry('b', b)] })).toEqual(
      isConflict ? ['/entries/0 validation_failed', '/entries/1 validation_failed'] : [],
    );
  });

  it('may share matchers when their types are named differently', () => {
    expect(problemsOf({ ...HEAD, entries: [entry('a'), entry('b', {}, { resource_type: 'aws_*' })] })).toEqual([]);
    expect(problemsOf({ ...HEAD, free: ['aws_vm'], entries: [entry('a')] })).toEqual([
      '/entries/0/resource_type validation_failed',
    ]);
  });

  it('are found by division as by comparing all pairs', () => {
    const text = fc.constantFrom('x', 'xy', 'y', 'z');
    const matcher = fc.oneof(
      text,
      fc.uniqueArray(text, { minLength: 1, maxLength: 3 }),
      fc.record({ prefix: text }),
      fc.constant({ absent: true as const }),
      fc.record({ absent_or: fc.uniqueArray(text, { minLength: 1, maxLength: 2 }) }),
    );
    const match = fc.record({ a: matcher, b: matcher, c: matcher }, { requiredKeys: ['a', 'b'] });
    fc.assert(
      fc.property(fc.array(match, { minLength: 17, maxLength: 40 }), (matches) => {
        const placed = matches.map((each, index) => ({
          entry: entry(String(index), each) as PriceBookEntry,
          pointer: String(index),
        }));
        const pairs = (list: typeof placed) =>
          findConflicts(list).map((pair) =>
            pair
              .map(({ pointer }) => Number(pointer))
              .sort((x, y) => x - y)
              .join(),
          );
        const byPairs = placed.flatMap((a, index) => placed.slice(index + 1).flatMap((b) => pairs([a, b])));
        expect([...pairs(placed)].sort()).toEqual([...byPairs].sort());
      }),
    );
  });

  it('are found among thousands in good time', () => {
    const entries = Array.from({ length: 1400 }, (_, index) =>
      entry(`e${String(index)}`, { region: 'r', size: `s${String(index % 1399)}` }),
    );
    expect(problemsOf({ ...HEAD, entries })).toEqual([
      '/entries/0 validation_failed',
      '/entries/1399 validation_failed',
    ]);
  });
});
