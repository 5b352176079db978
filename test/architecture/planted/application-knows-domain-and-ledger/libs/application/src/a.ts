import { planted } from '../../contracts/src/index.js';

export const used = planted;
