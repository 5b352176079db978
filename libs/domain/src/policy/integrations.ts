import type { Instant } from '../shared/brand.js';
import { accepted, type Keyed, type PersonalText, refused, type Result } from '../shared/entry.js';
import type { IntegrationEntry, IntegrationProof, IntegrationTerms } from './integrations.entries.js';
import type { Integration, Integrations } from './integrations.state.js';

interface IntegrationCommand {
  readonly integrationId: string;
  readonly author: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
}
export interface CreateIntegration extends IntegrationCommand {
  readonly kind: 'create_integration';
  readonly name: string;
  readonly terms: IntegrationTerms;
  readonly proofs: readonly IntegrationProof[];
  readonly hmacKey: PersonalText | null;
}
export interface RotateIntegrationSecret extends IntegrationCommand {
  readonly kind: 'rotate_integration_secret';
  /** New secrets for every way the integration may use; which it uses is known here only, so the rest is left out. */
  readonly proofs: readonly IntegrationProof[];
  readonly hmacKey: PersonalText | null;
  readonly previousValidUntil: Instant | null;
}
export interface RetireIntegrationSecret extends IntegrationCommand {
  readonly kind: 'retire_integration_secret';
}
export interface RevokeIntegration extends IntegrationCommand {
  readonly kind: 'revoke_integration';
}
export type IntegrationsCommand =
  CreateIntegration | RotateIntegrationSecret | RetireIntegrationSecret | RevokeIntegration;

export type IntegrationRefusal =
  { readonly code: 'not_found' } | { readonly code: 'quota_exceeded'; readonly limit: number };
type IntegrationResult = Result<IntegrationEntry, IntegrationRefusal>;

/** Integrations that a tenant has and has not revoked. @source contract section 16 */
export const INTEGRATIONS_MAX = 100;

const activeOf = (known: Integrations): number =>
  [...known.values()].filter(({ revokedAt }) => revokedAt === null).length;

const create = (command: CreateIntegration, known: Integrations): IntegrationResult => {
  if (activeOf(known) >= INTEGRATIONS_MAX) return refused({ code: 'quota_exceeded', limit: INTEGRATIONS_MAX });
  return accepted({
    type: 'integration_created',
    payload: {
      integration_id: command.integrationId,
      name: command.name,
      terms: command.terms,
      proofs: command.proofs,
      hmac_key: command.hmacKey,
      created_by: command.author,
      created_at: command.now,
      idempotency: command.idempotency,
    },
  });
};

/** A way keeps its proof when none was made for it: a cluster's key outlives the secrets beside it. */
const proofsAfter = (current: Integration, made: readonly IntegrationProof[]): readonly IntegrationProof[] =>
  (current.secrets[0]?.proofs ?? []).map((proof) => made.find(({ way }) => way === proof.way) ?? proof);

const rotate = (command: RotateIntegrationSecret, current: Integration): IntegrationResult =>
  accepted({
    type: 'integration_secret_rotated',
    payload: {
      integration_id: command.integrationId,
      proofs: proofsAfter(current, command.proofs),
      hmac_key: current.terms.kind === 'run_task' ? command.hmacKey : null,
      previous_valid_until: command.previousValidUntil,
      rotated_by: command.author,
      rotated_at: command.now,
      idempotency: command.idempotency,
    },
  });

/**
 * Decides a command about an integration. Retiring what is not there changes nothing, revoking what is revoked
 * neither; for all else a revoked integration is gone.
 *
 * @returns one entry, none when nothing changes, or `not_found`, `quota_exceeded`.
 * @source contract sections 2.1, 4 and 16
 */
export const decideIntegrations = (command: IntegrationsCommand, known: Integrations): IntegrationResult => {
  if (command.kind === 'create_integration') return create(command, known);
  const current = known.get(command.integrationId);
  if (current === undefined) return refused({ code: 'not_found' });
  if (current.revokedAt !== null)
    return command.kind === 'revoke_integration' ? accepted() : refused({ code: 'not_found' });
  const { integrationId, author, now, idempotency } = command;
  switch (command.kind) {
    case 'rotate_integration_secret':
      return rotate(command, current);
    case 'retire_integration_secret': {
      // Under a key it is written although it changes nothing: no If-Match stops a repeat, which would retire what a
      // rotation has left valid meanwhile.
      if (current.secrets.length < 2 && idempotency.key === null) return accepted();
      const payload = { integration_id: integrationId, retired_by: author, retired_at: now, idempotency };
      return accepted({ type: 'integration_secret_retired', payload });
    }
    case 'revoke_integration': {
      const payload = { integration_id: integrationId, revoked_by: author, revoked_at: now, idempotency };
      return accepted({ type: 'integration_revoked', payload });
    }
  }
};
