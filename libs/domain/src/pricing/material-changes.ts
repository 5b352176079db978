import { type CanonicalJson, jcsText } from '../shared/jcs.js';
import { sha256Hex } from '../shared/sha256.js';
import type { Attribute, Facts, MaskedState } from './attributes.js';
import type { Plan, PlannedChange } from './plan.js';
import type { PriceBook, PriceBookEntry } from './price-book.js';
import { costOf, priceIndexFor } from './pricer.js';
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

type Side = 'before' | 'after';
const SIDES = {
  create: ['after'],
  delete: ['before'],
  update: ['before', 'after'],
  replace: ['before', 'after'],
  // Nobody knows what it does, so all that it shows tells it from another.
  unknown: ['before', 'after'],
  ...{ forget: [], 'no-op': [], read: [] },
} as const satisfies Record<PlannedChange['action'], readonly Side[]>;

const isChange = ({ isManaged, action }: PlannedChange): boolean =>
  isManaged && action !== 'no-op' && action !== 'read';

const describedBy = (book: PriceBook) => {
  const paths = pathsFor(book);
  const select = priceIndexFor(book);
  return (change: PlannedChange, isDeferred: boolean): MaterialChange | undefined => {
    const location = { provider: change.provider, resourceType: change.type, providerRegion: change.providerRegion };
    const factsAt = (state: MaskedState): Facts => factsOf(state, location, book);
    const sides: readonly Side[] = SIDES[change.action];
    const isFree =
      sides.length > 0 && sides.every((side) => select(change.type, factsAt(change[side])).kind === 'free');
    if (isFree && !isDeferred && change.action !== 'unknown') return undefined;
    const at = (side: Side): Shown =>
      sides.includes(side) ? shown(paths(change.type), factsAt(change[side])) : NOTHING_SHOWN;
    const action = isDeferred ? 'deferred' : change.action;
    const described = { type: change.type, action, before: at('before'), after: at('after') };
    if (action !== 'update' || jcsText(described.before) !== jcsText(described.after)) return described;
    // What an update leaves as it is costs what it cost, as far as anybody knows what that is.
    const facts = factsAt(change.after);
    return costOf(select(change.type, facts), facts, {}).kind === 'known' ? undefined : described;
  };
};

/** Without a book nothing is known to be of consequence but what is done to which type. */
const described = (book: PriceBook | undefined): ReturnType<typeof describedBy> =>
  book === undefined
    ? ({ type, action }, isDeferred) => ({
        ...{ type, action: isDeferred ? 'deferred' : action },
        ...{ before: NOTHING_SHOWN, after: NOTHING_SHOWN },
      })
    : describedBy(book);

const METADATA_BYTES_MAX = 48 * 1024;
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/**
 * Metadata of a run task's gate request: `{v: 1, changes}`, the priced changes grouped by type, action and the attributes
 * that an entry of the book looks at, with counts, sorted. A re-plan that moves, renames or tags keeps its fingerprint, and
 * with it its approval. What nobody can price, deferred changes included, is told apart as far as the book looks at it.
 *
 * @returns RFC 8785 text; above 48 KiB the SHA-256 of the changes' text and their count stand for them.
 * @source protocols section 2
 */
export const planMetadata = (plan: Plan, book: PriceBook | undefined): string => {
  const describe = described(book);
  const now = plan.changes.filter(isChange).map((change) => describe(change, false));
  const deferred = plan.deferred.map((change) => describe(change, true));
  const counts = new Map<string, { readonly change: MaterialChange; readonly count: number }>();
  for (const change of [...now, ...deferred]) {
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
