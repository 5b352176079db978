import { describe, expect, it } from '@jest/globals';
import { readJsonText } from '@verdict/contracts';
import { formatUsd4, formatUsd6 } from '../shared/money.js';
import { rawJsonText, type RawJson } from '../shared/raw-json.js';
import { sha256Hex } from '../shared/sha256.js';
import { LINES_TEXT_MAX } from './lines.js';
import { PLAN_CHANGES_MAX, readPlan, readResourceChanges } from './plan.js';
import { readPriceBook } from './price-book.reader.js';
import { pricePlan, type UsageFigures } from './pricer.js';
import { reducePlan } from './reduce-plan.js';

const raw = (value: unknown): RawJson => {
  const result = readJsonText(JSON.stringify(value), { depthMax: 128 });
  if (result.kind !== 'ok') throw new Error(result.detail);
  return result.value;
};
const component = (unit_price: string, quantity: unknown = '1', unit = 'month') => ({
  name: 'c',
  unit,
  unit_price,
  quantity,
});
const entry = (id: string, match: object, components: unknown = [component('1')], resource_type = 'aws_vm') => ({
  id,
  resource_type,
  match,
  components,
});
const bookOf = (entries: readonly object[], more: object = {}) => {
  const head = { format: 'verdict.price-book.v1', version: '1', currency: 'USD', hours_per_month: 730 };
  const reading = readPriceBook(raw({ ...head, entries, ...more }));
  if (reading.kind !== 'book') throw new Error(JSON.stringify(reading.problems));
  return reading.book;
};
interface ChangeParts {
  readonly [member: string]: unknown;
}
const change = (actions: readonly string[], states: ChangeParts, more: ChangeParts = {}) => ({
  address: 'aws_vm.x',
  mode: 'managed',
  type: 'aws_vm',
  name: 'x',
  provider_name: 'registry.terraform.io/hashicorp/aws',
  change: { actions, before: null, after: null, ...states },
  ...more,
});
const create = (after: object, masks: ChangeParts = {}) => change(['create'], { after, ...masks });
const planOf = (changes: readonly object[], more: object = {}) =>
  raw({ format_version: '1.2', resource_changes: changes, ...more });
const price = (plan: RawJson, book: ReturnType<typeof bookOf>, usage: UsageFigures = {}) => {
  const [full, reduced] = [plan, reducePlan(plan)].map((each) => {
    const reading = readPlan(each);
    if (reading.kind !== 'plan') throw new Error(reading.detail);
    return pricePlan(reading.plan, book, { usage });
  });
  expect(reduced).toEqual(full); // Every plan of this file costs the same once reduced.
  if (full === undefined) throw new Error('no plan');
  return full;
};
const SIZED = bookOf([
  entry('small', { size: 's' }, [component('10')]),
  entry('large', { size: 'l' }, [component('25')]),
]);
const summary = (plan: RawJson, book = SIZED, usage: UsageFigures = {}) => {
  const { monthlyDelta, completeness, lines } = price(plan, book, usage);
  return [
    monthlyDelta === null ? null : formatUsd4(monthlyDelta),
    completeness,
    lines.map(({ reason }) => reason).join(),
  ];
};

describe('actions', () => {
  const [before, after] = [{ size: 's' }, { size: 'l' }];
  it.each([
    [['create'], { after }, '25.0000', 'create'],
    [['delete'], { before }, '-10.0000', 'delete'],
    [['update'], { before, after }, '15.0000', 'update'],
    [['delete', 'create'], { before, after }, '15.0000', 'replace'],
    [['create', 'delete'], { before, after }, '15.0000', 'replace'],
    [['create', 'forget'], { before, after }, '25.0000', 'create'],
    [['forget'], { before }, '0.0000', 'forget'],
  ])('%j changes the cost by the right side(s)', (actions, states, monthly, action) => {
    const { monthlyDelta, lines, completeness, isDestructive } = price(planOf([change(actions, states)]), SIZED);
    expect([formatUsd4(monthlyDelta ?? (0n as never)), completeness]).toEqual([monthly, 'complete']);
    expect(lines.map((line) => line.action)).toEqual([action]);
    expect(isDestructive).toBe(action === 'delete' || action === 'replace');
  });

  it.each([[['no-op']], [['read']]])('%j costs nothing and leaves no line', (actions) => {
    expect(summary(planOf([change(actions, { before, after })]))).toEqual(['0.0000', 'complete', '']);
  });

  it.each([[['explode']], [['create', 'explode']], [[]], [['no-op', 'create']], [['create', 'update']]])(
    '%j is nothing that anybody knows: unknown',
    (actions) => {
      expect(summary(planOf([change(actions, { before, after })]))).toEqual([null, 'unknown', 'action_unknown']);
    },
  );

  it('counts what is forgotten, alone or with another made in its place', () => {
    const forgotten = [change(['forget'], { before }), change(['create', 'forget'], { before, after })];
    const { counts } = price(planOf([...forgotten, create(after), { ...forgotten[0], mode: 'data' }]), SIZED);
    expect(counts).toMatchObject({ forget: 2, create: 2, delete: 0 });
  });

  it('leaves data resources, drift and state unpriced', () => {
    const data = { ...create(after), mode: 'data' };
    const more = { resource_drift: [create(after)], planned_values: { root_module: {} } };
    expect(summary(planOf([data], more))).toEqual(['0.0000', 'complete', '']);
  });

  it('tells a deposed object from the one at its address', () => {
    const deposed = change(['delete'], { before }, { deposed: 'a1b2' });
    const { lines, counts } = price(planOf([create(after), deposed]), SIZED);
    expect(lines.map(({ address_sha256 }) => address_sha256)).toEqual([
      sha256Hex('aws_vm.x'),
      sha256Hex('aws_vm.x (deposed a1b2)'),
    ]);
    expect(counts).toMatchObject({ create: 1, delete: 1 });
  });
});

describe('what is not known is never zero', () => {
  it.each([
    ['no entry', { size: 'xxl' }, {}, 'no_entry'],
    ['an attribute that is known after apply', {}, { after_unknown: { size: true } }, 'attribute_unknown'],
    ['a whole state that is known after apply', {}, { after_unknown: true }, 'attribute_unknown'],
    ['a masked attribute', { size: 's' }, { after_sensitive: { size: true } }, 'attribute_sensitive'],
    ['a state masked as a whole', { size: 's' }, { after_sensitive: true }, 'attribute_sensitive'],
  ])('%s', (_, after, masks, reason) => {
    expect(summary(planOf([create(after, masks)]))).toEqual([null, 'unknown', reason]);
    expect(summary(planOf([create(after, masks), create({ size: 's' })]))).toEqual([
      '10.0000',
      'partial',
      `${reason},`,
    ]);
  });

  it('keeps the result partial for a delete without a price', () => {
    const plan = planOf([create({ size: 's' }), change(['delete'], { before: { size: 'old' } })]);
    expect(summary(plan)).toEqual(['10.0000', 'partial', ',no_entry']);
  });

  it('counts a deferred change as one unknown line, and -target as at best partial', () => {
    const deferred = { deferred_changes: [{ reason: 'r', resource_change: create({ size: 's' }) }] };
    expect(summary(planOf([create({ size: 's' })], deferred))).toEqual(['10.0000', 'partial', ',deferred']);
    expect(summary(planOf([create({ size: 's' })], { complete: false }))).toEqual(['10.0000', 'partial', '']);
  });

  it('knows nothing of a plan that errored, and a clean zero of one that changes nothing', () => {
    expect(summary(planOf([create({ size: 's' })], { errored: true }))).toEqual([null, 'unknown', '']);
    expect(summary(raw({ format_version: '1.2', applyable: false }))).toEqual(['0.0000', 'complete', '']);
  });
});

describe('selection', () => {
  const select = (entries: readonly object[], after: object, masks: ChangeParts = {}) => {
    const [line] = price(planOf([create(after, masks)]), bookOf(entries)).lines;
    return line?.entry_id ?? line?.reason;
  };

  it('takes exact types before prefixes, then more matchers, then longer prefixes', () => {
    const prefixed = (id: string, type: string, match: object) => entry(id, match, undefined, type);
    const wide = [prefixed('p1', 'aws_*', {}), prefixed('p2', 'aws_v*', {}), prefixed('p3', 'a*', { size: 's' })];
    expect(select(wide, { size: 'l' })).toBe('p2');
    expect(select(wide, { size: 's' })).toBe('p3');
    expect(select([...wide, entry('exact', {})], { size: 's' })).toBe('exact');
    expect(
      select([entry('one', { size: 's' }), entry('two', { size: 's', kind: 'k' })], { size: 's', kind: 'k' }),
    ).toBe('two');
  });

  it('is unknown when a better entry hangs on an unknown attribute', () => {
    const entries = [entry('one', { size: 's' }), entry('two', { size: 's', kind: 'k' })];
    expect(select(entries, { size: 's' }, { after_unknown: { kind: true } })).toBe('attribute_unknown');
    expect(select(entries, { size: 's', kind: 'z' })).toBe('one');
    expect(select(entries, { size: 'l' }, { after_unknown: { kind: true } })).toBe('no_entry');
  });

  it.each([
    [{ a: 's' }, { a: 's' }, true],
    [{ a: ['s', 't'] }, { a: 't' }, true],
    [{ a: ['s', 't'] }, { a: 'u' }, false],
    [{ a: { prefix: 'eu-' } }, { a: 'eu-west' }, true],
    [{ a: { prefix: 'eu-' } }, { a: 'us-east' }, false],
    [{ a: { prefix: 'eu-' } }, {}, false],
    [{ a: { absent: true } }, {}, true],
    [{ a: { absent: true } }, { a: null }, true],
    [{ a: { absent: true } }, { a: [] }, true],
    [{ a: { absent: true } }, { a: '' }, false],
    [{ a: { absent_or: ['x'] } }, {}, true],
    [{ a: { absent_or: ['x'] } }, { a: 'x' }, true],
    [{ a: { absent_or: ['x'] } }, { a: 'y' }, false],
    [{ a: 8 }, { a: 8 }, true],
    [{ a: '8' }, { a: 8 }, true],
    [{ a: true }, { a: 'true' }, true],
    [{ 'a.0.b': 'x' }, { a: [{ b: 'x' }] }, true],
    [{ 'a.1.b': 'x' }, { a: [{ b: 'x' }] }, false],
    [{ a: 'x' }, { a: { b: 'x' } }, false],
    [{ constructor: { absent: true } }, {}, true],
    [{ 'a.length': '1' }, { a: ['x'] }, false],
  ])('%j on %j: %j', (match, after, doesMatch) => {
    expect(select([entry('e', match)], after)).toBe(doesMatch ? 'e' : 'no_entry');
  });

  it('finds the same entry among thousands', () => {
    const entries = Array.from({ length: 1400 }, (_, index) =>
      entry(`e${String(index)}`, { size: `s${String(index)}`, zone: 'z' }),
    );
    const all = [...entries, entry('by-prefix', { size: { prefix: 's' }, zone: 'y' })];
    expect(select(all, { size: 's1234', zone: 'z' })).toBe('e1234');
    expect(select(all, { size: 's1234', zone: 'y' })).toBe('by-prefix');
    expect(select(all, { zone: 'z' }, { after_unknown: { size: true } })).toBe('attribute_unknown');
    expect(select(all, { zone: 'z' })).toBe('no_entry');
  });

  it('calls free what the book lists, unless an entry names the type more closely', () => {
    const free = { free: ['aws_*', 'aws_vm_tag'] };
    const book = bookOf([entry('vm', { size: 's' }), entry('tags', {}, undefined, 'aws_vm_*')], free);
    const status = (type: string) => {
      const [line] = price(planOf([change(['create'], { after: { size: 'l' } }, { type })]), book).lines;
      return [line?.status, line?.entry_id, line?.reason];
    };
    expect(status('aws_iam')).toEqual(['free', null, null]);
    expect(status('aws_vm')).toEqual(['unpriced', null, 'no_entry']);
    expect(status('aws_vm_tag')).toEqual(['free', null, null]);
    expect(status('aws_vm_disk')).toEqual(['priced', 'tags', null]);
    expect(status('gcp_vm')).toEqual(['unpriced', null, 'no_entry']);
  });
});

describe('quantities', () => {
  const cost = (quantity: unknown, after: object, options: { masks?: ChangeParts; usage?: UsageFigures } = {}) => {
    const book = bookOf([entry('e', {}, [component('0.5', quantity)])]);
    const [monthly, , reason] = summary(planOf([create(after, options.masks)]), book, options.usage);
    return monthly ?? reason;
  };
  const from = ['disk', 0, 'gb'];

  it.each([
    ['3', {}, '1.5000'],
    [{ from }, { disk: [{ gb: 30 }] }, '15.0000'],
    [{ from }, { disk: [{ gb: '30.5' }] }, '15.2500'],
    [{ from }, { disk: [{ gb: 0 }] }, '0.0000'],
    [{ from, default: '8' }, {}, '4.0000'],
    [{ from, default: '8' }, { disk: [] }, '4.0000'],
    [{ from, multiply: '2.5' }, { disk: [{ gb: 4 }] }, '5.0000'],
    [{ from, round_up_to: '10' }, { disk: [{ gb: 11 }] }, '10.0000'],
    [{ from, multiply: '0.1', round_up_to: '0.25' }, { disk: [{ gb: 11 }] }, '0.6250'],
    [{ from }, {}, 'attribute_unknown'],
    [{ from }, { disk: [{ gb: -1 }] }, 'attribute_unknown'],
    [{ from }, { disk: [{ gb: 'many' }] }, 'attribute_unknown'],
    [{ from }, { disk: [{ gb: [1] }] }, 'attribute_unknown'],
    [{ from }, { disk: [{ gb: '0.0000001' }] }, 'attribute_unknown'],
    [{ from }, { disk: [{ gb: '1e99' }] }, 'attribute_unknown'],
  ])('%j of %j is %s', (quantity, after, expected) => {
    expect(cost(quantity, after)).toBe(expected);
  });

  it('gives a default to what is absent, not to what is unknown or masked', () => {
    const masks = [{ after_unknown: { disk: true } }, { after_unknown: { disk: [{ gb: true }] } }];
    for (const mask of masks)
      expect(cost({ from, default: '8' }, { disk: [{}] }, { masks: mask })).toBe('attribute_unknown');
    const masked = { masks: { after_sensitive: { disk: [{ gb: true }] } } };
    expect(cost({ from, default: '8' }, { disk: [{ gb: 5 }] }, masked)).toBe('attribute_sensitive');
  });

  it('takes usage figures from the request, else it is unknown', () => {
    const quantity = { usage: 'monthly_requests' };
    expect(cost(quantity, {}, { usage: { monthly_requests: '1000' } })).toBe('500.0000');
    expect(cost(quantity, {}, { usage: { other: '1' } })).toBe('usage_missing');
    expect(cost({ usage: 'constructor' }, {})).toBe('usage_missing');
  });
});

describe('arithmetic', () => {
  it('rounds once, from the exact sum', () => {
    const book = bookOf([entry('e', {}, [component('0.00003')])]);
    const plan = planOf(Array.from({ length: 5 }, () => create({})));
    const { monthlyDelta, lines } = price(plan, book);
    expect(formatUsd4(monthlyDelta ?? (0n as never))).toBe('0.0002'); // Half-even of 0.00015; five rounded lines make 0.
    expect(lines[0]?.delta_usd).toBe('0.0000');
  });

  it('takes the hourly amount from the exact monthly one', () => {
    const book = bookOf([entry('e', {}, [component('0.0000002', '1000000', 'hour')])]);
    const { monthlyDelta, hourlyDelta } = price(planOf([create({})]), book);
    expect([formatUsd4(monthlyDelta ?? (0n as never)), formatUsd6(hourlyDelta ?? (0n as never))]).toEqual([
      '146.0000',
      '0.200000',
    ]);
  });

  it('counts a sum beyond 10^12 as that much, either way, and says that there is more', () => {
    const book = bookOf([entry('iops', {}, [component('1000000', { from: ['n'] }, 'hour')])]);
    const [most, none] = [{ n: 999_999_999 }, { n: 0 }];
    const [up, down] = [
      change(['update'], { before: none, after: most }),
      change(['update'], { before: most, after: none }),
    ];
    expect(summary(planOf([up, up]), book)).toEqual(['1000000000000.0000', 'partial', ',']);
    expect(summary(planOf([down]), book)).toEqual(['-1000000000000.0000', 'partial', '']);
    expect(summary(planOf([up, down]), book)).toEqual(['0.0000', 'complete', ',']);
  });

  it('takes 10^12 itself for what it is', () => {
    const book = bookOf([entry('lease', {}, [component('1000000', { from: ['n'] })])]);
    expect(summary(planOf([create({ n: 1_000_000 })]), book)).toEqual(['1000000000000.0000', 'complete', '']);
  });

  it('loses no digit of sizes beyond 2^53', () => {
    const book = bookOf([entry('e', {}, [component('0.000001', { from: ['n'] })])]);
    const text =
      '{"format_version":"1.0","resource_changes":[{"address":"a","type":"aws_vm","change":{"actions":["create"],"after":{"n":9007199254740993e-1}}}]}';
    const parsed = readJsonText(text, { depthMax: 128 });
    if (parsed.kind !== 'ok') throw new Error(parsed.detail);
    expect(summary(parsed.value, book)[0]).toBe('900719925.4741');
  });
});

describe('region', () => {
  const BOOK = bookOf([
    entry('eu', { region: 'eu-west-1' }, [component('1')]),
    entry('us', { region: 'us-east-1' }, [component('2')]),
  ]);
  const DEFAULTED = { ...BOOK, defaults: { aws: { region: 'us-east-1' } } };
  const configured = (expressions: object, key = 'aws', more: ChangeParts = {}) => ({
    configuration: {
      provider_config: { [key]: { name: 'aws', expressions, ...more } },
      root_module: {
        resources: [{ mode: 'managed', type: 'aws_vm', name: 'x', provider_config_key: key }],
        module_calls: {
          m: { module: { resources: [{ mode: 'managed', type: 'aws_vm', name: 'x', provider_config_key: key }] } },
        },
        variables: { region: {}, hidden: { sensitive: true }, fallback: { default: 'eu-west-1' } },
      },
    },
    variables: { region: { value: 'eu-west-1' }, hidden: { value: 'eu-west-1' } },
  });
  const EU = { region: { constant_value: 'eu-west-1' } };
  const idOf = (plan: RawJson, book = BOOK) => {
    const [line] = price(plan, book).lines;
    return line?.entry_id ?? line?.reason;
  };

  it('is the attribute, else the zone, else the provider block, else the default of the book', () => {
    const configuration = configured(EU);
    expect(idOf(planOf([create({ region: 'us-east-1', availability_zone: 'eu-west-1a' })], configuration))).toBe('us');
    expect(idOf(planOf([create({ availability_zone: 'us-east-1a' })], configuration))).toBe('us');
    expect(idOf(planOf([create({})], configuration), DEFAULTED)).toBe('eu');
    expect(idOf(planOf([create({})]), DEFAULTED)).toBe('us');
    expect(idOf(planOf([create({})]))).toBe('region_unknown');
  });

  it('goes on where a zone is known only after apply, and stops where a region is masked', () => {
    const later = { after_unknown: { region: true, availability_zone: true } };
    expect(idOf(planOf([create({}, later)], configured(EU)), DEFAULTED)).toBe('eu');
    const masked = { after_sensitive: { region: true } };
    expect(idOf(planOf([create({ region: 'eu-west-1' }, masked)]), DEFAULTED)).toBe('attribute_sensitive');
  });

  it.each([
    ['a root variable', { region: { references: ['var.region'] } }, 'eu'],
    ['the default of a root variable', { region: { references: ['var.fallback'] } }, 'eu'],
    ['a sensitive variable', { region: { references: ['var.hidden'] } }, 'us'],
    ['two references', { region: { references: ['var.region', 'local.x'] } }, 'us'],
    ['a local', { region: { references: ['local.region'] } }, 'us'],
    ['nothing', {}, 'us'],
  ])('reads a provider block that names %s', (_, expressions, id) => {
    expect(idOf(planOf([create({})], configured(expressions)), DEFAULTED)).toBe(id);
  });

  it('follows modules, whatever their keys hold, and does not take their variables for the root ones', () => {
    const inModule = (address: string) => ({ ...create({}), module_address: address });
    const plan = (address: string, more?: ChangeParts) =>
      planOf([inModule(address)], configured(EU, 'module.m:aws', more));
    expect(idOf(plan('module.m'), DEFAULTED)).toBe('eu');
    expect(idOf(plan('module.m["a.b[\\"c\\"] module.q"]'), DEFAULTED)).toBe('eu');
    expect(idOf(plan('module.m[0]'), DEFAULTED)).toBe('eu');
    expect(idOf(plan('module.n'), DEFAULTED)).toBe('us');
    expect(idOf(plan('nonsense'), DEFAULTED)).toBe('us');
    const variable = configured({ region: { references: ['var.region'] } }, 'module.m:aws', {
      module_address: 'module.m',
    });
    expect(idOf(planOf([inModule('module.m')], variable), DEFAULTED)).toBe('us');
  });

  it('cuts a Google zone at its last part', () => {
    const book = bookOf([entry('g', { region: 'europe-west1' }, undefined, 'google_vm')]);
    const google = {
      ...create({ zone: 'europe-west1-b' }),
      type: 'google_vm',
      provider_name: 'x/hashicorp/google-beta',
    };
    expect(idOf(planOf([google]), book)).toBe('g');
  });
});

describe('recorded lines', () => {
  it('are one each up to a thousand, then sums of equal ones', () => {
    const many = (count: number) =>
      price(
        planOf(
          Array.from({ length: count }, (_, index) => ({
            ...create({ size: index % 2 === 0 ? 's' : 'l' }),
            address: `v${String(index)}`,
          })),
        ),
        SIZED,
      );
    expect(many(300).lines).toHaveLength(300);
    const { lines, priced, monthlyDelta } = many(1001);
    expect(lines).toEqual([
      expect.objectContaining({ entry_id: 'small', count: 501, delta_usd: '5010.0000', address_sha256: null }),
      expect.objectContaining({ entry_id: 'large', count: 500, delta_usd: '12500.0000', before_usd: '0.0000' }),
    ]);
    expect([priced, monthlyDelta]).toEqual([1001, 17_510_000_000n]);
  });

  it('never outgrow an entry, even when no two are equal', () => {
    const long = (index: number) => `${'t'.repeat(120)}${String(index)}`;
    const changes = Array.from({ length: 3000 }, (_, index) => ({
      ...create({}),
      type: long(index),
      address: String(index),
    }));
    const { lines, unpriced } = price(planOf(changes), SIZED);
    expect(lines.length).toBeLessThanOrEqual(1000);
    expect(JSON.stringify(lines).length).toBeLessThanOrEqual(LINES_TEXT_MAX);
    expect(lines.reduce((sum, { count }) => sum + count, 0)).toBe(unpriced);
    expect(lines.at(-1)).toMatchObject({ type: '*', reason: 'no_entry' });
  });
});

describe('plans that cannot be read', () => {
  it.each([
    [{}, 'plan_malformed', '/format_version'],
    [{ format_version: '2.0' }, 'plan_format_unsupported', '/format_version'],
    [[], 'plan_malformed', ''],
    [{ format_version: '1.0', resource_changes: {} }, 'plan_malformed', '/resource_changes'],
    [{ format_version: '1.0', resource_changes: [{}] }, 'plan_malformed', '/resource_changes/0/address'],
    [{ format_version: '1.0', resource_changes: [{ address: 'a' }] }, 'plan_malformed', '/resource_changes/0/type'],
    [
      { format_version: '1.0', resource_changes: [{ address: 'a', type: 't' }] },
      'plan_malformed',
      '/resource_changes/0/change/actions',
    ],
    [{ format_version: '1.0', deferred_changes: [7] }, 'plan_malformed', '/deferred_changes/0/resource_change/address'],
  ])('%j: %s at %s', (plan, code, pointer) => {
    expect(readPlan(raw(plan))).toMatchObject({ kind: 'problem', code, pointer });
    expect(readPlan(reducePlan(raw(plan)))).toMatchObject({ kind: 'problem', code });
  });

  it('ends at 50,000 changes', () => {
    const one = raw(create({}));
    expect(readResourceChanges(Array.from({ length: PLAN_CHANGES_MAX }, () => one)).kind).toBe('plan');
    expect(readResourceChanges(Array.from({ length: PLAN_CHANGES_MAX + 1 }, () => one))).toMatchObject({
      code: 'plan_too_large',
    });
    expect(readResourceChanges(raw({}))).toMatchObject({ code: 'plan_malformed' });
  });
});

describe('a reduced plan', () => {
  it('masks what a provider repeats beside the mask, and cuts long texts', () => {
    const after = { password: 'canary-1234', output: { copy: 'canary-1234' }, user_data: 'x'.repeat(5000), size: 's' };
    const reduced = reducePlan(planOf([create(after, { after_sensitive: { password: true } })]));
    const text = JSON.stringify(reduced);
    expect(text).not.toContain('canary');
    expect(text.length).toBeLessThan(1000);
    expect(summary(reduced)).toEqual(['10.0000', 'complete', '']);
  });

  it('drops masked values of any kind and length', () => {
    const after = { pin: 4711, code: 'abc', hidden: { list: ['k1', 'k2'] }, size: 's' };
    const mask = { after_sensitive: { pin: true, code: true, hidden: true } };
    const text = rawJsonText(reducePlan(planOf([create(after, mask)])));
    for (const secret of ['4711', 'abc', 'k1', 'k2']) expect(text).not.toContain(secret);
  });
});
