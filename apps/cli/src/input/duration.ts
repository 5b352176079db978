import { wrongCall } from '../failure.js';

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNITS;
const isUnit = (text: string | undefined): text is Unit => text !== undefined && Object.hasOwn(UNITS, text);

const DURATION = /^([1-9][0-9]{0,8})(ms|s|m|h|d)$/;
export const isDuration = (text: string): boolean => DURATION.test(text);

/** Reads `30s`, `1500ms`, `15m`, `1h`, `7d` as milliseconds. `flag` names the option in the error. */
export const parseDurationMs = (text: string, flag: string): number => {
  const [, digits, unit] = DURATION.exec(text) ?? [];
  if (digits === undefined || !isUnit(unit)) {
    throw wrongCall('duration_invalid', `${flag} is not a duration: ${text}`, 'write 500ms, 30s, 15m, 1h or 7d');
  }
  return Number(digits) * UNITS[unit];
};
