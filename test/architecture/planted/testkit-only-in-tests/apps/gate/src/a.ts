import { planted } from '../../../libs/testkit/src/index.js';

export const used = planted;
