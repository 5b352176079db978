import type { Random } from './random.js';

/** JSON texts that stand where something else belongs. */
const ODD = [
  'null',
  'true',
  '""',
  '0',
  '-1',
  '1e999',
  '-0',
  '0.1e-7',
  '99999999999999999999999999',
  '9007199254740993',
  '[]',
  '{}',
  '[[[[[[[[[[]]]]]]]]]]',
  '{"a":{"b":{"c":{}}}}',
  '"\\ud800"',
  '"\\u0000"',
  '"\\u202e\\n\\t"',
  '"NaN"',
  '"1e30"',
  '"-5"',
  '"500m"',
  '"1Ei"',
  '"__proto__"',
  '{"__proto__":{"x":1},"constructor":1}',
  '[null,null,null]',
  `"${'x'.repeat(5000)}"`,
  `${'['.repeat(140)}${']'.repeat(140)}`,
] as const;

type Mutation = (text: string, random: Random) => string;

/** A value behind a member's name: text, number, literal, or an empty list or object. */
const TOKEN = /(?<=":\s*)(?:"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|\{\}|\[\])/g;
const WINDOW = 400;

/** A token near a random place, since to list all of a large text for one of them takes too long. */
const tokenOf = (text: string, random: Random): readonly [start: number, end: number] => {
  const from = random.below(Math.max(1, text.length - WINDOW));
  const tokens = [...text.slice(from, from + WINDOW).matchAll(TOKEN)];
  if (tokens.length === 0) return [from, from];
  const { index, 0: token } = random.pick(tokens);
  return [from + index, from + index + token.length];
};

const replace: Mutation = (text, random) => {
  const [start, end] = tokenOf(text, random);
  return text.slice(0, start) + random.pick(ODD) + text.slice(end);
};
const swap: Mutation = (text, random) => {
  const [first, second] = [tokenOf(text, random), tokenOf(text, random)].sort((a, b) => a[0] - b[0]);
  if (first === undefined || second === undefined || first[1] > second[0]) return text;
  const [a, b] = [text.slice(...first), text.slice(...second)];
  return text.slice(0, first[0]) + b + text.slice(first[1], second[0]) + a + text.slice(second[1]);
};
const removeMember: Mutation = (text, random) => {
  const from = random.below(text.length);
  const found = /,"(?:[^"\\]|\\.)*": ?(?:"(?:[^"\\]|\\.)*"|-?[\d.]+|true|false|null)/.exec(
    text.slice(from, from + WINDOW),
  );
  return found === null ? text : text.slice(0, from + found.index) + text.slice(from + found.index + found[0].length);
};
const repeatMember: Mutation = (text, random) => {
  const from = random.below(text.length);
  const found = /,"(?:[^"\\]|\\.)*": ?(?:"(?:[^"\\]|\\.)*"|-?[\d.]+|true|false|null)/.exec(
    text.slice(from, from + WINDOW),
  );
  if (found === null) return text;
  const end = from + found.index + found[0].length;
  return text.slice(0, end) + found[0] + text.slice(end);
};
const flip: Mutation = (text, random) => {
  const at = random.below(text.length);
  return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
};
const cut: Mutation = (text, random) => text.slice(0, random.below(text.length));
const removeSpan: Mutation = (text, random) => {
  const at = random.below(text.length);
  return text.slice(0, at) + text.slice(at + 1 + random.below(200));
};
const repeatSpan: Mutation = (text, random) => {
  const at = random.below(text.length);
  const span = text.slice(at, at + 1 + random.below(200));
  return text.slice(0, at) + span + text.slice(at);
};

/** Mostly what stays JSON, since what does not is refused by the first line of the reader. */
const MUTATIONS: readonly Mutation[] = [
  ...[replace, replace, replace, replace, replace, replace],
  ...[swap, swap, removeMember, removeMember, repeatMember],
  ...[flip, cut, removeSpan, repeatSpan],
];
const MUTATIONS_MAX = 3;

/** The text with one to three things wrong in it. */
export const mutate = (text: string, random: Random): string => {
  let mutant = text;
  for (let left = 1 + random.below(MUTATIONS_MAX); left > 0; left -= 1) mutant = random.pick(MUTATIONS)(mutant, random);
  return mutant;
};
