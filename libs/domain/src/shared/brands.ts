import type { ApprovalId, BudgetId, DecisionId, Sha256Hex, UsdText } from './brand.js';

// The one place where text becomes an id: made by the platform's id source, or checked by a schema before.
export const decisionIdOf = (uuid: string): DecisionId => uuid as DecisionId;
export const approvalIdOf = (uuid: string): ApprovalId => uuid as ApprovalId;
export const budgetIdOf = (uuid: string): BudgetId => uuid as BudgetId;
/** 64 lower-case hex characters that were checked or computed. */
export const sha256Of = (hex: string): Sha256Hex => hex as Sha256Hex;
/** 4-place decimal text as the ledger and its projections hold it. */
export const usdTextOf = (text: string): UsdText => text as UsdText;
