import { z } from 'zod';

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

const Timeout = z
  .string()
  .transform((sent, context): number => {
    const milliseconds = parseTimeoutMs(sent);
    if (milliseconds !== undefined) return milliseconds;
    context.addIssue({ code: 'custom', message: 'a duration of at least a millisecond, such as 2s or 1500ms' });
    return z.NEVER;
  })
  .meta({
    pattern: WHOLE.source,
    description:
      'How long the caller waits. The answer comes before that, `min(timeout - margin, 1.5 s)` after the request: a verdict that is not durable by then is 503, and may be asked for again with the same key.',
    examples: ['2s', '1500ms'],
  });
/** Query of every gate; `timeout` in milliseconds once read. @source contract sections 5.1, 12.1 */
export const GateQuery = z.object({ timeout: Timeout.optional() });
