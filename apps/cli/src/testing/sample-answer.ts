import { ROUTES } from '@verdict/contracts';
import { z } from 'zod';
import { exportAnswer } from './answers.js';
import type { FakeAnswer, SeenRequest } from './fake-server.js';

type Schema = z.core.JSONSchema.JSONSchema;
type Part = Schema | boolean;

const HASH = 'a'.repeat(64);
/** A text for each form that answers have. */
const TEXTS = ['0193a7c4-0000-7000-8000-000000000001', HASH, '125.5000', '1.505123', '2026-11-22', 'a_word'];

const textOf = ({ format, pattern }: Schema): string => {
  if (format === 'date-time') return '2026-11-22T10:00:00.000Z';
  const found = TEXTS.find((text) => pattern === undefined || new RegExp(pattern).test(text));
  if (found === undefined) throw new Error(`no text is known of the form ${pattern ?? ''}`);
  return pattern === undefined ? 'text' : found;
};

type Defs = Readonly<Record<string, Part>>;

const ofType = (type: Schema['type'], part: Schema, defs: Defs): unknown => {
  switch (type) {
    case 'array':
      return [sampleOf(Array.isArray(part.items) ? part.items[0] : part.items, defs)];
    case 'object':
      return Object.fromEntries((part.required ?? []).map((name) => [name, sampleOf(part.properties?.[name], defs)]));
    case 'string':
      return textOf(part);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return Math.max(1, part.minimum ?? 1);
  }
};

const eitherOf = ({ anyOf, oneOf }: Schema): Part | undefined => (anyOf ?? oneOf)?.[0];

const sampleOf = (part: Part | undefined, defs: Defs): unknown => {
  if (part === undefined || typeof part === 'boolean') return {};
  const { $ref: reference, const: only, enum: words } = part;
  const either = eitherOf(part);
  if (reference !== undefined) return sampleOf(defs[reference.replace('#/$defs/', '')], defs);
  if (either !== undefined) return sampleOf(either, defs);
  if (only !== undefined || words !== undefined) return only ?? words?.[0];
  return ofType(Array.isArray(part.type) ? part.type[0] : part.type, part, defs);
};

/** An answer of the form that the contract gives a route. */
const answerOf = (schema: z.ZodType): unknown => {
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const sample = sampleOf(described, described.$defs ?? {});
  schema.parse(sample);
  return sample;
};

const isOf = (path: string, asked: string): boolean =>
  new RegExp(`^${path.replace(/:[a-z_]+/g, '[^/]+')}$`).test(asked.split('?')[0] ?? '');

const BUNDLE = Buffer.from('a bundle');

/** What a server that agrees to everything answers. */
export const agreeable = ({ method, path }: SeenRequest): FakeAnswer | undefined => {
  const route = Object.values(ROUTES)
    .filter((each) => each.method === method && isOf(each.path, path))
    .sort((one, other) => one.path.split(':').length - other.path.split(':').length)[0];
  if (route === undefined) return undefined;
  if (route.id === 'getExport') return { body: exportAnswer({ content_sha256: null }) };
  if (route.id === 'downloadExport') return { bytes: BUNDLE, headers: { 'content-type': 'application/zip' } };
  if (route.id === 'vkeys') return { bytes: Buffer.from('a+00000000+AA==\n') };
  const { response } = route;
  if (!(response instanceof z.ZodType)) return undefined;
  // One page is all there is.
  const sample = answerOf(response);
  const body =
    typeof sample === 'object' && sample !== null && 'next_cursor' in sample
      ? { ...sample, next_cursor: null }
      : sample;
  return { status: route.status, body, headers: { etag: '"3"' } };
};
