import { CreditAnswer, CreditIdParams, CreditsAnswer, GrantCreditBody, RevokeBody } from '../money-admin.js';
import { PageQuery } from '../pages.js';
import { ALL, BASE, MONEY, type RouteContract, WRITE } from './route-contract.js';

export const CREDITS_ROUTES = {
  listCredits: {
    id: 'listCredits',
    method: 'GET',
    path: `${BASE}/credits`,
    roles: ALL,
    status: 200,
    query: PageQuery,
    response: CreditsAnswer,
    problems: ['cursor_invalid', 'log_unavailable'],
    summary: 'Credits with what is consumed, held and left, newest first',
    tag: 'credits',
    readsLog: true,
  },
  grantCredit: {
    id: 'grantCredit',
    method: 'POST',
    path: `${BASE}/credits`,
    roles: ['admin'],
    status: 201,
    body: GrantCreditBody,
    response: CreditAnswer,
    problems: [...WRITE, 'project_forbidden', ...MONEY, 'quota_exceeded', 'idempotency_key_required'],
    summary: 'Grant reserved or emergency credits',
    tag: 'credits',
    idempotencyKey: 'required',
  },
  revokeCredit: {
    id: 'revokeCredit',
    method: 'POST',
    path: `${BASE}/credits/:credit_id/revoke`,
    roles: ['admin'],
    status: 200,
    params: CreditIdParams,
    body: RevokeBody,
    response: CreditAnswer,
    problems: [...WRITE, 'project_forbidden', 'not_found'],
    summary: 'Revoke what is neither used nor held',
    tag: 'credits',
    idempotencyKey: 'optional',
  },
} as const satisfies Readonly<Record<string, RouteContract>>;
