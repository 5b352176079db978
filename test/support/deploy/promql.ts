export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

export interface Query {
  readonly selectors: readonly Selector[];
  /** Labels that the query groups by or joins on. */
  readonly grouped: readonly string[];
}

const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan']);
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const SELECTOR = /([A-Za-z_:][A-Za-z0-9_:]*)\s*(\{(?:[^{}"]|"[^"]*")*\})?(\s*\()?/g;
const MATCHER = /([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g;
const DURATION = /\[[^\]]*\]|\boffset\s+\w+/g;

/** What a PromQL expression asks for: enough of a reader to compare names, and no more. */
export const readQuery = (expression: string): Query => {
  const grouped = [...expression.matchAll(GROUPING)].flatMap(([, labels = '']) =>
    labels.split(',').map((label) => label.trim()),
  );
  const rest = expression.replace(GROUPING, ' ').replace(DURATION, ' ');
  const selectors = [...rest.matchAll(SELECTOR)].flatMap(([, metric = '', braces = '', call]) => {
    if (call !== undefined || WORDS.has(metric)) return [];
    const matchers = [...braces.matchAll(MATCHER)].map(([, label = '', operator = '', value = '']) => ({
      ...{ label, operator, value },
    }));
    return [{ metric, matchers }];
  });
  return { selectors, grouped: grouped.filter((label) => label !== '') };
};
