import { type Instant, instantOf } from '@verdict/domain';
import { wrongCall } from '../failure.js';
import { parseDurationMs } from './duration.js';
import { timeOf } from './time.js';

/** Reads `30d`, `2026-11-01` (midnight UTC) or `2026-11-01T08:00:00Z` as the time that a period begins. */
export const parseSince = (text: string, flag: string, nowMs: number): Instant => {
  if (/^[0-9]+[a-z]+$/.test(text)) return instantOf(nowMs - parseDurationMs(text, flag));
  const instant = timeOf(text);
  if (instant !== undefined) return instant;
  throw wrongCall('time_invalid', `${flag} is no time: ${text}`, 'write 30d, 2026-11-01 or 2026-11-01T08:00:00Z');
};
