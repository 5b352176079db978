const QUANTIFIER = /[*+?]|\{\d+(,\d*)?\}/g;
const QUANTIFIERS_MAX = 3;
const PATTERN_LENGTH_MAX = 200;
/** Constructs whose cost is not bounded by the length of the text: lookaround, back references, repeated groups. */
const UNBOUNDED = /\(\?(?!:)|\\[1-9]|\\k|\)([*+?]|\{)/;

/** Escapes and classes are single atoms: whatever stands in them is no quantifier. */
const withoutAtoms = (pattern: string): string => pattern.replace(/\\./g, 'a').replace(/\[[^\]]*\]/g, 'a');

/**
 * The defect of a ticket pattern, or null. Legal: literals, escapes, classes, groups that are not repeated, alternatives,
 * and at most three quantifiers, so that matching a ticket of 128 characters takes a bounded and small time.
 *
 * @source contract section 8.2 (linear-time syntax, at most 200 characters)
 */
export const ticketPatternDefect = (pattern: string): string | null => {
  if (pattern.length > PATTERN_LENGTH_MAX) return 'at most 200 characters';
  const skeleton = withoutAtoms(pattern);
  if (UNBOUNDED.test(pattern) || UNBOUNDED.test(skeleton)) return 'no lookaround, back reference or repeated group';
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
