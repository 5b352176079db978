import { describe, expect, it } from '@jest/globals';
import { FOREIGN_DEPTH_MAX, readJson } from '@verdict/contracts';
import {
  hasFixture,
  planFixtures,
  readExpectation,
  readFixture,
  secretsOf,
} from '../../../../test/fixtures/terraform-fixtures.js';
import { formatUsd4, formatUsd6, usdOf, type MicroUsd } from '../shared/money.js';
import { rawJsonText, type RawJson } from '../shared/raw-json.js';
import { sha256Hex } from '../shared/sha256.js';
import { readPlan } from './plan.js';
import type { PriceBook } from './price-book.js';
import { readPriceBook } from './price-book.reader.js';
import { pricePlan } from './pricer.js';
import { reducePlan } from './reduce-plan.js';

const NAMES = planFixtures();
const PRICED = NAMES.filter((name) => hasFixture(name, 'price-book.v1.json'));

const bookOf = (name: string): PriceBook => {
  const reading = readPriceBook(readFixture(name, 'price-book.v1.json'));
  if (reading.kind !== 'book') throw new Error(JSON.stringify(reading.problems));
  return reading.book;
};
const BOOKS = [...PRICED, 'no book'].map((name): PriceBook =>
  name === 'no book' ? { ...bookOf('priced-aws-basic'), free: [], entries: [] } : bookOf(name),
);
const priced = (raw: RawJson, book: PriceBook) => {
  const reading = readPlan(raw);
  if (reading.kind !== 'plan') throw new Error(`${reading.pointer}: ${reading.detail}`);
  return pricePlan(reading.plan, book);
};
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? each.toString() : each));
const money = (amount: MicroUsd | null, print: (amount: MicroUsd) => string) =>
  amount === null ? null : print(amount);

const REASONS: Readonly<Record<string, string>> = {
  'after: no_price': 'no_entry',
  'after: unknown_attribute': 'attribute_unknown',
  'after: unknown_quantity': 'attribute_unknown',
  'deferred: instance_count_unknown': 'deferred',
};

it('finds fixtures to test with', () => {
  expect(NAMES.length).toBeGreaterThan(20);
  expect(PRICED).toHaveLength(7);
});

describe('plans with a price book cost what was worked out for them', () => {
  it.each(PRICED)('%s', (name) => {
    const { cost } = readExpectation(name);
    if (cost === undefined) throw new Error('no cost expected');
    const result = priced(readFixture(name, 'plan.json'), bookOf(name));
    expect({
      monthly: money(result.monthlyDelta, formatUsd4),
      hourly: money(result.hourlyDelta, formatUsd6),
      completeness: result.completeness,
    }).toEqual({
      monthly: cost.known_monthly_delta_usd_4dp_half_even,
      hourly: cost.known_hourly_delta_usd_6dp_half_even,
      completeness: cost.complete ? 'complete' : 'partial',
    });
    const unknown = result.lines.filter(({ status }) => status === 'unpriced');
    expect(unknown.map(({ address_sha256, reason }) => [address_sha256, reason])).toEqual(
      cost.unknown.map(({ address, why }) => [sha256Hex(address), REASONS[why.join()]]),
    );
    expect(result.unpriced).toBe(cost.unknown.length);
  });

  it.each(PRICED)('%s: its lines add up to the total, but for their own rounding', (name) => {
    const { lines, monthlyDelta } = priced(readFixture(name, 'plan.json'), bookOf(name));
    const total = lines.reduce((sum, { delta_usd }) => sum + (delta_usd === null ? 0n : usdOf(delta_usd)), 0n);
    const apart = total - (monthlyDelta ?? 0n);
    expect(apart <= 100n * BigInt(lines.length) && apart >= -100n * BigInt(lines.length)).toBe(true);
  });
});

describe('every plan', () => {
  it.each(NAMES)('%s reads without error, with the counts of its kinds', (name) => {
    const { counts } = readExpectation(name);
    for (const book of BOOKS) {
      const result = priced(readFixture(name, 'plan.json'), book);
      if (counts !== undefined) expect(result.counts).toEqual({ ...counts, other: 0 });
    }
  });

  it.each(NAMES)('%s leaks none of its secrets, priced or reduced', (name) => {
    const secrets = secretsOf(readExpectation(name));
    const raw = readFixture(name, 'plan.json');
    const outputs = [...BOOKS.map((book) => textOf(priced(raw, book))), textOf(reducePlan(raw))];
    for (const secret of secrets) for (const output of outputs) expect(output).not.toContain(secret);
  });

  it.each(NAMES)('%s costs the same once reduced', (name) => {
    const raw = readFixture(name, 'plan.json');
    for (const book of BOOKS) expect(priced(reducePlan(raw), book)).toEqual(priced(raw, book));
    expect(reducePlan(reducePlan(raw))).toEqual(reducePlan(raw));
    const sent = readJson(new TextEncoder().encode(rawJsonText(reducePlan(raw))), { depthMax: FOREIGN_DEPTH_MAX });
    expect(sent).toEqual({ kind: 'ok', value: reducePlan(raw) });
    expect(rawJsonText(reducePlan(raw)).length).toBeLessThan(rawJsonText(raw).length);
  });
});
