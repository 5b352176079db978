import { type CanonicalJson, jcsText } from '../shared/jcs.js';
import { sha256Hex } from '../shared/sha256.js';
import type { Attribute, Facts, MaskedState } from './attributes.js';
import type { Plan, PlannedChange } from './plan.js';
import type { PriceBook, PriceBookEntry } from './price-book.js';
import { priceIndexFor } from './pricer.js';
import { factsOf } from './region.js';

type Path = readonly (string | number)[];
type Shown = { readonly [path: string]: CanonicalJson };

/** Equal changes, told by what a price can depend on; no address, so that a moved resource is the same change. */
interface MaterialChange {
  readonly type: string;
  readonly action: string;
  readonly before: Shown;
  readonly after: Shown;
}

const TEXT_MAX = 256;
const NOTHING_SHOWN: Shown = {};

const coversType = ({ resource_type: pattern }: PriceBookEntry, type: string): boolean =>
  pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type;

const pathsOf = ({ match, components }: PriceBookEntry): readonly Path[] => [
  ...Object.keys(match).map((path) => path.split('.')),
  ...components.flatMap(({ quantity }) => (typeof quantity === 'object' && 'from' in quantity ? [quantity.from] : [])),
];

/** Everything of a type that some entry of the book looks at, by its name. */
const pathsFor = (book: PriceBook): ((type: string) => ReadonlyMap<string, Path>) => {
  const known = new Map<string, ReadonlyMap<string, Path>>();
  return (type) => {
    const found =
      known.get(type) ??
      new Map(
        book.entries
          .filter((entry) => coversType(entry, type))
          .flatMap((entry) => pathsOf(entry).map((path) => [path.join('.'), path] as const)),
      );
    known.set(type, found);
    return found;
  };
};

/** Absent attributes are left out; what is not known yet, or masked, is a kind of its own and never its text. */
const shownAs = (attribute: Attribute): CanonicalJson | undefined => {
  if (attribute.kind === 'absent') return undefined;
  return attribute.kind === 'value' ? attribute.text.slice(0, TEXT_MAX) : { not_known: attribute.kind };
};

const shown = (paths: ReadonlyMap<string, Path>, facts: Facts): Shown =>
  Object.fromEntries(
    [...paths].flatMap(([name, path]) => {
      const text = shownAs(facts(path));
      return text === undefined ? [] : [[name, text] as const];
    }),
  );

const SIDES = {
  create: ['after'],
  delete: ['before'],
  update: ['before', 'after'],
  replace: ['before', 'after'],
} as const;
const sidesOf = ({ action }: PlannedChange): readonly ('before' | 'after')[] =>
  action === 'create' || action === 'delete' || action === 'update' || action === 'replace' ? SIDES[action] : [];

const isChange = ({ isManaged, action }: PlannedChange): boolean =>
  isManaged && action !== 'no-op' && action !== 'read';

const describedBy = (book: PriceBook) => {
  const paths = pathsFor(book);
  const select = priceIndexFor(book);
  return (change: PlannedChange): MaterialChange | undefined => {
    const location = { provider: change.provider, resourceType: change.type, providerRegion: change.providerRegion };
    const factsAt = (state: MaskedState): Facts => factsOf(state, location, book);
    const sides = sidesOf(change);
    const isFree =
      sides.length > 0 && sides.every((side) => select(change.type, factsAt(change[side])).kind === 'free');
    if (isFree) return undefined;
    const at = (side: 'before' | 'after'): Shown =>
      sides.includes(side) ? shown(paths(change.type), factsAt(change[side])) : NOTHING_SHOWN;
    const described = { type: change.type, action: change.action, before: at('before'), after: at('after') };
    // What an update leaves as it is costs what it cost.
    const isSame = change.action === 'update' && jcsText(described.before) === jcsText(described.after);
    return isSame ? undefined : described;
  };
};

/** Without a book nothing is known to be of consequence but what is done to which type. */
const described = (book: PriceBook | undefined): ((change: PlannedChange) => MaterialChange | undefined) =>
  book === undefined
    ? ({ type, action }) => ({ type, action, before: NOTHING_SHOWN, after: NOTHING_SHOWN })
    : describedBy(book);

const METADATA_BYTES_MAX = 48 * 1024;
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/**
 * Metadata of a run task's gate request: `{v: 1, changes}`, the priced changes grouped by type, action and the attributes
 * that an entry of the book looks at, with counts, sorted. A re-plan that moves, renames or tags keeps its fingerprint, and
 * with it its approval.
 *
 * @returns RFC 8785 text; above 48 KiB the SHA-256 of the changes' text and their count stand for them.
 * @source protocols section 2
 */
export const planMetadata = (plan: Plan, book: PriceBook | undefined): string => {
  const describe = described(book);
  const deferred = plan.deferred.map(({ type }) => ({
    ...{ type, action: 'deferred' },
    ...{ before: NOTHING_SHOWN, after: NOTHING_SHOWN },
  }));
  const counts = new Map<string, { readonly change: MaterialChange; readonly count: number }>();
  for (const change of [...plan.changes.filter(isChange).map(describe), ...deferred]) {
    if (change === undefined) continue;
    const key = jcsText({ ...change });
    counts.set(key, { change, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const changes = [...counts.keys()].sort().flatMap((key) => {
    const group = counts.get(key);
    return group === undefined ? [] : [{ ...group.change, count: group.count }];
  });
  const text = jcsText({ changes, v: 1 });
  if (bytesOf(text) <= METADATA_BYTES_MAX) return text;
  const total = changes.reduce((sum, { count }) => sum + count, 0);
  return jcsText({ changes_count: total, changes_sha256: sha256Hex(jcsText(changes)), v: 1 });
};
