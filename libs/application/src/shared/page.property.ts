import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pageOf, revisionPlace } from './page.js';

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
        let cursor: string | undefined;
        for (let turn = 0; ; turn += 1) {
          const { limit, newCount, changed } = planned[turn % planned.length] ?? { limit: 1, newCount: 0, changed: 0 };
          const page = pageOf(list, { limit, cursor }, WALK, placeOf);
          if (page.kind !== 'page') throw new Error(page.kind);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          shown.push(...page.items.map(({ revision }) => revision));
          expect(shown.length).toBeLessThanOrEqual(start.length);
          if (page.nextCursor === null) break;
          cursor = page.nextCursor;
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
        const page = pageOf(list, { limit, cursor: undefined }, WALK, placeOf);
        expect(page).toMatchObject({ kind: 'page', nextCursor: list.length > limit ? expect.any(String) : null });
      }),
    );
  });

  it('does not go on with the cursor of another tenant or list, or with none at all', () => {
    const two = [1n, 2n].map((revision): Item => ({ revision, changes: 0 }));
    const first = pageOf(two, { limit: 1, cursor: undefined }, WALK, placeOf);
    if (first.kind !== 'page' || first.nextCursor === null) throw new Error('there is no second page');
    const cursor = first.nextCursor;
    const kindOf = (walk: readonly string[], sent = cursor) =>
      pageOf(two, { limit: 1, cursor: sent }, walk, placeOf).kind;
    expect(kindOf(WALK)).toBe('page');
    for (const walk of [['other', 'budgets'], ['acme', 'credits'], [...WALK, 'active'], ['acmebudgets']])
      expect(kindOf(walk)).toBe('cursor_invalid');
    const binding = Buffer.from(cursor, 'base64url').toString().split('\n')[0] ?? '';
    for (const sent of ['', 'x', '!!!', `${cursor}x`.slice(3), Buffer.from(binding).toString('base64url')])
      expect(kindOf(WALK, sent)).toBe('cursor_invalid');
  });
});
