import type { Attribute, Facts } from './attributes.js';
import type { Matcher, PriceBookEntry } from './price-book.js';
import type { UnpricedReason } from './priced-line.js';

/** An entry with its paths cut once. */
export interface CompiledEntry {
  readonly entry: PriceBookEntry;
  readonly tests: readonly { readonly path: readonly string[]; readonly name: string; readonly matcher: Matcher }[];
}

export const compileEntry = (entry: PriceBookEntry): CompiledEntry => ({
  entry,
  tests: Object.entries(entry.match).map(([name, matcher]) => ({ path: name.split('.'), name, matcher })),
});

/** The texts that satisfy a matcher, null standing for absence; undefined for the open set of a prefix. */
export const textsOf = (matcher: Matcher): readonly (string | null)[] | undefined => {
  if (typeof matcher === 'string') return [matcher];
  if (isTexts(matcher)) return matcher;
  if ('absent' in matcher) return [null];
  return 'absent_or' in matcher ? [null, ...matcher.absent_or] : undefined;
};

const isTexts = (matcher: Exclude<Matcher, string>): matcher is readonly string[] => Array.isArray(matcher);

export const prefixOf = (matcher: Matcher): string =>
  typeof matcher === 'object' && 'prefix' in matcher ? matcher.prefix : '';

type Verdict = 'yes' | 'no' | UnpricedReason;

const WITHOUT_TEXT: Readonly<Record<Exclude<Attribute['kind'], 'value' | 'absent'>, Verdict>> = {
  composite: 'no',
  unknown: 'attribute_unknown',
  sensitive: 'attribute_sensitive',
  region_unknown: 'region_unknown',
};

const test = (attribute: Attribute, matcher: Matcher): Verdict => {
  if (attribute.kind !== 'value' && attribute.kind !== 'absent') return WITHOUT_TEXT[attribute.kind];
  const text = attribute.kind === 'value' ? attribute.text : null;
  const texts = textsOf(matcher);
  if (texts !== undefined) return texts.includes(text) ? 'yes' : 'no';
  return text?.startsWith(prefixOf(matcher)) === true ? 'yes' : 'no';
};

/** A known mismatch outweighs any doubt; among doubts the first path in code-unit order is named. */
export const matchEntry = ({ tests }: CompiledEntry, facts: Facts): Verdict => {
  let doubt: UnpricedReason | undefined;
  for (const { path, matcher } of tests) {
    const verdict = test(facts(path), matcher);
    if (verdict === 'no') return 'no';
    if (verdict !== 'yes') doubt ??= verdict;
  }
  return doubt ?? 'yes';
};
