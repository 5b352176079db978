import { pointerTo } from '@verdict/domain';

/** Something with members. */
export const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null;

const namesOf = (left: object, right: object): readonly string[] =>
  [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();

/**
 * JSON pointers of the values that differ, the deepest that still tell them apart, in the order of member names. A member
 * that only one side has differs; undefined counts as absent.
 */
export function* differencesOf(left: unknown, right: unknown, at = ''): Generator<string> {
  if (Object.is(left, right)) return;
  const isComparable = isHolder(left) && isHolder(right) && Array.isArray(left) === Array.isArray(right);
  if (!isComparable) {
    yield at;
    return;
  }
  for (const name of namesOf(left, right)) {
    yield* differencesOf(Reflect.get(left, name), Reflect.get(right, name), pointerTo(at, name));
  }
}
