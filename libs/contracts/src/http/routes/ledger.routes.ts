import { CheckpointAnswer, CheckpointsAnswer, KindParams, LedgerAnswer, LedgerQuery } from '../audit.js';
import { PageQuery } from '../pages.js';
import { BASE, type RouteContract } from './route-contract.js';

export const LEDGER_ROUTES = {
  queryLedger: {
    id: 'queryLedger',
    method: 'GET',
    path: `${BASE}/ledger`,
    roles: ['admin', 'auditor'],
    status: 200,
    query: LedgerQuery,
    response: LedgerAnswer,
    problems: ['cursor_invalid', 'log_unavailable'],
    summary: 'Entries of a journal',
    tag: 'ledger',
    readsLog: true,
  },
  listCheckpoints: {
    id: 'listCheckpoints',
    method: 'GET',
    path: `${BASE}/checkpoints`,
    roles: ['admin', 'auditor'],
    status: 200,
    query: PageQuery,
    response: CheckpointsAnswer,
    problems: ['cursor_invalid', 'log_unavailable'],
    summary: 'The newest signed checkpoint of every journal',
    tag: 'ledger',
    readsLog: true,
  },
  latestCheckpoint: {
    id: 'latestCheckpoint',
    method: 'GET',
    path: `${BASE}/checkpoints/:kind/latest`,
    roles: ['admin', 'auditor'],
    status: 200,
    params: KindParams,
    response: CheckpointAnswer,
    problems: ['not_found', 'log_unavailable'],
    summary: 'The newest signed checkpoint of a journal',
    tag: 'ledger',
    readsLog: true,
  },
} as const satisfies Readonly<Record<string, RouteContract>>;
