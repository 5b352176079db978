import { planted } from '../../../test/support/eventstore-server/src/index.js';
export const used = planted;
