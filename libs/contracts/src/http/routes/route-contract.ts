import type { z } from 'zod';

type Role = 'member' | 'approver' | 'admin' | 'auditor' | 'operator' | 'service';
/** One route of the API: router, caller check, body limit and OpenAPI document all come from it. */
export interface RouteContract {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly roles: readonly Role[] | 'public';
  readonly status: number;
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  readonly params?: z.ZodType;
  readonly response: z.ZodType | null;
  /** The body may be `text/csv` instead of JSON. */
  readonly takesCsv?: boolean;
  /** Problem codes beyond those that any route may answer. */
  readonly problems: readonly string[];
  readonly summary: string;
  readonly tag: string;
  readonly bodyBytesMax?: number;
  readonly idempotencyKey?: 'none' | 'optional' | 'required';
  readonly scopes?: readonly string[];
  /** The limit that calls count for; default: by method and roles. */
  readonly quota?: 'gate' | 'consume' | 'admin_writes' | 'writes' | 'reads';
  /** The controller answers an excess itself; default: 429. */
  readonly answersOverload?: boolean;
  /** It answers from the log, where every acknowledged entry is; default: from the read models, which follow it. */
  readonly readsLog?: boolean;
  /** The write needs the version it changes. */
  readonly ifMatch?: boolean;
  /** Its caller is an integration, and shows a proof of contract section 2.1 in place of a token. */
  readonly webhook?: boolean;
  /** Media type of an answer that is not JSON. */
  readonly mediaType?: string;
}

/** A read of what a tenant has: it waits for the entry that `Verdict-Min-Entry` names. @source contract section 1 */
export const isTenantRead = ({ method, roles }: RouteContract): boolean => method === 'GET' && roles !== 'public';

export const BASE = '/api/v1/enforcement';
export const READERS = ['member', 'approver', 'admin', 'auditor', 'operator'] as const;
/** "all" of the contract's table: whoever has a role at all. */
export const ALL = [...READERS, 'service'] as const;
export const ADMIN_READS = ['admin', 'auditor', 'operator'] as const;
export const MONEY = ['money_invalid', 'money_too_precise', 'money_not_exact', 'money_out_of_range'] as const;
export const WRITE = [
  'outcome_unknown',
  'log_unavailable',
  'idempotency_conflict',
  'idempotency_key_mismatch',
] as const;
