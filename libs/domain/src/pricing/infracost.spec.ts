import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { FOREIGN_DEPTH_MAX, readJsonText } from '@verdict/contracts';
import { formatUsd4, formatUsd6, type MicroUsd, usdOf } from '../shared/money.js';
import { type RawJson, rawJsonText } from '../shared/raw-json.js';
import { sha256Hex } from '../shared/sha256.js';
import { type InfracostEvidence, readInfracost, roundedUsd } from './infracost.js';
import { reduceInfracost } from './reduce-infracost.js';

const FOLDER = new URL('../../../../test/fixtures/infracost/', import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, FOLDER), 'utf8');
const raw = (text: string): RawJson => {
  const result = readJsonText(text, { depthMax: FOREIGN_DEPTH_MAX });
  if (result.kind !== 'ok') throw new Error(result.detail);
  return result.value;
};
const evidenceOf = (report: RawJson): InfracostEvidence => {
  const reading = readInfracost(report);
  if (reading.kind !== 'report') throw new Error(`${reading.code} at ${reading.pointer}`);
  return reading.evidence;
};
const money = (amount: MicroUsd | null, print: (amount: MicroUsd) => string) =>
  amount === null ? null : print(amount);

interface Listed {
  readonly file: string;
  readonly unknown: 'none' | 'partial' | 'total';
  readonly unknown_detail: readonly string[];
}
const LISTED = textOf('index.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Listed);

const FIGURES: Readonly<Record<string, readonly [string | null, string | null, number, number]>> = {
  'increase.json': ['110.0800', '0.150795', 2, 0],
  'usage-based.json': ['33.1680', '0.045436', 2, 2],
  'decrease-two-projects.json': ['-653.7100', '-0.895493', 3, 0],
  'errors-null-totals.json': [null, null, 0, 0],
};

describe('reports of the tool', () => {
  it.each(LISTED)('$file says what was worked out for it', ({ file, unknown }) => {
    const { monthlyDelta, hourlyDelta, completeness, priced, unpriced } = evidenceOf(raw(textOf(file)));
    expect([money(monthlyDelta, formatUsd4), money(hourlyDelta, formatUsd6), priced, unpriced]).toEqual(FIGURES[file]);
    expect(completeness).toBe({ none: 'complete', partial: 'partial', total: 'unknown' }[unknown]);
  });

  it.each(LISTED)('$file: its lines, subresources among them, add up to the total', ({ file, unknown }) => {
    const { lines, monthlyDelta } = evidenceOf(raw(textOf(file)));
    const total = lines.reduce((sum, { delta_usd }) => sum + (delta_usd === null ? 0n : usdOf(delta_usd)), 0n);
    if (unknown !== 'total') expect(total).toBe(monthlyDelta);
    else expect(lines).toEqual([]);
  });

  it('names what is unknown, and hashes the names', () => {
    const { lines, resourceTypes } = evidenceOf(raw(textOf('usage-based.json')));
    expect(lines.filter(({ status }) => status === 'unpriced')).toEqual([
      expect.objectContaining({
        address_sha256: sha256Hex('shop/infra/events/aws_lambda_function.fn'),
        type: 'aws_lambda_function',
        action: 'create',
        reason: 'usage_missing',
        delta_usd: null,
      }),
      expect.objectContaining({ type: 'aws_s3_bucket', reason: 'usage_missing', delta_usd: null }),
    ]);
    expect(resourceTypes).toEqual(['aws_instance', 'aws_lambda_function', 'aws_s3_bucket', 'aws_sqs_queue']);
  });

  it('tells what is created, changed and deleted', () => {
    const { lines, isDestructive } = evidenceOf(raw(textOf('decrease-two-projects.json')));
    expect(new Set(lines.map(({ action }) => action))).toEqual(new Set(['update', 'delete', 'create']));
    expect(isDestructive).toBe(true);
  });

  it.each(LISTED)('$file says the same once reduced, in less, without authors and paths', ({ file }) => {
    const [whole, reduced] = [raw(textOf(file)), reduceInfracost(raw(textOf(file)))];
    expect(readInfracost(reduced)).toEqual(readInfracost(whole));
    expect(reduceInfracost(reduced)).toEqual(reduced);
    const text = rawJsonText(reduced);
    expect(text.length).toBeLessThan(rawJsonText(whole).length / 3);
    for (const word of ['dev@example', 'git.example', 'feature/', 'main.tf', 'sha']) expect(text).not.toContain(word);
  });

  it.each(LISTED)('$file leaves no author, commit, address or URL in the evidence', ({ file }) => {
    const kept = JSON.stringify(evidenceOf(raw(textOf(file))), (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    for (const word of ['dev@example', 'git.example', 'feature/', 'shop/infra', 'main.tf']) {
      expect(kept).not.toContain(word);
    }
  });
});

const component = (more: object = {}) => ({ name: 'c', unit: 'u', price: '1', monthlyCost: '10', ...more });
const resource = (more: object = {}) => ({
  name: 'aws_vm.x',
  resourceType: 'aws_vm',
  costComponents: [component()],
  ...more,
});
const report = (resources: readonly object[], more: object = {}, project: object = {}) =>
  raw(
    JSON.stringify({
      version: '0.2',
      currency: 'USD',
      diffTotalMonthlyCost: '10',
      projects: [{ name: 'p', diff: { resources }, ...project }],
      ...more,
    }),
  );

describe('what makes a report partial', () => {
  it.each([
    ['an error of a project', [resource()], {}, { metadata: { errors: [{ code: 1 }] } }],
    ['an unsupported resource', [resource()], { summary: { totalUnsupportedResources: 1 } }, {}],
    ['one that only its project counts', [resource()], {}, { summary: { totalUnsupportedResources: 2 } }],
    ['a price that was not found', [resource({ costComponents: [component({ priceNotFound: true })] })], {}, {}],
    [
      'usage that nobody estimated',
      [resource({ costComponents: [component({ monthlyCost: null, usageBased: true })] })],
      {},
      {},
    ],
    [
      'the same, two levels down',
      [
        resource({
          subresources: [
            { name: 's', subresources: [{ name: 't', costComponents: [component({ monthlyCost: null })] }] },
          ],
        }),
      ],
      {},
      {},
    ],
  ])('%s', (_, resources, more, project) => {
    expect(evidenceOf(report(resources, more, project)).completeness).toBe('partial');
  });

  it('is nothing that costs nothing', () => {
    const summary = { totalNoPriceResources: 12, totalUnsupportedResources: 0 };
    expect(
      evidenceOf(report([resource()], { summary }, { diff: { resources: [resource()], freeResources: [{}] } })),
    ).toMatchObject({ completeness: 'complete', priced: 1, unpriced: 0 });
  });

  it('is more than partial where the total is null or missing: unknown, never zero', () => {
    for (const more of [{ diffTotalMonthlyCost: null }, { diffTotalMonthlyCost: undefined }])
      expect(evidenceOf(report([resource()], more))).toMatchObject({
        completeness: 'unknown',
        monthlyDelta: null,
        hourlyDelta: null,
      });
  });
});

describe('amounts of any length', () => {
  it.each([
    ['0.00005', '0.0000'],
    ['0.00015', '0.0002'],
    ['0.000150000000000000000000000001', '0.0002'],
    ['-0.00015', '-0.0002'],
    ['-0.00005', '0.0000'],
    ['33.168', '33.1680'],
    ['1000000000000', '1000000000000.0000'],
    [`0.${'1'.repeat(1000)}`, '0.1111'],
    [`0.00005${'0'.repeat(500)}`, '0.0000'],
    [`0.00005${'0'.repeat(500)}1`, '0.0001'],
  ])('%s is %s a month, half-even', (text, printed) => {
    expect(money(roundedUsd(text, 4) ?? null, formatUsd4)).toBe(printed);
  });

  it.each(['1e3', 'NaN', '', '01', '.5', '1.', '1000000000000.0001', '1000000000001', '9'.repeat(40)])(
    '%s is no amount',
    (text) => {
      expect(readInfracost(report([resource()], { diffTotalMonthlyCost: text }))).toMatchObject({
        code: 'report_malformed',
        pointer: '/diffTotalMonthlyCost',
      });
    },
  );

  it('reads components of any length too', () => {
    const long = { ...resource(), costComponents: [{ name: 'c', monthlyCost: `10.${'0'.repeat(100)}1` }] };
    expect(evidenceOf(report([long])).lines).toMatchObject([{ status: 'priced', delta_usd: '10.0000' }]);
  });

  it('gives the hourly delta as a 730th where the report has none', () => {
    expect(evidenceOf(report([resource()]))).toMatchObject({ hourlyDelta: 13_699n });
  });
});

describe('what is no report', () => {
  it.each([
    ['[]', 'report_malformed', ''],
    ['{}', 'report_malformed', '/version'],
    ['{"version":"0.3"}', 'report_version_unsupported', '/version'],
    ['{"version":"0.2"}', 'currency_unsupported', '/currency'],
    ['{"version":"0.2","currency":"EUR","projects":[]}', 'currency_unsupported', '/currency'],
    ['{"version":"0.2","currency":"USD","projects":{}}', 'report_malformed', '/projects'],
    [
      '{"version":"0.2","currency":"USD","projects":[],"diffTotalMonthlyCost":5}',
      'report_malformed',
      '/diffTotalMonthlyCost',
    ],
    [
      '{"version":"0.2","currency":"USD","projects":[{"diff":{"resources":[{}]}}]}',
      'report_malformed',
      '/projects/0/diff/resources/0/name',
    ],
    [
      '{"version":"0.2","currency":"USD","projects":[{"diff":{"resources":[{"name":"a"}]}}]}',
      'report_malformed',
      '/projects/0/diff/resources/0/resourceType',
    ],
    [
      '{"version":"0.2","currency":"USD","projects":[{"diff":{"resources":[{"name":"a","resourceType":"t","costComponents":[{"monthlyCost":1}]}]}}]}',
      'report_malformed',
      '/projects/0/diff/resources/0/costComponents/0/monthlyCost',
    ],
  ])('%s: %s at %s, reduced or not', (text, code, pointer) => {
    expect(readInfracost(raw(text))).toMatchObject({ kind: 'problem', code, pointer });
    expect(readInfracost(reduceInfracost(raw(text)))).toMatchObject({ kind: 'problem', code, pointer });
  });

  it('is one whose resources nest without end', () => {
    let nested: object = resource();
    for (let depth = 0; depth < 20; depth += 1) nested = resource({ subresources: [nested] });
    expect(readInfracost(report([nested]))).toMatchObject({ kind: 'problem', code: 'report_malformed' });
  });
});
