import { describe, expect, it } from '@jest/globals';
import { judgementAt } from '@verdict/domain';
import { z } from 'zod';
import { PolicyDocumentInput } from './policy-document.js';

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly $defs?: Readonly<Record<string, Schema>>;
}
const ROOT = z.toJSONSchema(PolicyDocumentInput, { io: 'input', unrepresentable: 'any' }) as Schema;
const resolved = ({ $ref, ...schema }: Schema): Schema =>
  $ref === undefined ? schema : (ROOT.$defs?.[$ref.replace('#/$defs/', '')] ?? {});

/** Names stand for themselves, ids of rules and routes and names of maps for `x`. A list without ids is one member. */
const leavesOf = (schema: Schema, place: readonly string[] = []): readonly (readonly string[])[] => {
  const { properties, additionalProperties: named, items, anyOf } = resolved(schema);
  const isNamed = typeof named === 'object';
  const inside = [
    ...Object.entries(properties ?? {}).flatMap(([name, member]) => leavesOf(member, [...place, name])),
    ...(isNamed ? leavesOf(named, [...place, 'x']) : []),
    ...(items !== undefined && resolved(items).properties?.['id'] !== undefined
      ? leavesOf(items, [...place, 'x'])
      : []),
    ...(anyOf ?? []).flatMap((option) => leavesOf(option, place)).filter((each) => each.length > place.length),
  ];
  return inside.length > 0 ? inside : [place];
};

describe('the members of a policy document', () => {
  const leaves = [...new Set(leavesOf(ROOT).map((place) => `/${place.join('/')}`))];
  const judgementOf = (leaf: string) => judgementAt(leaf.split('/').slice(1));

  it('are each judged by a comparison, or there is a reason why not', () => {
    expect(leaves.length).toBeGreaterThan(80);
    expect(leaves.filter((leaf) => judgementOf(leaf) === undefined)).toEqual([]);
  });

  it('that let neither more pass nor less are these', () => {
    expect(leaves.filter((leaf) => judgementOf(leaf)?.kind === 'neither')).toEqual([
      '/format',
      '/approval/routing/x/id',
      ...[
        'environments',
        'projects',
        'sources',
        'action_prefixes',
        'resource_types',
        'monthly_delta_usd/min',
        'monthly_delta_usd/max',
        'risk',
        'requesters',
      ].map((name) => `/approval/routing/x/match/${name}`),
      '/rules/x/id',
      '/rules/x/condition',
      '/rules/x/message',
      '/rules/x/obligation/key',
      '/rules/x/obligation/value',
      '/pricing/price_book',
      '/reconciliation/default_owner',
    ]);
  });

  it('are none that the document does not have', () => {
    for (const place of [
      '/approval/typo',
      '/rules/x/typo',
      '/reconciliation/typo',
      '/execution/x/y',
      '/entitlements/typo',
    ])
      expect([place, judgementOf(place)]).toEqual([place, undefined]);
  });
});
