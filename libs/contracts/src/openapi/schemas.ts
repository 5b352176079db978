import { z } from 'zod';
import { HourlyUsdAnswer, UsdAnswer } from '../http/scalars.js';

export type JsonSchema = Readonly<Record<string, unknown>>;
type Direction = 'input' | 'output';

const MONEY_ANSWERS = new Map<unknown, string>([
  [UsdAnswer, 'USD as decimal text with exactly 4 decimal places'],
  [HourlyUsdAnswer, 'USD an hour as decimal text with exactly 6 decimal places'],
]);

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** zod drops the examples of what it transforms; ours are always what goes over the wire. */
const complete = ({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodType;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}): void => {
  const meta = z.globalRegistry.get(zodSchema);
  if (meta?.examples !== undefined) jsonSchema.examples = meta.examples as z.core.JSONSchema._JSONSchema[];
  const description = MONEY_ANSWERS.get(zodSchema);
  if (description !== undefined) jsonSchema.description ??= description;
};

const DEFINITION = /^#\/(\$defs|definitions)\//;
const COMPONENT = '#/components/schemas/';

const relocate = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(relocate);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, each]) => [
      member,
      member === '$ref' && typeof each === 'string' ? each.replace(DEFINITION, COMPONENT) : relocate(each),
    ]),
  );
};

/** The JSON schemas of one document: what has an id is kept once and referred to. */
export class Schemas {
  private readonly named = new Map<string, JsonSchema>();

  /** @param target the dialect of the document: OpenAPI 3.1 speaks 2020-12, AsyncAPI 3.0 draft 7. */
  constructor(private readonly target: 'draft-2020-12' | 'draft-07' = 'draft-2020-12') {}

  /** JSON schema of what a caller sends (`input`) or gets (`output`). Throws when one id means two shapes. */
  of(schema: z.ZodType, io: Direction): JsonSchema {
    const {
      $schema: _,
      $defs = {},
      definitions,
      ...root
    } = z.toJSONSchema(schema, {
      io,
      target: this.target,
      unrepresentable: 'any',
      override: complete,
    });
    const named = isObject(definitions) ? definitions : $defs; // Draft 7 calls them by another name.
    for (const [id, definition] of Object.entries(named)) this.add(id, definition);
    return relocate(root) as JsonSchema;
  }

  /** Adds a schema that no zod schema describes. */
  add(id: string, definition: unknown): void {
    const { id: _, ...rest } = relocate(definition) as JsonSchema;
    const known = this.named.get(id);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(rest)) {
      throw new Error(`the schema id ${id} stands for two shapes`);
    }
    this.named.set(id, rest);
  }

  /** By id, in the order of the ids. */
  all(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.named].sort(([left], [right]) => (left < right ? -1 : 1)));
  }
}
