import { z } from 'zod';
import { BudgetIdText, name, wholeNumber } from './scalars.js';

export const BudgetIdParams = z.strictObject({ budget_id: BudgetIdText });
export const VersionParams = z.strictObject({ version: wholeNumber(1, 1_000_000) });
export const PriceBookParams = z.strictObject({ version: name(1, 64) });
