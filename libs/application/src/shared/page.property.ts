import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { instantOf } from '@verdict/domain';
import { pageOf, revisionPlace } from './page.js';
import { readWalkCursor, walkCursor } from './walk.js';

interface Item {
  readonly revision: bigint;
  readonly changes: number;
}

const WALK = ['acme', 'budgets'];
const placeOf = ({ revision }: Item): string => revisionPlace(revision);
/** As a map gives them: in no order that a page could rely on. */
const items = fc
  .uniqueArray(fc.bigInt({ min: 0n, max: 10n ** 19n }), { maxLength: 40 })
  .map((revisions) => revisions.map((revision): Item => ({ revision, changes: 0 })));
/** What happens between two pages: new items, and changes of old ones. */
const turns = fc.array(
  fc.record({
    limit: fc.integer({ min: 1, max: 7 }),
    newCount: fc.integer({ min: 0, max: 3 }),
    changed: fc.nat(50),
  }),
  { minLength: 1, maxLength: 60 },
);

describe('a walk over a list', () => {
  it('shows every item that was there at its start once, in order, whatever the limits and the writes meanwhile', () => {
    fc.assert(
      fc.property(items, turns, (start, planned) => {
        let list = start;
        let next = 10n ** 19n;
        const shown: bigint[] = [];
        let after: string | undefined;
        for (let turn = 0; ; turn += 1) {
          const { limit, newCount, changed } = planned[turn % planned.length] ?? { limit: 1, newCount: 0, changed: 0 };
          const page = pageOf(list, { limit, after }, placeOf);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          shown.push(...page.items.map(({ revision }) => revision));
          expect(shown.length).toBeLessThanOrEqual(start.length);
          if (page.last === undefined) break;
          after = page.last;
          const made = Array.from({ length: newCount }, (): Item => ({ revision: (next += 1n), changes: 0 }));
          list = [...made, ...list].map((item, index) =>
            index === changed ? { ...item, changes: item.changes + 1 } : item,
          );
        }
        const wanted = start.map(({ revision }) => revision).sort((a, b) => (a < b ? 1 : -1));
        expect(shown).toEqual(wanted);
      }),
    );
  });

  it('ends with the last item: no page is empty but the only one', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 50 }), (list, limit) => {
        const { last } = pageOf(list, { limit, after: undefined }, placeOf);
        expect(last === undefined).toBe(list.length <= limit);
      }),
    );
  });
});

describe('a cursor', () => {
  const folded = { policy: 7n, decisions: 12_345_678_901_234_567n, approvals: -1n, reservations: 0n };
  const point = { now: instantOf(1_764_000_000_000), folded };
  const cursor = walkCursor(WALK, point, ['a', 'b']);

  it('has the point of its walk and the place of its page in it', () => {
    expect(readWalkCursor(WALK, cursor)).toEqual({ point, place: ['a', 'b'] });
  });

  it('is none of another tenant or list, nor when it was made by hand', () => {
    for (const walk of [['other', 'budgets'], ['acme', 'credits'], [...WALK, 'active'], ['acmebudgets']])
      expect(readWalkCursor(walk, cursor)).toBeUndefined();
    const text = Buffer.from(cursor, 'base64url').toString();
    const [binding = ''] = text.split('\n');
    for (const made of [
      '',
      'x',
      binding,
      text.replace('\n7\n', '\nx\n'),
      text.replace('\n-1\n', '\n-2\n'),
      `${binding}\na`,
    ])
      expect(readWalkCursor(WALK, Buffer.from(made).toString('base64url'))).toBeUndefined();
    for (const sent of ['x', '!!!', `${cursor}x`.slice(3)]) expect(readWalkCursor(WALK, sent)).toBeUndefined();
  });
});
