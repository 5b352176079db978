import type { ZodType } from 'zod';

/** The roles of contract section 2; none includes another. */
export const ROLES = ['member', 'approver', 'admin', 'auditor', 'operator', 'service'] as const;
export type Role = (typeof ROLES)[number];

/** One route: what the router, the caller check, the body limit and the generated OpenAPI document all read. */
export interface RouteSpec {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Absolute, parameters as `:approval_id`. */
  readonly path: string;
  /** Roles of which the caller needs one; `public` routes authenticate in another way, or not at all. */
  readonly roles: readonly Role[] | 'public';
  readonly status: number;
  readonly body?: ZodType;
  readonly query?: ZodType;
  readonly params?: ZodType;
  readonly response: ZodType | null;
  /** Codes of `PROBLEMS` beyond those that any route may answer. */
  readonly problems: readonly string[];
  readonly summary: string;
  readonly tag: string;
  /** Default 256 KiB. */
  readonly bodyBytesMax?: number;
  readonly jsonDepthMax?: number;
  /** Another party defines the body: unknown members are ignored in it. */
  readonly bodyIsForeign?: boolean;
  /** The body may be `text/csv` instead of JSON. */
  readonly takesCsv?: boolean;
  /** Its caller is an integration, which the webhook check finds by its proof. */
  readonly webhook?: boolean;
  readonly idempotencyKey?: 'none' | 'optional' | 'required';
  /** The limit that calls count for; default: by method and roles, see `rateKindOf`. */
  readonly quota?: 'gate' | 'consume' | 'admin_writes' | 'writes' | 'reads';
  /** The controller answers an excess itself, by `Call.overload`; default: 429. */
  readonly answersOverload?: boolean;
  /** It answers from the log, where every acknowledged entry is; default: from the read models, which follow it. */
  readonly readsLog?: boolean;
  /** A caller admitted by the role `service` alone needs one of these. */
  readonly scopes?: readonly string[];
}

export const BODY_BYTES_MAX = 256 * 1024;
