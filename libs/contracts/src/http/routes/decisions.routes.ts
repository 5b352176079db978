import { ExplainAnswer } from '../explain.js';
import { DecisionAnswer, DecisionIdParams, DecisionsAnswer, DecisionsQuery, ReceiptAnswer } from '../gate.js';
import { ALL, BASE, type RouteContract } from './route-contract.js';

export const DECISIONS_ROUTES = {
  listDecisions: {
    id: 'listDecisions',
    method: 'GET',
    path: `${BASE}/decisions`,
    roles: ALL,
    status: 200,
    query: DecisionsQuery,
    response: DecisionsAnswer,
    problems: ['cursor_invalid', 'read_model_behind', 'project_forbidden'],
    summary: 'Decisions, newest first',
    tag: 'decisions',
  },
  getDecision: {
    id: 'getDecision',
    method: 'GET',
    path: `${BASE}/decisions/:decision_id`,
    roles: ALL,
    status: 200,
    params: DecisionIdParams,
    response: DecisionAnswer,
    problems: ['not_found', 'read_model_behind', 'log_unavailable', 'project_forbidden'],
    summary: 'One decision as recorded, and where it stands',
    tag: 'decisions',
  },
  explainDecision: {
    id: 'explainDecision',
    method: 'GET',
    path: `${BASE}/decisions/:decision_id/explain`,
    roles: ALL,
    status: 200,
    params: DecisionIdParams,
    response: ExplainAnswer,
    problems: ['not_found', 'read_model_behind', 'log_unavailable', 'project_forbidden'],
    summary: 'Why a decision came out as it did, and what would have changed it',
    tag: 'decisions',
  },
  getReceipt: {
    id: 'getReceipt',
    method: 'GET',
    path: `${BASE}/decisions/:decision_id/receipt`,
    roles: ALL,
    status: 200,
    params: DecisionIdParams,
    response: ReceiptAnswer,
    problems: ['not_found', 'read_model_behind', 'log_unavailable', 'project_forbidden'],
    summary: 'The canonical entry behind a decision',
    tag: 'decisions',
  },
} as const satisfies Readonly<Record<string, RouteContract>>;
