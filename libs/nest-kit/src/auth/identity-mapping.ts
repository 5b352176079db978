import { callerFromClaims } from './claims.js';
import type { Caller } from './caller.js';
import type { IdentityMapping } from './issuer.js';

type Claims = Readonly<Record<string, unknown>>;

const matches = (glob: string, value: string): boolean => {
  const parts = glob.split('*');
  const first = parts[0] ?? '';
  if (parts.length === 1) return glob === value;
  const last = parts.at(-1) ?? '';
  if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last)) return false;
  let at = first.length;
  const end = value.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
};

const fits = ({ match }: IdentityMapping, claims: Claims): boolean =>
  Object.entries(match).every(([claim, glob]) => {
    const value = claims[claim];
    return typeof value === 'string' && matches(glob, value);
  });

/**
 * The caller behind a pipeline's token: role service, with tenant, projects and scopes of the first rule that fits.
 * @returns 'not_mapped' when no rule fits; undefined when the claims have the wrong form.
 */
export const callerFromMapping = (
  claims: Claims,
  mappings: readonly IdentityMapping[],
): Caller | 'not_mapped' | undefined => {
  const rule = mappings.find((candidate) => fits(candidate, claims));
  if (rule === undefined) return 'not_mapped';
  const { tenant, projects, scopes } = rule;
  const mapped = {
    sub: claims.sub,
    jti: claims.jti,
    tenant,
    roles: ['service'],
    scope: scopes.join(' '),
    on_behalf_of: claims.on_behalf_of,
  };
  return callerFromClaims(projects === undefined ? mapped : { ...mapped, projects }, 'tenant');
};
