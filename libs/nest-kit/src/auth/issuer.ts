import { z } from 'zod';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const isSafeUrl = (text: string): boolean => {
  const url = new URL(text);
  return (
    url.protocol === 'https:' || url.protocol === 'file:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
  );
};

/** One rule for pipelines: every named claim must match its glob (`*` is any text). The first rule that fits decides. */
const MappingSchema = z.strictObject({
  match: z.record(z.string(), z.string().min(1)).refine((match) => Object.keys(match).length > 0),
  tenant: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  projects: z.array(z.string().min(1)).optional(),
  scopes: z.array(z.string().min(1)).default(['gate', 'consume']),
});

const KeysSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

/**
 * Whose tokens are believed. Keys come from `jwksUrl` (https, http on loopback, or a file) or are given as `jwks`.
 * With `mappings` the issuer is a CI system: tenant, role and projects come from the first rule that fits.
 */
export const IssuerSchema = z
  .strictObject({
    issuer: z.string().min(1),
    audience: z.string().min(1).default('verdict'),
    jwksUrl: z.url().refine(isSafeUrl, 'must be https, loopback http or file').optional(),
    jwks: KeysSchema.optional(),
    tenantClaim: z.string().min(1).default('tenant_id'),
    mappings: z.array(MappingSchema).min(1).optional(),
  })
  .refine(({ jwksUrl, jwks }) => (jwksUrl === undefined) !== (jwks === undefined), 'needs either jwksUrl or jwks');

/** Each issuer stands here once: a second entry would take the place of the first, with its audience and its mappings. */
export const IssuersSchema = z
  .array(IssuerSchema)
  .refine(
    (issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length,
    'an issuer stands here twice',
  );

export type Issuer = z.infer<typeof IssuerSchema>;
export type IdentityMapping = z.infer<typeof MappingSchema>;
