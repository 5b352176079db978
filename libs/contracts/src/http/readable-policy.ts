import { NumberToken, pointerTo } from '@verdict/domain';

/**
 * What stands in for a member that a rule or a route cannot be read without, so that its other defects are found as well.
 * A defect that rests on one of them is not told, see `PolicyDefect`.
 */
const STAND_INS: readonly (readonly [RegExp, (place: string) => string])[] = [
  [/^\/(rules|approval\/routing)\/\d+\/id$/, (place) => `unreadable-${place.replaceAll('/', '-')}`],
  [/^\/rules\/\d+\/condition$/, () => 'true'],
  [/^\/rules\/\d+\/effect$/, () => 'warn'],
  [/^\/rules\/\d+\/obligation\/(key|value)$/, () => 'unreadable'],
  [/^\/approval\/routing\/\d+\/effect$/, () => 'require'],
];
/** Half a tree would ask for other people than its author meant: it is read whole or not at all. */
const TREE = /^\/approval\/routing\/\d+\/require(?=\/)/;

/** An item that cannot be read, until its list is closed up. */
const HOLE = Symbol('unreadable');

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !isList(value) && !(value instanceof NumberToken);

const tokensOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The value with another one at a path; undefined: with none, which in a list leaves a hole. */
const withAt = (value: unknown, path: readonly string[], standIn: string | undefined): unknown => {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const next = (inner: unknown): unknown => (rest.length === 0 ? standIn : withAt(inner, rest, standIn));
  if (isList(value)) return value.map((item, index) => (String(index) === name ? (next(item) ?? HOLE) : item));
  if (!isObject(value)) return value;
  const { [name]: member, ...others } = value;
  const put = next(member);
  return put === undefined ? others : { ...others, [name]: put };
};

/** Where the items of a list stood in the author's text, by the list's pointer there. */
type Places = Map<string, readonly number[]>;

const closedUp = (value: unknown, pointer: string, places: Places): unknown => {
  if (isList(value)) {
    const kept = value.flatMap((item, index) => (item === HOLE ? [] : [{ item, index }]));
    places.set(
      pointer,
      kept.map(({ index }) => index),
    );
    return kept.map(({ item, index }) => closedUp(item, `${pointer}/${String(index)}`, places));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, closedUp(member, pointerTo(pointer, name), places)]),
  );
};

/** A pointer into what is readable, as a pointer into the author's text. */
const placedIn =
  (places: Places) =>
  (pointer: string): string =>
    pointer
      .split('/')
      .slice(1)
      .reduce((at, token) => `${at}/${String(places.get(at)?.[Number(token)] ?? token)}`, '');

/** What of a text can be read in spite of its defects, and where it stood. */
export interface Readable {
  readonly value: unknown;
  /** The pointers that could not be read; in their stead stands a default, or nothing. */
  readonly lost: readonly string[];
  readonly placeOf: (pointer: string) => string;
}

/** Takes out of a policy text the places that have a defect of shape, and nothing else of it. */
export const readablePart = (value: unknown, defective: readonly string[]): Readable => {
  const lost = [...new Set(defective.map((pointer) => TREE.exec(pointer)?.[0] ?? pointer))];
  const rest = lost.reduce<unknown>((from, pointer) => {
    const standIn = STAND_INS.find(([place]) => place.test(pointer))?.[1](pointer);
    return withAt(from, tokensOf(pointer), standIn);
  }, value);
  const places: Places = new Map();
  return { value: closedUp(rest, '', places), lost, placeOf: placedIn(places) };
};
