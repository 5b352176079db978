import { randomBytes } from 'node:crypto';
import type { Clock, Ids } from '@verdict/application';
import { uuidV7 } from '@verdict/nest-kit';

export const systemClock: Clock = { nowMs: () => Date.now() };
export const systemIds: Ids = {
  uuid: () => uuidV7(Date.now()),
  randomText: (count) => randomBytes(count).toString('base64url'),
};
