import type { Clock, Ids } from '@verdict/application';
import { takeRandomBytes, uuidV7 } from '@verdict/nest-kit';

export const systemClock: Clock = { nowMs: () => Date.now() };
export const systemIds: Ids = {
  uuid: () => uuidV7(Date.now()),
  randomText: (count) => takeRandomBytes(count).toString('base64url'),
};
