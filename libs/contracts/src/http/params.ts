import { z } from 'zod';
import { BudgetIdText, name } from './scalars.js';

export const BudgetIdParams = z.strictObject({ budget_id: BudgetIdText });
export const VersionParams = z.strictObject({ version: z.coerce.number().int().min(1).max(1_000_000) });
export const PriceBookParams = z.strictObject({ version: name(1, 64) });
