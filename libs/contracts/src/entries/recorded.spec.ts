import { describe, expect, it } from '@jest/globals';
import type { Entry, PersonalText } from '@verdict/domain';
import { z } from 'zod';
import { schemasOf } from './recorded.js';
import { Sealed } from './scalars.js';

type Own =
  | Entry<'door_opened', { readonly by: 'key' | 'code'; readonly notes: PersonalText | null }>
  | Entry<'door_closed', { readonly at: string; readonly after?: readonly number[] }>;

const entry = <Payload extends z.ZodType>(payload: Payload) => ({ 1: z.object({ payload }) }) as const;
const opened = entry(z.object({ by: z.enum(['key', 'code']), notes: Sealed.nullable() }));
const closed = entry(z.object({ at: z.string(), after: z.array(z.number()).exactOptional() }));

describe('the tie between schemas and entries of the domain', () => {
  it('holds where both say the same, personal text being sealed, and changes nothing', () => {
    const schemas = { door_opened: opened, door_closed: closed };
    expect(schemasOf<Own>()(schemas)).toBe(schemas);
  });
  it('does not compile otherwise', () => {
    const tie = schemasOf<Own>();
    // @ts-expect-error a type without a schema
    tie({ door_opened: opened });
    // @ts-expect-error a schema without a type
    tie({ door_opened: opened, door_closed: closed, door_painted: closed });
    // @ts-expect-error a value that the domain does not write
    tie({ door_closed: closed, door_opened: entry(z.object({ by: z.string(), notes: Sealed.nullable() })) });
    // @ts-expect-error a value that the schema does not take
    tie({ door_closed: closed, door_opened: entry(z.object({ by: z.literal('key'), notes: Sealed.nullable() })) });
    // @ts-expect-error null, which the schema does not take
    tie({ door_closed: closed, door_opened: entry(z.object({ by: z.enum(['key', 'code']), notes: Sealed })) });
    // @ts-expect-error a member that the schema lacks
    tie({ door_closed: closed, door_opened: entry(z.object({ by: z.enum(['key', 'code']) })) });
    // @ts-expect-error a member that the domain lacks
    tie({ door_opened: opened, door_closed: entry(z.object({ at: z.string(), by: z.string() })) });
    // @ts-expect-error a member that the domain may leave out
    tie({ door_opened: opened, door_closed: entry(z.object({ at: z.string(), after: z.array(z.number()) })) });
    expect(tie).toBeInstanceOf(Function);
  });
});
