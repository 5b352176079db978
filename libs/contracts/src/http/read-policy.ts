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

/** The value without the place that a pointer names; lists lose the whole item, so that the others keep their sense. */
const without = (value: unknown, path: readonly string[]): unknown => {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(value)) return value.filter((_, index) => String(index) !== name);
  if (!isObject(value)) return value;
  const { [name]: member, ...others } = value;
  return rest.length === 0 || member === undefined ? others : { ...others, [name]: without(member, rest) };
};

const pathOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));

const deepestLast = (a: WireError, b: WireError): number => b.pointer.localeCompare(a.pointer, 'en', { numeric: true });

/** What of a text can be read in spite of its defects, so that those of its sense are found in the same round. */
const readable = (value: unknown, errors: readonly WireError[]): unknown =>
  [...errors].sort(deepestLast).reduce<unknown>((rest, { pointer }) => without(rest, pathOf(pointer)), value);

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
  // Pointers into lists that lost an item would be off: what the rest says is only of use where none did.
  const isListed = parsed.errors.some(({ pointer }) => /\/\d+(\/|$)/.test(pointer));
  const more = rest.kind === 'ok' && !isListed ? senseOf(completePolicy(rest.value), engine) : [];
  return { kind: 'defective', errors: [...parsed.errors, ...more] };
};
