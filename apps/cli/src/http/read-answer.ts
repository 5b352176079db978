import type { z } from 'zod';

export type AnswerReading<Value> =
  { readonly kind: 'ok'; readonly value: Value } | { readonly kind: 'unreadable'; readonly detail: string };

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The value without the members that the schema does not know. */
const without = (value: unknown, path: readonly PropertyKey[], keys: readonly string[]): unknown => {
  if (!isObject(value)) return value;
  const [head, ...rest] = path;
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => (index === head ? without(item, rest, keys) : item));
  }
  if (head === undefined) return Object.fromEntries(Object.entries(value).filter(([name]) => !keys.includes(name)));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, name === String(head) ? without(member, rest, keys) : member]),
  );
};

/** Checks an answer. Members that a newer server has added are passed over; anything else that differs is named. */
export const readAnswer = <Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
): AnswerReading<z.output<Schema>> => {
  const first = schema.safeParse(body);
  if (first.success) return { kind: 'ok', value: first.data };
  const pruned = first.error.issues.reduce<unknown>(
    (value, issue) => (issue.code === 'unrecognized_keys' ? without(value, issue.path, issue.keys) : value),
    body,
  );
  const second = schema.safeParse(pruned);
  if (second.success) return { kind: 'ok', value: second.data };
  const detail = second.error.issues
    .map(({ path, message }) => `/${path.map(String).join('/')}: ${message}`)
    .join('; ');
  return { kind: 'unreadable', detail };
};
