import { z } from 'zod';

const whole = (by: number, max: number) => z.coerce.number().int().min(1).max(max).default(by);

/** The limits of contract section 16 that are about how much at once. Each is of this process, not of all replicas together. */
export const QuotaEnv = {
  /** Calls of the gate a second, a tenant; a policy may lower both for its own tenant. */
  VERDICT_QUOTA_GATE_PER_SECOND: whole(200, 1_000_000),
  VERDICT_QUOTA_GATE_BURST: whole(400, 1_000_000),
  /** Approval tokens presented a minute, a subject. */
  VERDICT_QUOTA_CONSUME_PER_MINUTE: whole(120, 1_000_000),
  /** Writes of administrators, auditors and operators a minute, a tenant. */
  VERDICT_QUOTA_ADMIN_WRITES_PER_MINUTE: whole(120, 1_000_000),
  /** Votes, requests, reconciliations and imports a second, a tenant. */
  VERDICT_QUOTA_WRITES_PER_SECOND: whole(200, 1_000_000),
  VERDICT_QUOTA_READS_PER_SECOND: whole(50, 1_000_000),
  /** Calls of the gate that are worked on at the same time. */
  VERDICT_GATE_IN_FLIGHT: whole(512, 100_000),
  /** Calls of the gate that may wait for that, a tenant. */
  VERDICT_GATE_WAITING: whole(128, 100_000),
  /** Who has waited for as long as this is refused. */
  VERDICT_GATE_WAIT_MS: whole(1_500, 60_000),
} as const;
export type QuotaConfig = Readonly<z.infer<z.ZodObject<typeof QuotaEnv>>>;

/** What contract section 16 says where nothing else was configured. */
export const DEFAULT_QUOTAS: QuotaConfig = Object.freeze(z.object(QuotaEnv).parse({}));
