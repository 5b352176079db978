import {
  base32Spelling,
  bearerSecretOf,
  bearerSecretSha256,
  type ClusterTerms,
  type GateState,
  type Instant,
  type Integration,
  INTEGRATION_OPERATIONS,
  type IntegrationProof,
  type IntegrationsCommand,
  type IntegrationTerms,
  jcsText,
  type Json,
  type PersonalText,
  pathSecretSha256,
  type ProofWay,
  type RunTaskTerms,
  sha256Hex,
  type Sha256Hex,
} from '@verdict/domain';
import { asCanonical } from '../journals/entries.codec.js';
import type { ReadBarrier } from '../ports/platform.js';
import type { PageRequest } from '../ports/read-models.js';
import { revisionPlace } from '../shared/page.js';
import { done, problemOf, projectForbidden, type UseCaseResult } from '../shared/refusal.js';
import { keyedBy, type RequestMeta } from '../shared/request.js';
import { integrationSubject } from '../run-tasks/run-task.js';
import { type SentMembers, sentToCreateIntegration, sentToRotate } from './differing-in-policy.js';
import { mayActOnTerms } from './projects-of-terms.js';
import { type PolicyAdminDeps, type PolicyList, PolicyWriter, type ShownPage, type Written } from './policy-writer.js';

export interface IntegrationsAdminDeps extends PolicyAdminDeps {
  readonly barrier: ReadBarrier;
}

/** Shown once, in the answer of the call that made them. */
export interface ShownSecrets {
  readonly bearer?: string;
  readonly path_base64url?: string;
  readonly path_base32?: string;
  readonly hmac_key?: string;
}

/** An integration, and the time at which its secrets are looked at. */
export interface ShownIntegration {
  readonly integration: Integration;
  readonly now: Instant;
}
export interface WrittenIntegration extends Written, ShownIntegration {
  /** null: none were made by this call. */
  readonly secrets: ShownSecrets | null;
}

export interface CreateIntegrationInput {
  readonly name: string;
  readonly terms: ClusterTerms | RunTaskTerms;
  readonly ways: readonly ProofWay[];
  readonly clientKeySha256: Sha256Hex | null;
}
export interface RotateIntegrationInput {
  readonly integrationId: string;
  readonly previousValidUntil: Instant | null;
  readonly clientKeySha256: Sha256Hex | null;
}

const INTEGRATIONS: PolicyList<Integration, ShownIntegration> = {
  name: 'integrations',
  itemsOf: ({ policy }) => policy.integrations.values(),
  placeOf: ({ revision }) => revisionPlace(revision),
  show: (_state, integration, now) => ({ integration, now }),
};

const SECRET_BYTES = 32;
/** The webhook should know a secret by the time its owner reads it. */
const KNOWN_WAIT_MS = 2_000;

interface MadeSecrets {
  readonly shown: ShownSecrets;
  readonly proofs: readonly IntegrationProof[];
  readonly hmacKey: PersonalText | null;
}

const provedBy = (way: ProofWay, sha256: Sha256Hex | undefined): IntegrationProof => {
  if (sha256 === undefined) throw new Error('a secret that was just made has the wrong form');
  return { way, sha256 };
};

/** Clusters, Terraform installations and their secrets: commands of administrators, and what stands. */
export class IntegrationsAdmin {
  private readonly writer: PolicyWriter;

  constructor(private readonly deps: IntegrationsAdminDeps) {
    this.writer = new PolicyWriter(deps);
  }

  async create(input: CreateIntegrationInput, meta: RequestMeta): Promise<UseCaseResult<WrittenIntegration>> {
    const { name, terms, ways, clientKeySha256 } = input;
    if (!mayActOnTerms(meta.caller, terms)) return projectForbidden();
    const integrationId = this.writer.uuid();
    const { shown, ...secrets } = this.makeSecrets(integrationId, terms, ways, clientKeySha256);
    const terms_sha256 = sha256Hex(jcsText(asCanonical(terms)));
    const asked = { operation: 'create', name, terms_sha256, ways, client_key_sha256: clientKeySha256 };
    const command = { kind: 'create_integration', integrationId, name, terms, ...secrets } as const;
    const sent = sentToCreateIntegration({ name, terms }, ways, clientKeySha256);
    return this.write({ ...command, ...this.by(meta, asked) }, meta, { secrets: shown, sent });
  }

  async rotate(input: RotateIntegrationInput, meta: RequestMeta): Promise<UseCaseResult<WrittenIntegration>> {
    const { integrationId, previousValidUntil, clientKeySha256 } = input;
    const current = await this.writer.find(meta.caller.tenantId, ({ policy }) =>
      policy.integrations.get(integrationId),
    );
    if (current.kind === 'problem') return current;
    const { terms, secrets: known } = current.value;
    if (!mayActOnTerms(meta.caller, terms)) return projectForbidden();
    const ways = (known[0]?.proofs ?? []).map(({ way }) => way);
    if (clientKeySha256 !== null && !ways.includes('mtls')) return CLIENT_KEY_UNUSED;
    const { shown, ...secrets } = this.makeSecrets(integrationId, terms, ways, clientKeySha256);
    const sent = {
      integration_id: integrationId,
      previous_valid_until: previousValidUntil,
      client_key_sha256: clientKeySha256,
    };
    const command = { kind: 'rotate_integration_secret', integrationId, previousValidUntil, ...secrets } as const;
    const by = this.by(meta, sentToRotate(sent));
    return this.write({ ...command, ...by }, meta, { secrets: shown, sent });
  }

  /** Ends the older of two secrets. */
  async retire(integrationId: string, meta: RequestMeta): Promise<UseCaseResult<WrittenIntegration>> {
    if (!(await this.mayEnd(integrationId, meta))) return projectForbidden();
    const by = this.by(meta, { operation: 'retire', integration_id: integrationId });
    const sent = { integration_id: integrationId, retire_previous: true };
    return this.write({ kind: 'retire_integration_secret', integrationId, ...by }, meta, { secrets: null, sent });
  }

  async revoke(integrationId: string, meta: RequestMeta): Promise<UseCaseResult<WrittenIntegration>> {
    if (!(await this.mayEnd(integrationId, meta))) return projectForbidden();
    const sent = { integration_id: integrationId };
    const by = this.by(meta, { operation: 'revoke', ...sent });
    return this.write({ kind: 'revoke_integration', integrationId, ...by }, meta, { secrets: null, sent });
  }

  /** Newest first. */
  list(tenantId: string, page: PageRequest): Promise<UseCaseResult<ShownPage<ShownIntegration>>> {
    return this.writer.page(INTEGRATIONS, { tenantId, projects: null }, page);
  }

  /** As `mayActOnTerms`; what is not there, or cannot be read, the writer tells. */
  private async mayEnd(integrationId: string, { caller }: RequestMeta): Promise<boolean> {
    if (caller.projects === null) return true;
    const found = await this.writer.find(caller.tenantId, ({ policy }) => policy.integrations.get(integrationId));
    return found.kind === 'problem' || mayActOnTerms(caller, found.value.terms);
  }

  private by(meta: RequestMeta, asked: Json) {
    return { author: meta.caller.subject, now: this.writer.now(), idempotency: keyedBy(meta, asked) };
  }

  private makeSecrets(
    integrationId: string,
    { kind }: IntegrationTerms,
    ways: readonly ProofWay[],
    clientKeySha256: Sha256Hex | null,
  ): MadeSecrets {
    const random = () => this.deps.ids.randomText(SECRET_BYTES);
    if (kind === 'run_task') {
      const key = random();
      const hmacKey = { $seal: { subject: integrationSubject(integrationId), text: key } };
      return { shown: { hmac_key: key }, proofs: [], hmacKey };
    }
    const bearer = bearerSecretOf(random());
    const path = random();
    const proofs = ways.flatMap((way): readonly IntegrationProof[] => {
      if (way === 'mtls') return clientKeySha256 === null ? [] : [{ way, sha256: clientKeySha256 }];
      return [provedBy(way, way === 'bearer' ? bearerSecretSha256(bearer) : pathSecretSha256(path))];
    });
    return {
      shown: {
        ...(ways.includes('bearer') ? { bearer } : {}),
        ...(ways.includes('path') ? { path_base64url: path, path_base32: base32Spelling(path) } : {}),
      },
      proofs,
      hmacKey: null,
    };
  }

  private async write(
    command: IntegrationsCommand,
    meta: RequestMeta,
    { secrets, sent }: { readonly secrets: ShownSecrets | null; readonly sent: SentMembers },
  ): Promise<UseCaseResult<WrittenIntegration>> {
    const written = await this.writer.write(command, meta, { operation: INTEGRATION_OPERATIONS[command.kind], sent });
    if (written.kind === 'problem') return written;
    const { state, entry, isReplayed, revision } = written.value;
    const isFresh = entry !== null && !isReplayed;
    if (isFresh) await this.becomesKnown(meta.caller.tenantId, BigInt(entry.revision));
    const integration = integrationOf(state, command, isReplayed ? revision : null);
    if (integration === undefined) return problemOf('not_found');
    return done({ integration, now: this.writer.now(), entry, isReplayed, secrets: isFresh ? secrets : null });
  }

  /** Waits until webhooks find the integration, or not longer than its owner would. */
  private becomesKnown(tenantId: string, revision: bigint): Promise<boolean> {
    return this.deps.barrier.waitFor(tenantId, 'policy', revision, KNOWN_WAIT_MS).catch(() => false);
  }
}

/** What the command is about. A repeated creation has made another id than this one; `made` is the revision of its entry. */
const integrationOf = (
  { policy: { integrations } }: GateState,
  command: IntegrationsCommand,
  made: bigint | null,
): Integration | undefined =>
  command.kind === 'create_integration' && made !== null
    ? [...integrations.values()].find(({ revision }) => revision === made)
    : integrations.get(command.integrationId);

const CLIENT_KEY_UNUSED: UseCaseResult<never> = problemOf('validation_failed', {
  errors: [
    {
      pointer: '/client_key_sha256',
      code: 'validation_failed',
      detail: 'this integration does not use client certificates',
    },
  ],
});
