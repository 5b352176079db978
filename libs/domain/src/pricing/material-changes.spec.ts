import { describe, expect, it } from '@jest/globals';
import { readJsonText } from '@verdict/contracts';
import type { RawJson } from '../shared/raw-json.js';
import { planMetadata } from './material-changes.js';
import { readPlan } from './plan.js';
import { readPriceBook } from './price-book.reader.js';

const raw = (value: unknown): RawJson => {
  const result = readJsonText(JSON.stringify(value), { depthMax: 128 });
  if (result.kind !== 'ok') throw new Error(result.detail);
  return result.value;
};
const reading = readPriceBook(
  raw({
    format: 'verdict.price-book.v1',
    ...{ version: '1', currency: 'USD', hours_per_month: 730, free: ['aws_iam_*'] },
    defaults: { aws: { region: 'eu-central-1' } },
    entries: [
      {
        id: 'vm',
        resource_type: 'aws_vm',
        match: { size: 'big', region: ['eu-central-1', 'eu-west-1'] },
        components: [
          { name: 'disk', unit: 'month', unit_price: '1', quantity: { from: ['disk', 0, 'gb'], default: '8' } },
        ],
      },
    ],
  }),
);
if (reading.kind !== 'book') throw new Error(JSON.stringify(reading.problems));
const { book } = reading;

const change = (action: string | readonly string[], states: object, more: object = {}) => ({
  ...{ address: 'aws_vm.x', mode: 'managed', type: 'aws_vm', name: 'x' },
  provider_name: 'registry.terraform.io/hashicorp/aws',
  change: { actions: [action].flat(), before: null, after: null, ...states },
  ...more,
});
const planOf = (changes: readonly object[], more: object = {}) => {
  const plan = readPlan(raw({ format_version: '1.2', resource_changes: changes, ...more }));
  if (plan.kind !== 'plan') throw new Error(plan.detail);
  return plan.plan;
};
const metadataOf = (...changes: readonly object[]): string => planMetadata(planOf(changes), book);
const BIG = { size: 'big', disk: [{ gb: 20 }], tags: { a: 'b' } };

describe('the metadata of a run task', () => {
  it('shows what the book looks at, grouped with counts, and nothing else', () => {
    const metadata = metadataOf(
      change('create', { after: BIG }, { address: 'aws_vm.b' }),
      change('create', { after: BIG }, { address: 'aws_vm.a' }),
      change('delete', { before: { size: 'small' } }, { address: 'aws_vm.c' }),
    );
    expect(JSON.parse(metadata)).toEqual({
      v: 1,
      changes: [
        {
          ...{ type: 'aws_vm', action: 'create', before: {}, count: 2 },
          after: { size: 'big', region: 'eu-central-1', 'disk.0.gb': '20' },
        },
        {
          ...{ type: 'aws_vm', action: 'delete', after: {}, count: 1 },
          before: { size: 'small', region: 'eu-central-1' },
        },
      ],
    });
    expect(metadata).not.toMatch(/aws_vm\.[abc]|tags/);
  });

  it('is the same for a re-plan that renames, reorders, tags, or touches what is free', () => {
    const first = metadataOf(change('create', { after: BIG }), change('delete', { before: { size: 'small' } }));
    const second = metadataOf(
      change('delete', { before: { size: 'small' } }, { address: 'module.m.aws_vm.z' }),
      change('create', { after: { ...BIG, tags: { other: 'tag' } } }, { address: 'aws_vm.renamed' }),
      change('update', { before: BIG, after: { ...BIG, tags: {} } }, { address: 'aws_vm.y' }),
      change('create', { after: { name: 'role' } }, { type: 'aws_iam_role', address: 'aws_iam_role.r' }),
      change('no-op', { before: BIG, after: BIG }, { address: 'aws_vm.n' }),
      change('read', { after: {} }, { mode: 'data', address: 'data.aws_vm.d' }),
    );
    expect(second).toBe(first);
  });

  it.each([
    ['a larger disk', change('create', { after: { ...BIG, disk: [{ gb: 21 }] } })],
    ['another region', change('create', { after: { ...BIG, region: 'eu-west-1' } })],
    ['an unknown size', change('create', { after: { disk: BIG.disk }, after_unknown: { size: true } })],
    ['a masked size', change('create', { after: BIG, after_sensitive: { size: true } })],
    ['an update in its place', change('update', { before: { size: 'small' }, after: BIG })],
    ['a replacement', change(['delete', 'create'], { before: BIG, after: BIG })],
    ['a type that the book does not know', change('create', { after: {} }, { type: 'aws_other' })],
  ])('is another for %s', (_what, other) => {
    expect(metadataOf(other)).not.toBe(metadataOf(change('create', { after: BIG })));
  });

  it('never shows a masked value', () => {
    expect(metadataOf(change('create', { after: BIG, after_sensitive: { size: true } }))).not.toContain('big');
  });

  it('counts what is deferred, and shows what the book looks at', () => {
    const deferred = [{ reason: 'r', resource_change: change('create', { after: BIG }) }];
    expect(JSON.parse(planMetadata(planOf([], { deferred_changes: deferred }), book)).changes).toEqual([
      {
        ...{ type: 'aws_vm', action: 'deferred', before: {}, count: 1 },
        after: { size: 'big', region: 'eu-central-1', 'disk.0.gb': '20' },
      },
    ]);
  });

  const deferring = (after: object, type = 'aws_vm'): string => {
    const deferred_changes = [{ reason: 'r', resource_change: change('create', { after }, { type }) }];
    return planMetadata(planOf([], { deferred_changes }), book);
  };
  const masked = { before_sensitive: { size: true }, after_sensitive: { size: true } };
  const unknownDisk = { after_unknown: { disk: true } };

  it.each<[string, string, string]>([
    ['what is deferred is larger', deferring(BIG), deferring({ ...BIG, disk: [{ gb: 400 }] })],
    ['what is deferred is of a free type', deferring(BIG, 'aws_iam_role'), deferring(BIG, 'aws_iam_user')],
    [
      'an action that nobody knows is taken on something else',
      metadataOf(change('explode', { before: BIG, after: BIG })),
      metadataOf(change('explode', { before: BIG, after: { ...BIG, disk: [{ gb: 400 }] } })),
    ],
    [
      'what the book does not know is updated',
      metadataOf(change('update', { before: {}, after: {} }, { type: 'aws_other' })),
      metadataOf(change('update', { before: {}, after: {} }, { type: 'aws_another' })),
    ],
    ['a masked size is updated', metadataOf(change('update', { before: BIG, after: BIG, ...masked })), metadataOf()],
    [
      'what the book has no entry for is updated',
      metadataOf(change('update', { before: { size: 'odd' }, after: { size: 'odd' } })),
      metadataOf(),
    ],
    [
      'a disk of unknown size is updated',
      metadataOf(change('update', { before: BIG, after: { size: 'big' }, ...unknownDisk })),
      metadataOf(),
    ],
  ])('is another where %s: of a change at an unknown cost no other one has the fingerprint', (_what, one, other) => {
    expect(one).not.toBe(other);
  });

  it('names types and actions where no book is published', () => {
    expect(JSON.parse(planMetadata(planOf([change('create', { after: BIG })]), undefined)).changes).toEqual([
      { type: 'aws_vm', action: 'create', before: {}, after: {}, count: 1 },
    ]);
  });

  it('is a hash and a count once it is larger than 48 KiB, and still another for another change', () => {
    const many = (gb: number) =>
      Array.from({ length: 900 }, (_, index) =>
        change('create', { after: { ...BIG, disk: [{ gb: index + gb }] } }, { address: `aws_vm.n${String(index)}` }),
      );
    const [one, other] = [metadataOf(...many(1)), metadataOf(...many(2))];
    expect(JSON.parse(one)).toEqual({
      v: 1,
      changes_count: 900,
      changes_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(one).not.toBe(other);
    expect(one.length).toBeLessThan(200);
  });
});
