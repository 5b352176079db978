import { planted } from '../../../libs/domain/src/inside.js';

export const used = planted;
