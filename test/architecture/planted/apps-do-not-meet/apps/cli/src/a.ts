import { planted } from '../../gate/src/gate.module.js';

export const used = planted;
