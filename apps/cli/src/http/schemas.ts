import type { RouteContract } from '@verdict/contracts';
import { z } from 'zod';

const named = (schema: unknown): string | undefined => {
  const id = schema instanceof z.ZodType ? schema.meta()?.['id'] : undefined;
  return typeof id === 'string' ? `verdict.api.${id}.v1` : undefined;
};

/** What `schema` says of an answer: its name among the schemas of the API's document. */
export const schemaOf = ({ response }: Pick<RouteContract, 'response'>): string | undefined => named(response);

/** The same of one item of a list. */
export const itemSchemaOf = ({ response }: Pick<RouteContract, 'response'>): string | undefined => {
  const items: unknown = response instanceof z.ZodObject ? response.shape['items'] : undefined;
  if (!(items instanceof z.ZodArray)) return undefined;
  return named(items.element) ?? schemaOf({ response })?.replace(/\.v1$/, '.item.v1');
};

/** JSON says of itself what it is; what is no object cannot. @source operations section 11 */
export const withSchema = (schema: string | undefined, body: unknown): unknown =>
  schema === undefined || typeof body !== 'object' || body === null || Array.isArray(body) ? body : { schema, ...body };
