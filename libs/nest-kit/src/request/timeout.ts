const UNITS_MS = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const satisfies Record<
  string,
  number
>;
const WHOLE = /^(?:\d{1,9}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h)){1,4}$/;
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;

const isUnit = (text: string): text is keyof typeof UNITS_MS => Object.hasOwn(UNITS_MS, text);

/**
 * Reads a Go duration such as `10s`, `1500ms`, `1m30s`.
 * @returns whole milliseconds, rounded down; undefined when the text is not a positive duration.
 * @source https://pkg.go.dev/time#ParseDuration
 */
export const parseTimeoutMs = (text: string): number | undefined => {
  if (!WHOLE.test(text)) return undefined;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(PART)) {
    if (!isUnit(unit)) return undefined;
    total += Number(amount) * UNITS_MS[unit];
  }
  const whole = Math.floor(total);
  return whole > 0 ? whole : undefined;
};
