import { CoreEnv } from '@verdict/platform';
import { HttpEnv, IssuersSchema, loadConfig, QuotaEnv, TlsEnv } from '@verdict/nest-kit';
import { z } from 'zod';

/** The standalone's environment. Everything has a default: `npm run start` needs none of it. */
export const StandaloneEnv = z.object({
  ...CoreEnv,
  ...TlsEnv,
  ...QuotaEnv,
  VERDICT_HOST: HttpEnv.HTTP_HOST,
  /** 0: any free port; it is in `server.json` of the data folder. */
  VERDICT_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  /** Holds everything: the database, keys, exports. Back it up whole, with the server stopped. */
  VERDICT_DATA_DIR: z.string().min(1).default('.verdict'),
  LOG_LEVEL: HttpEnv.LOG_LEVEL,
  /** More issuers than the standalone's own, as a JSON list. */
  AUTH_ISSUERS: z
    .string()
    .default('[]')
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON' });
        return z.NEVER;
      }
    })
    .pipe(IssuersSchema),
  METRIC_PREFIX: HttpEnv.METRIC_PREFIX,
  METRIC_ALIAS_PREFIXES: HttpEnv.METRIC_ALIAS_PREFIXES,
  OTEL_EXPORTER_OTLP_ENDPOINT: HttpEnv.OTEL_EXPORTER_OTLP_ENDPOINT,
});
export type StandaloneConfig = Readonly<z.infer<typeof StandaloneEnv>>;
export const loadStandaloneConfig = (env: NodeJS.ProcessEnv): StandaloneConfig => loadConfig(StandaloneEnv, env);
