import { planted } from './index.js';

export const used = planted;
