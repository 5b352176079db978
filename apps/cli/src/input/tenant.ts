import { wrongCall } from '../failure.js';

/** @source contract section 2 */
export const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;
export const TENANT_FORM = 'lower-case letters, digits and -, at most 63';

export const checkedTenant = (text: string): string => {
  if (!TENANT.test(text)) throw wrongCall('tenant_invalid', `not a tenant: ${text}`, TENANT_FORM);
  return text;
};
