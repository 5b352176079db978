const QUANTIFIER = /[*+?]|\{\d+(,\d*)?\}/g;
const QUANTIFIERS_MAX = 3;
const PATTERN_LENGTH_MAX = 200;
/** Constructs whose cost is not bounded by the length of the text: lookaround, repeated groups. */
const UNBOUNDED = /\(\?(?!:)|\)([*+?]|\{)/;
const ESCAPE = /\\./g;
const isBackReference = (escape: string): boolean => /[1-9k]/.test(escape);
const WAYS_MAX = 32;

/** Escapes and classes are single atoms: whatever stands in them is no quantifier. */
const withoutAtoms = (pattern: string): string => pattern.replace(ESCAPE, 'a').replace(/\[[^\]]*\]/g, 'a');

/** Branches of a group, of the whole pattern too, times those of all others: a matcher may try each combination. */
const waysOf = (skeleton: string): number => {
  const open = [1];
  const closed: number[] = [];
  for (const character of skeleton) {
    if (character === '(') open.push(1);
    else if (character === ')') closed.push(open.pop() ?? 1);
    else if (character === '|') open.push((open.pop() ?? 1) + 1);
  }
  return [...open, ...closed].reduce((ways, branches) => ways * branches, 1);
};

/**
 * The defect of a ticket pattern, or null. Legal: literals, escapes, classes, groups that are not repeated, alternatives
 * that combine in at most 32 ways, and at most three quantifiers, so that matching a ticket of 128 characters takes a bounded and small time.
 *
 * @source contract section 8.2 (linear-time syntax, at most 200 characters)
 */
export const ticketPatternDefect = (pattern: string): string | null => {
  if (pattern.length > PATTERN_LENGTH_MAX) return 'at most 200 characters';
  const skeleton = withoutAtoms(pattern);
  const hasReference = (pattern.match(ESCAPE) ?? []).some(isBackReference);
  if (hasReference || UNBOUNDED.test(skeleton)) return 'no lookaround, back reference or repeated group';
  if (waysOf(skeleton) > WAYS_MAX) return 'alternatives that combine in at most 32 ways';
  if ((skeleton.match(QUANTIFIER) ?? []).length > QUANTIFIERS_MAX) return 'at most three of * + ? {n,m}';
  try {
    new RegExp(`^(?:${pattern})$`, 'u');
    return null;
  } catch {
    return 'not a regular expression';
  }
};

/** Whether a ticket satisfies a pattern as a whole. The pattern was checked when its policy was published. */
export const matchesTicket = (pattern: string | null, ticket: string | null): boolean =>
  pattern === null || (ticket !== null && new RegExp(`^(?:${pattern})$`, 'u').test(ticket));
