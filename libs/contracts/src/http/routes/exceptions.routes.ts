import { GrantWaiverBody, RevokeBody, WaiverAnswer, WaiverIdParams, WaiversAnswer } from '../money-admin.js';
import { PageQuery } from '../pages.js';
import { BASE, MONEY, READERS, type RouteContract, WRITE } from './route-contract.js';

export const EXCEPTIONS_ROUTES = {
  listWaivers: {
    id: 'listWaivers',
    method: 'GET',
    path: `${BASE}/exceptions`,
    roles: READERS,
    status: 200,
    query: PageQuery,
    response: WaiversAnswer,
    problems: ['cursor_invalid', 'log_unavailable'],
    summary: 'Waivers with their uses, newest first',
    tag: 'exceptions',
  },
  grantWaiver: {
    id: 'grantWaiver',
    method: 'POST',
    path: `${BASE}/exceptions`,
    roles: ['admin'],
    status: 201,
    body: GrantWaiverBody,
    response: WaiverAnswer,
    problems: [...WRITE, ...MONEY, 'quota_exceeded'],
    summary: 'Let named findings pass for a time',
    tag: 'exceptions',
    idempotencyKey: 'optional',
  },
  revokeWaiver: {
    id: 'revokeWaiver',
    method: 'POST',
    path: `${BASE}/exceptions/:exception_id/revoke`,
    roles: ['admin'],
    status: 200,
    params: WaiverIdParams,
    body: RevokeBody,
    response: WaiverAnswer,
    problems: [...WRITE, 'not_found'],
    summary: 'End a waiver',
    tag: 'exceptions',
    idempotencyKey: 'optional',
  },
} as const satisfies Readonly<Record<string, RouteContract>>;
