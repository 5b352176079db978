import { z } from 'zod';
import { isDuration } from '../input/duration.js';
import { TENANT, TENANT_FORM } from '../input/tenant.js';
import { OUTPUT_FORMS } from '../output/printer.js';

/** What a context may say. @source operations section 11 */
export const SETTINGS = ['url', 'token_file', 'tenant', 'output', 'timeout'] as const;
export type SettingName = (typeof SETTINGS)[number];
export type Context = Readonly<Partial<Record<SettingName, string | undefined>>>;

const isAddress = (text: string): boolean => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (url?.protocol === 'http:' || url?.protocol === 'https:') && url.username === '' && url.password === '';
};

/** A JSON Web Token, or the secret of an integration: nobody names a file so. */
const isLikeSecret = (text: string): boolean => /^(eyJ[\w-]{8,}\.|vct_[\w-]{40,})/.test(text);

export const CONTEXT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const NAME_FORM = 'a name of letters, digits and ._- (at most 64)';

const ContextShape: z.ZodType<Context> = z.strictObject(
  {
    url: z
      .string('expected an address')
      .refine(isAddress, 'expected an http or https address without a password')
      .optional(),
    token_file: z
      .string('expected the name of a file')
      .refine((text) => text !== '' && text !== '-', 'expected the name of a file')
      .refine((text) => !isLikeSecret(text), { params: { isSecret: true } })
      .optional(),
    tenant: z.string('expected a tenant').regex(TENANT, `expected a tenant: ${TENANT_FORM}`).optional(),
    output: z.enum(OUTPUT_FORMS, `expected one of ${OUTPUT_FORMS.join(', ')}`).optional(),
    timeout: z.string('expected a duration').refine(isDuration, 'expected a duration such as 30s').optional(),
  },
  'expected settings, name: value',
);

const Name = z.string(`expected ${NAME_FORM}`).regex(CONTEXT_NAME, `expected ${NAME_FORM}`);

/** A configuration file: contexts by name, and which of them is used. */
export const ConfigShape = z.strictObject(
  {
    context: Name.optional(),
    contexts: z.record(Name, ContextShape, 'expected contexts by name').optional(),
  },
  'expected context and contexts',
);
