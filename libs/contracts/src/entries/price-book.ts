import { z } from 'zod';
import { Count } from './scalars.js';

const Decimal = z
  .string()
  .regex(/^(0|[1-9]\d*)(\.\d+)?$/)
  .meta({ description: 'a decimal, 0 or more, as text', examples: ['0.178'] });

const Matcher = z.union([
  z.string(),
  z.array(z.string()),
  z.object({ prefix: z.string() }),
  z.object({ absent: z.literal(true) }),
  z.object({ absent_or: z.array(z.string()) }),
]);
const Measured = z.object({
  from: z.array(z.union([z.string(), Count])),
  default: Decimal.exactOptional(),
  multiply: Decimal.exactOptional(),
  round_up_to: Decimal.exactOptional(),
});
const Component = z.object({
  name: z.string(),
  unit: z.enum(['hour', 'month']),
  unit_price: Decimal,
  quantity: z.union([Decimal, Measured, z.object({ usage: z.string() })]),
});
const Entry = z.object({
  id: z.string(),
  resource_type: z.string(),
  match: z.record(z.string(), Matcher),
  components: z.array(Component),
  assume: z.object({ hours: Decimal.exactOptional(), nodes: Decimal.exactOptional() }).exactOptional(),
});

/** A price book as stored: normalised, so that equal books are equal bytes. @source protocols section 3.2 */
export const StoredPriceBook = z
  .object({
    format: z.literal('verdict.price-book.v1'),
    version: z.string(),
    currency: z.literal('USD'),
    hours_per_month: z.literal(730),
    defaults: z.record(z.string(), z.object({ region: z.string() })),
    free: z.array(z.string()),
    entries: z.array(Entry),
  })
  .meta({ id: 'PriceBook', description: 'normalised: numbers are text, entries are sorted by id' });
