import { type PolicyDocument, policyDefects, type RuleEngine } from '@verdict/domain';
import { completePolicy } from './complete-policy.js';
import { PolicyDocumentInput } from './policy-document.js';
import { parseWith, type WireError } from './wire.js';

/** A policy text as read: complete, or every defect it has, those of its shape and those of its sense. */
export type PolicyReading =
  | { readonly kind: 'policy'; readonly document: PolicyDocument }
  | { readonly kind: 'defective'; readonly errors: readonly WireError[] };

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value without the place at a path; lists lose the whole item, so that the others keep their sense. */
const without = (value: unknown, path: readonly string[]): unknown => {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(value)) return value.filter((_, index) => String(index) !== name);
  if (!isObject(value)) return value;
  const { [name]: member, ...others } = value;
  return rest.length === 0 || member === undefined ? others : { ...others, [name]: without(member, rest) };
};

const ITEM = /^((?:\/[^/]+)*?)\/\d+(?=\/|$)/;
/** The list that a defect lies in, at its outermost; null: none. */
const listOf = ({ pointer }: WireError): string | null => ITEM.exec(pointer)?.[1] ?? null;
/** What has to go for a defect to go: the item of the outermost list, else the place itself. */
const lostPlace = (error: WireError): string => ITEM.exec(error.pointer)?.[0] ?? error.pointer;

const pathOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));

const lastFirst = (a: string, b: string): number => b.localeCompare(a, 'en', { numeric: true });

/** What of a text can be read in spite of its defects, so that those of its sense are found in the same round. */
const readable = (value: unknown, errors: readonly WireError[]): unknown =>
  [...new Set(errors.map(lostPlace))]
    .sort(lastFirst)
    .reduce<unknown>((rest, pointer) => without(rest, pathOf(pointer)), value);

const senseOf = (document: PolicyDocument, engine: Pick<RuleEngine, 'check'>): readonly WireError[] =>
  policyDefects(document, engine).map(({ pointer, detail }) => ({ pointer, detail, code: 'policy_invalid' }));

/**
 * Reads an author's policy document and fills in the defaults. All defects are listed at once.
 *
 * @param value what the wire reader gave.
 * @param engine compiles the conditions of rules.
 * @source contract sections 8.2, 8.6
 */
export const readPolicy = (value: unknown, engine: Pick<RuleEngine, 'check'>): PolicyReading => {
  const parsed = parseWith(PolicyDocumentInput, value);
  if (parsed.kind === 'ok') {
    const document = completePolicy(parsed.value);
    const errors = senseOf(document, engine);
    return errors.length === 0 ? { kind: 'policy', document } : { kind: 'defective', errors };
  }
  const rest = parseWith(PolicyDocumentInput, readable(value, parsed.errors));
  // Pointers into a list that lost an item would be off: of such a list only its own defects are told.
  const lost = parsed.errors.map(listOf).filter((list) => list !== null);
  const isOff = ({ pointer }: WireError): boolean => lost.some((list) => pointer.startsWith(`${list}/`));
  const more = rest.kind === 'ok' ? senseOf(completePolicy(rest.value), engine).filter((error) => !isOff(error)) : [];
  return { kind: 'defective', errors: [...parsed.errors, ...more] };
};
