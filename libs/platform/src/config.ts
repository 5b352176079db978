import { HttpEnv, PostgresEnv } from '@verdict/nest-kit';
import { z } from 'zod';

const HOST = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** What every process of Verdict reads from its environment besides HTTP: how to run, never how to decide. */
export const CoreEnv = {
  /** First part of every journal's origin and checkpoint. It names this log for ever: choose it before the first entry. */
  VERDICT_LOG_HOST: z.string().regex(HOST).default('verdict.local'),
  /** Measurements only: makes every commit of the log this much slower. */
  VERDICT_COMMIT_DELAY_MS: z.coerce.number().int().min(0).max(1000).default(0),
} as const;

/** A service app on its own: the log and the read models lie in one database, keys in a folder. */
export const ServiceEnv = z.object({
  ...HttpEnv,
  ...PostgresEnv,
  ...CoreEnv,
  /** Role that may migrate; absent: the database is migrated by somebody else. */
  POSTGRES_ADMIN_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  VERDICT_KEYS_DIR: z.string().min(1).default('.verdict/keys'),
  VERDICT_EXPORTS_DIR: z.string().min(1).default('.verdict/exports'),
});
export type ServiceConfig = Readonly<z.infer<typeof ServiceEnv>>;
