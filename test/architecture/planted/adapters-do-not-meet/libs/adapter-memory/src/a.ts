import { planted } from '../../adapter-postgres/src/index.js';

export const used = planted;
