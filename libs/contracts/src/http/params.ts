import { z } from 'zod';
import { BudgetIdText, name, wholeNumber } from './scalars.js';

export const BudgetIdParams = z.strictObject({ budget_id: BudgetIdText });
/** The last segment of a webhook's path is its secret. @source contract section 2.1 (c) */
export const SegmentParams = z.strictObject({ segment: z.string().min(43).max(52) });
export const VersionParams = z.strictObject({ version: wholeNumber(1, 1_000_000) });
export const VersionPairParams = z.strictObject({
  version: wholeNumber(1, 1_000_000),
  other: wholeNumber(1, 1_000_000),
});
export const PriceBookParams = z.strictObject({ version: name(1, 64) });
