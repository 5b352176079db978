import { HttpEnv, PostgresEnv, QuotaEnv, TlsEnv } from '@verdict/nest-kit';
import { z } from 'zod';

const HOST = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** What every process of Verdict reads from its environment besides HTTP: how to run, never how to decide. */
export const CoreEnv = {
  /** First part of every journal's origin and checkpoint. It names this log for ever: choose it before the first entry. */
  VERDICT_LOG_HOST: z.string().regex(HOST).default('verdict.local'),
  /** Most MiB of an AdmissionReview. The API server takes 3 from its client, and an UPDATE carries two objects. */
  VERDICT_REVIEW_MIB_MAX: z.coerce.number().int().min(3).max(8).default(3),
  /** Where people reach this service; results of run tasks link to it. */
  VERDICT_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Measurements only: makes every commit of the log this much slower. */
  VERDICT_COMMIT_DELAY_MS: z.coerce.number().int().min(0).max(1000).default(0),
} as const;

const MIB = 2 ** 20;
/** Body limits of the routes that take reviews. */
export const reviewBytes = ({ VERDICT_REVIEW_MIB_MAX: mib }: { readonly VERDICT_REVIEW_MIB_MAX: number }) => ({
  reviewAdmission: mib * MIB,
  reviewAdmissionBySegment: mib * MIB,
});

const brokers = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .pipe(z.array(z.string().regex(/^[^\s:,]+:\d{1,5}$/)).min(1));

/** Where the log is, if it is not on Postgres, and what carries its entries to the other services. */
const ScaleOutEnv = {
  VERDICT_LOG: z.enum(['postgres', 'eventstoredb']).default('postgres'),
  /** Not `z.url`: it names several hosts where there is a cluster without a name of its own. */
  EVENTSTORE_URL: z
    .string()
    .regex(/^esdb(\+discover)?:\/\/\S+$/)
    .optional(),
  /** Users of all services, who may read the journals; the one in the URL alone may write those of this process. */
  EVENTSTORE_READERS: z
    .string()
    .regex(/^[^\s,]+(,[^\s,]+)*$/)
    .transform((text) => text.split(','))
    .optional(),
  VERDICT_BUS: z.enum(['log', 'kafka']).default('log'),
  KAFKA_BROKERS: brokers.optional(),
  KAFKA_CLIENT_ID: z.string().min(1).default('verdict'),
  /** Topics are `<prefix>.<kind>.v1`, groups `<prefix>.<group>`: another prefix for another deployment on the same brokers. */
  KAFKA_TOPIC_PREFIX: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,100}$/)
    .default('verdict'),
  KAFKA_TLS: z.stringbool({ truthy: ['true'], falsy: ['false'] }).default(false),
  KAFKA_CA_FILE: z.string().min(1).optional(),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_SASL_USERNAME: z.string().min(1).optional(),
  KAFKA_SASL_PASSWORD_FILE: z.string().min(1).optional(),
  KAFKA_TOPIC_PARTITIONS: z.coerce.number().int().min(1).max(10_000).default(12),
  KAFKA_TOPIC_REPLICATION: z.coerce.number().int().min(1).max(100).default(3),
  KAFKA_TOPIC_MIN_ISR: z.coerce.number().int().min(1).max(100).default(2),
} as const;

/** A service app on its own: the log and the read models lie in one database, keys in a folder. */
export const ServiceEnv = z.object({
  ...HttpEnv,
  ...TlsEnv,
  ...PostgresEnv,
  ...CoreEnv,
  ...ScaleOutEnv,
  ...QuotaEnv,
  /** Role that may migrate; absent: the database is migrated by somebody else. */
  POSTGRES_ADMIN_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  VERDICT_KEYS_DIR: z.string().min(1).default('.verdict/keys'),
  VERDICT_EXPORTS_DIR: z.string().min(1).default('.verdict/exports'),
});
export type ServiceConfig = Readonly<z.infer<typeof ServiceEnv>>;
