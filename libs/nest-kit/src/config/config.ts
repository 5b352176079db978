import { z } from 'zod';
import { IssuersSchema } from '../auth/issuer.js';

const METRIC_PREFIX = /^[a-z][a-z0-9_]{0,31}_$/;
const list = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const jsonList = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
});

/** Pieces of the environment that every app shares; an app adds its own with `z.object({ ...HttpEnv, ... })`. */
export const HttpEnv = {
  /** Loopback unless somebody decides otherwise. */
  HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  /** 0: any free port. */
  HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** JSON list of issuers, see `IssuersSchema`. */
  AUTH_ISSUERS: jsonList.pipe(IssuersSchema.min(1)),
  METRIC_PREFIX: z.string().regex(METRIC_PREFIX).default('valdrics_ops_'),
  /** More prefixes for the metrics that are also known by another name. */
  METRIC_ALIAS_PREFIXES: z
    .string()
    .default('valdrix_ops_')
    .transform(list)
    .pipe(z.array(z.string().regex(METRIC_PREFIX)).max(4)),
  /** Tracing is off without it. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
} as const;

export const PostgresEnv = { POSTGRES_URL: z.url({ protocol: /^postgres(ql)?$/ }) } as const;

export type HttpConfig = Readonly<z.infer<z.ZodObject<typeof HttpEnv>>>;

/** Names every bad variable, what is wrong with it, and never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(`bad configuration: ${problems.join('; ')}`);
  }
}

const EMPTY_IS_ABSENT = (env: Readonly<Record<string, string | undefined>>): Record<string, string> => {
  const present: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined && value !== '') present[name] = value;
  return present;
};

/**
 * Reads the environment once, in `main.ts`.
 * @returns the configuration, frozen.
 * @throws ConfigError that names every bad variable and never its value.
 */
export const loadConfig = <Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<z.infer<z.ZodObject<Shape>>> => {
  const parsed = schema.safeParse(EMPTY_IS_ABSENT(env));
  if (parsed.success) return Object.freeze(parsed.data);
  throw new ConfigError(parsed.error.issues.map(({ path, code }) => `${path.map(String).join('.')}: ${code}`));
};
