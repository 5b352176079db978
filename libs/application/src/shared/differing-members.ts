import { type Json, jcsText, type Sha256Hex, sha256Hex } from '@verdict/domain';

/** Members of what was asked, by name; undefined: the member was not there. */
export type Told = Readonly<Record<string, Json | undefined>>;

const isSame = (a: Json | undefined, b: Json | undefined): boolean =>
  a === undefined || b === undefined ? a === b : jcsText(a) === jcsText(b);

const differing = (asked: Told, first: Told): readonly string[] =>
  Object.keys(first).filter((name) => !isSame(asked[name], first[name]));

const hashOf = (members: Told): Sha256Hex => {
  const there = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return sha256Hex(jcsText(Object.fromEntries(there)));
};

/** What is not told differs, and of what is told as little as possible. */
const notTheSame = (asked: Told, firsts: readonly Told[]): readonly string[] => {
  const [least = []] = firsts
    .map((first) => [...differing(asked, first), ...Object.keys(asked).filter((name) => !(name in first))])
    .sort((a, b) => a.length - b.length);
  return least;
};

/**
 * In which members two questions under one key differ. The first is known by its entry, which may not tell all of it (free
 * text is sealed): the hash decides whether what is not told is the same.
 *
 * @param asked what is asked now.
 * @param firsts what the first may have been; members that its entry does not tell are missing.
 *   `hash` is that of the first.
 * @param names of the members in the request, where they are called otherwise there.
 * @returns JSON pointers; not empty for questions that differ.
 */
export const differingMembers = (
  asked: Told,
  { firsts, hash }: { readonly firsts: readonly Told[]; readonly hash: string },
  names: Readonly<Record<string, string>> = {},
): readonly string[] => {
  const same = firsts.find((first) => hashOf({ ...asked, ...first }) === hash);
  const differ = same === undefined ? notTheSame(asked, firsts) : differing(asked, same);
  return differ.map((name) => `/${names[name] ?? name}`);
};
