import type { Instant, Sha256Hex } from '../shared/brand.js';
import { accepted, type Keyed, type Result } from '../shared/entry.js';
import type { EarlierAnswer, LookedUpAnswer } from '../shared/key-answers.js';
import { type MicroUsd, usdOf } from '../shared/money.js';
import type { ApprovalCaller } from './approvals.commands.js';
import type { ApprovalsEntry } from './approvals.entries.js';
import type { Approval } from './approval.js';
import type { ApprovalsState } from './approvals.state.js';
import type { ConsumeCode } from './consume-codes.js';
import { earlierOf } from './keyed-approvals.js';

/** Claims of an approval token whose signature was found good. Contract section 11.3. */
export interface TokenClaims {
  readonly jti: string;
  readonly tenantId: string;
  readonly approvalId: string;
  readonly decisionId: string;
  readonly source: string;
  readonly projectId: string;
  readonly environment: string;
  readonly environmentClass: string;
  readonly requestFingerprint: string;
  readonly resourceReference: string;
  readonly expiresAtMs: number;
}

/** What the consumer says it is about to do; all of it must equal what was approved. */
export interface ExpectedBinding {
  readonly source: string;
  readonly projectId: string;
  /** Label of the environment that the consumer names. */
  readonly environmentLabel: string;
  readonly requestFingerprint: string;
  readonly resourceReference: string;
  readonly monthly: MicroUsd | null;
  readonly hourly: MicroUsd | null;
}

/** What reading the token came to: claims, or the code of rows 1 and 2. */
export type ReadToken =
  | { readonly kind: 'claims'; readonly claims: TokenClaims; readonly tokenSha256: Sha256Hex }
  | { readonly kind: 'unreadable'; readonly code: ConsumeCode };

export interface ConsumeToken {
  readonly kind: 'consume_token';
  readonly tenantId: string;
  readonly token: ReadToken;
  readonly expected: ExpectedBinding | null;
  readonly caller: ApprovalCaller;
  readonly now: Instant;
  readonly nowMs: number;
  readonly idempotency: Keyed;
  readonly lookedUp?: LookedUpAnswer;
}

/** `replay`: the same key got its 200 before, by the entry at `revision`. */
export type ConsumeResult = Extract<Result<ApprovalsEntry, never>, { kind: 'accepted' }> | EarlierAnswer;

type Rule = (command: ConsumeToken, claims: TokenClaims, approval: Approval) => ConsumeCode | null;

const mayConsume: Rule = ({ caller }, _claims, { requested }) => {
  const { requester, binding, terms } = requested;
  if (terms.consumer === 'member') return null;
  const isCreator = caller.subject === requester.subject || caller.subject === requester.on_behalf_of;
  if (isCreator) return null;
  const isOfProject =
    terms.consumer === 'project' && caller.projects !== null && caller.projects.includes(binding.project_id);
  return isOfProject ? null : 'consumer_not_permitted';
};

const isCurrent: Rule = (_command, { jti }, { status, token }) => {
  if (status === 'consumed') return 'token_replayed';
  return token !== null && token.jti !== jti ? 'token_superseded' : null;
};

const isActive: Rule = ({ now }, _claims, { status, useBy }) => {
  if (status === 'expired' || (useBy !== null && now >= useBy)) return 'approval_expired';
  return status === 'granted' ? null : 'approval_not_active';
};

const equal = (code: ConsumeCode, ...values: readonly string[]): ConsumeCode | null =>
  values.every((value) => value === values[0]) ? null : code;

const isBound: Rule = ({ expected }, claims, { requested: { binding } }) => {
  if (expected === null) return 'validation_failed';
  return (
    equal('binding_source_mismatch', expected.source, claims.source, binding.source) ??
    equal('binding_project_mismatch', expected.projectId, claims.projectId, binding.project_id) ??
    equal('binding_environment_mismatch', expected.environmentLabel, claims.environment, binding.environment_label) ??
    equal('binding_environment_mismatch', claims.environmentClass, binding.environment_class) ??
    equal(
      'binding_fingerprint_mismatch',
      expected.requestFingerprint,
      claims.requestFingerprint,
      binding.request_fingerprint,
    ) ??
    equal('binding_resource_mismatch', expected.resourceReference, claims.resourceReference, binding.resource_reference)
  );
};

const isWithinCaps: Rule = ({ expected }, _claims, { requested: { terms } }) => {
  const monthly = expected?.monthly ?? null;
  const hourly = expected?.hourly ?? null;
  const isAbove =
    (monthly !== null && monthly > usdOf(terms.cap_monthly_delta_usd)) ||
    (hourly !== null && hourly > usdOf(terms.cap_hourly_delta_usd));
  return isAbove ? 'binding_cost_exceeded' : null;
};

/** Rows 6 to 9, in order. */
const RULES: readonly Rule[] = [mayConsume, isCurrent, isActive, isBound, isWithinCaps];

const refusalOf = (
  command: ConsumeToken,
  state: ApprovalsState,
): { readonly code: ConsumeCode | null; readonly approval: Approval | undefined } => {
  const { token } = command;
  if (token.kind === 'unreadable') return { code: token.code, approval: undefined };
  const { claims } = token;
  if (claims.tenantId !== command.tenantId) return { code: 'token_tenant_mismatch', approval: undefined };
  if (command.nowMs >= claims.expiresAtMs) return { code: 'token_expired', approval: undefined };
  const approval = state.approvals.get(claims.approvalId);
  if (approval === undefined || approval.decisionId !== claims.decisionId)
    return { code: 'approval_not_found', approval: undefined };
  for (const rule of RULES) {
    const code = rule(command, claims, approval);
    if (code !== null) return { code, approval };
  }
  return { code: null, approval };
};

/** A token of another tenant tells this one's ledger nothing but that it was refused. */
const namedIn = (
  command: ConsumeToken,
): { readonly approval_id: string | null; readonly decision_id: string | null; readonly jti: string | null } => {
  const { token } = command;
  if (token.kind === 'unreadable' || token.claims.tenantId !== command.tenantId)
    return { approval_id: null, decision_id: null, jti: null };
  return { approval_id: token.claims.approvalId, decision_id: token.claims.decisionId, jti: token.claims.jti };
};

/**
 * Consumes an approval token, once. Every refusal is an entry too: somebody tried. A key that was successful before is
 * answered from that success alone, whatever has become of the token (G3).
 * @source contract section 11.4
 */
export const decideConsume = (command: ConsumeToken, state: ApprovalsState): ConsumeResult => {
  const earlier = earlierOf(command, state.answers);
  if (earlier !== undefined) return earlier;
  const { code, approval } = refusalOf(command, state);
  if (code !== null || approval === undefined || command.token.kind === 'unreadable') {
    return accepted<ApprovalsEntry>({
      type: 'token_refused',
      payload: {
        ...namedIn(command),
        code: code ?? 'approval_not_found',
        refused_to: command.caller.subject,
        refused_at: command.now,
      },
    });
  }
  return accepted<ApprovalsEntry>({
    type: 'token_consumed',
    payload: {
      approval_id: approval.approvalId,
      decision_id: approval.decisionId,
      jti: command.token.claims.jti,
      idempotency: command.idempotency,
      consumed_by: command.caller.subject,
      consumed_at: command.now,
      expires_at: approval.token?.expiresAt ?? command.now,
    },
  });
};
