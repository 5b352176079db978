import { planted } from './gone.js';

export const used = planted;
