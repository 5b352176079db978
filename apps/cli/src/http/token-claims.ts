import { readJsonText } from '@verdict/contracts';
import { memberOf, NumberToken, type RawJson, textMemberOf } from '@verdict/domain';

const CLAIMS_DEPTH_MAX = 16;

const claimsOf = (token: string): RawJson | undefined => {
  const [, claims, ...rest] = token.split('.');
  if (claims === undefined || rest.length !== 1) return undefined;
  const read = readJsonText(Buffer.from(claims, 'base64url').toString('utf8'), { depthMax: CLAIMS_DEPTH_MAX });
  return read.kind === 'ok' ? read.value : undefined;
};

/** The tenant that a JSON Web Token names, unchecked; undefined where it names none, or is no such token. */
export const tenantOf = (token: string): string | undefined => textMemberOf(claimsOf(token), 'tenant_id');

const DATE_MS_MAX = 8.64e15;

/** When a JSON Web Token says that it ends, unchecked, as Unix milliseconds. */
export const expiryMsOf = (token: string): number | undefined => {
  const exp = memberOf(claimsOf(token), 'exp');
  const endMs = exp instanceof NumberToken ? Number(exp.text) * 1000 : Number.NaN;
  return Math.abs(endMs) <= DATE_MS_MAX ? endMs : undefined;
};
