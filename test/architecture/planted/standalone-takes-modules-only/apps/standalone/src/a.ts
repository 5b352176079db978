import { planted } from '../../gate/src/rules.js';

export const used = planted;
