import { type RouteId, ROUTES } from '@verdict/contracts';

export const APPS = ['gate', 'approvals', 'reconciliation', 'audit-export'] as const;
export type App = (typeof APPS)[number];

const APP_OF_TAG: Readonly<Record<string, App>> = {
  gate: 'gate',
  decisions: 'gate',
  policy: 'gate',
  budgets: 'gate',
  'price books': 'gate',
  integrations: 'gate',
  approvals: 'approvals',
  keys: 'approvals',
  reservations: 'reconciliation',
  exports: 'audit-export',
  ledger: 'audit-export',
};

/** Which process serves a route: what the tag of the route says. */
export const appOfRoute = (id: RouteId): App =>
  id === 'vkeys' ? 'audit-export' : (APP_OF_TAG[ROUTES[id].tag] ?? 'gate');
