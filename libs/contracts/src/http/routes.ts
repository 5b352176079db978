import { APPROVALS_ROUTES } from './routes/approvals.routes.js';
import { BUDGETS_ROUTES } from './routes/budgets.routes.js';
import { CREDITS_ROUTES } from './routes/credits.routes.js';
import { DECISIONS_ROUTES } from './routes/decisions.routes.js';
import { EXCEPTIONS_ROUTES } from './routes/exceptions.routes.js';
import { EXPORTS_ROUTES } from './routes/exports.routes.js';
import { GATE_ROUTES } from './routes/gate.routes.js';
import { INTEGRATIONS_ROUTES } from './routes/integrations.routes.js';
import { KEYS_ROUTES } from './routes/keys.routes.js';
import { LEDGER_ROUTES } from './routes/ledger.routes.js';
import { POLICY_ROUTES } from './routes/policy.routes.js';
import { PRICE_BOOKS_ROUTES } from './routes/price-books.routes.js';
import { RESERVATIONS_ROUTES } from './routes/reservations.routes.js';

/** Every route of this release, in the order of the API document. @source contract section 4 */
export const ROUTES = {
  ...GATE_ROUTES,
  ...DECISIONS_ROUTES,
  ...POLICY_ROUTES,
  ...BUDGETS_ROUTES,
  ...CREDITS_ROUTES,
  ...EXCEPTIONS_ROUTES,
  ...PRICE_BOOKS_ROUTES,
  ...INTEGRATIONS_ROUTES,
  ...APPROVALS_ROUTES,
  ...RESERVATIONS_ROUTES,
  ...EXPORTS_ROUTES,
  ...LEDGER_ROUTES,
  ...KEYS_ROUTES,
} as const;

export type RouteId = keyof typeof ROUTES;
