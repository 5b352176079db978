import type { RouteSpec } from '../routing/route-spec.js';

export const RATE_KINDS = ['gate', 'consume', 'admin_writes', 'writes', 'reads'] as const;
/** Which limit of contract section 16 a route counts for. */
export type RateKind = (typeof RATE_KINDS)[number];

const ADMINISTRATION: ReadonlySet<string> = new Set(['admin', 'auditor', 'operator']);

/**
 * The limit of a route. What is not named there (votes, approval requests, reconciliation, imports) is limited like the
 * gate, in a bucket of its own: a limit that is missing would be a way around the others (G9).
 */
export const rateKindOf = ({ quota, method, tag, roles }: RouteSpec): RateKind => {
  if (quota !== undefined) return quota;
  if (method === 'GET') return 'reads';
  if (tag === 'gate') return 'gate';
  return roles !== 'public' && roles.every((role) => ADMINISTRATION.has(role)) ? 'admin_writes' : 'writes';
};
