import { readJsonText } from '@verdict/contracts';
import { textMemberOf } from '@verdict/domain';

const CLAIMS_DEPTH_MAX = 16;

/** The tenant that a JSON Web Token names, unchecked; undefined where it names none, or is no such token. */
export const tenantOf = (token: string): string | undefined => {
  const [, claims, ...rest] = token.split('.');
  if (claims === undefined || rest.length !== 1) return undefined;
  const read = readJsonText(Buffer.from(claims, 'base64url').toString('utf8'), { depthMax: CLAIMS_DEPTH_MAX });
  return read.kind === 'ok' ? textMemberOf(read.value, 'tenant_id') : undefined;
};
