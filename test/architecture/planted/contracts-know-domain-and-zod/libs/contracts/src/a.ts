import { planted } from '../../application/src/index.js';

export const used = planted;
