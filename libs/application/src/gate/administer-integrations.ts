import {
  base32Spelling,
  bearerSecretOf,
  bearerSecretSha256,
  type ClusterTerms,
  earlierAdminAnswer,
  type GateState,
  type Instant,
  instantOf,
  type Integration,
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
import { journalName, originOf } from '../journals/kinds.js';
import type { ReadBarrier } from '../ports/platform.js';
import { done, notCommitted, problemOf, type UseCaseResult } from '../shared/refusal.js';
import { contextOf, keyedBy, type RequestMeta } from '../shared/request.js';
import { integrationSubject } from '../run-tasks/run-task.js';
import { type PolicyAdminDeps, refusalProblem } from './policy-writer.js';
import { type EntryReference, entryReferenceOf } from './verdict-answer.js';

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

export interface WrittenIntegration {
  readonly integration: Integration;
  readonly now: Instant;
  /** null: nothing was written, because it stands there already. */
  readonly entry: EntryReference | null;
  readonly isReplayed: boolean;
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
  constructor(private readonly deps: IntegrationsAdminDeps) {}

  async create(input: CreateIntegrationInput, meta: RequestMeta): Promise<UseCaseResult<WrittenIntegration>> {
    const { name, terms, ways, clientKeySha256 } = input;
    const integrationId = this.deps.ids.uuid();
    const { shown, ...secrets } = this.makeSecrets(integrationId, terms, ways, clientKeySha256);
    const terms_sha256 = sha256Hex(jcsText(asCanonical(terms)));
    const asked = { operation: 'create', name, terms_sha256, ways, client_key_sha256: clientKeySha256 };
    const command = { kind: 'create_integration', integrationId, name, terms, ...secrets } as const;
    return this.write({ ...command, ...this.by(meta, asked) }, meta, shown);
  }

  async rotate(input: RotateIntegrationInput, meta: RequestMeta): Promise<UseCaseResult<WrittenIntegration>> {
    const { integrationId, previousValidUntil, clientKeySha256 } = input;
    const current = await this.find(meta.caller.tenantId, integrationId);
    if (current.kind === 'problem') return current;
    const { terms, secrets: known } = current.value;
    const ways = (known[0]?.proofs ?? []).map(({ way }) => way);
    if (clientKeySha256 !== null && !ways.includes('mtls')) return CLIENT_KEY_UNUSED;
    const { shown, ...secrets } = this.makeSecrets(integrationId, terms, ways, clientKeySha256);
    const asked = {
      operation: 'rotate',
      integration_id: integrationId,
      previous_valid_until: previousValidUntil,
      client_key_sha256: clientKeySha256,
    };
    const command = { kind: 'rotate_integration_secret', integrationId, previousValidUntil, ...secrets } as const;
    return this.write({ ...command, ...this.by(meta, asked) }, meta, shown);
  }

  /** Ends the older of two secrets. */
  retire(integrationId: string, meta: RequestMeta): Promise<UseCaseResult<WrittenIntegration>> {
    const asked = { operation: 'retire', integration_id: integrationId };
    return this.write({ kind: 'retire_integration_secret', integrationId, ...this.by(meta, asked) }, meta, null);
  }

  revoke(integrationId: string, meta: RequestMeta): Promise<UseCaseResult<WrittenIntegration>> {
    const asked = { operation: 'revoke', integration_id: integrationId };
    return this.write({ kind: 'revoke_integration', integrationId, ...this.by(meta, asked) }, meta, null);
  }

  /** Newest first. */
  async list(
    tenantId: string,
  ): Promise<UseCaseResult<{ readonly items: readonly Integration[]; readonly now: Instant }>> {
    const state = await this.state(tenantId);
    if (state === undefined) return UNREADABLE;
    const items = [...state.policy.integrations.values()].sort((a, b) => (a.revision < b.revision ? 1 : -1));
    return done({ items, now: this.now() });
  }

  private now(): Instant {
    return instantOf(this.deps.clock.nowMs());
  }

  private by(meta: RequestMeta, asked: Json) {
    return { author: meta.caller.subject, now: this.now(), idempotency: keyedBy(meta, asked) };
  }

  private async state(tenantId: string): Promise<GateState | undefined> {
    return this.deps.gate.caughtUp(tenantId).then(
      ({ state }) => state,
      () => undefined,
    );
  }

  private async find(tenantId: string, integrationId: string): Promise<UseCaseResult<Integration>> {
    const state = await this.state(tenantId);
    if (state === undefined) return UNREADABLE;
    const found = state.policy.integrations.get(integrationId);
    return found === undefined ? problemOf('not_found') : done(found);
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
    secrets: ShownSecrets | null,
  ): Promise<UseCaseResult<WrittenIntegration>> {
    const { tenantId } = meta.caller;
    const outcome = await this.deps.gate.execute(tenantId, command, contextOf(meta, this.deps.ids.uuid()));
    if (outcome.kind !== 'committed') return notCommitted(outcome);
    if (outcome.answer.kind === 'refused') return refusalProblem(outcome.answer.refusal);
    const { state } = await this.deps.gate.current(tenantId);
    const fresh = outcome.entries[0];
    if (fresh !== undefined) {
      await this.deps.barrier.waitFor(tenantId, 'policy', fresh.entry.revision, KNOWN_WAIT_MS).catch(() => false);
      return this.written(state, command.integrationId, {
        entry: entryReferenceOf(fresh.origin, fresh.entry),
        isReplayed: false,
        secrets,
      });
    }
    return this.repeated(state, command, tenantId);
  }

  /** Nothing was written: a key came again, or there was nothing to change. The secrets were shown, or never made. */
  private async repeated(
    state: GateState,
    command: IntegrationsCommand,
    tenantId: string,
  ): Promise<UseCaseResult<WrittenIntegration>> {
    const earlier = earlierAdminAnswer(state.policy, 'integration', command.idempotency);
    const none = { entry: null, isReplayed: false, secrets: null };
    if (earlier?.kind !== 'replay') return this.written(state, command.integrationId, none);
    for await (const entry of this.deps.log.read(journalName('policy', tenantId), earlier.revision, 1)) {
      const { payload } = entry;
      const id: unknown =
        typeof payload === 'object' && payload !== null ? Reflect.get(payload, 'integration_id') : undefined;
      const reference = entryReferenceOf(originOf(this.deps.logHost, tenantId, 'policy'), entry);
      return this.written(state, String(id), { entry: reference, isReplayed: true, secrets: null });
    }
    return UNREADABLE;
  }

  private written(
    state: GateState,
    integrationId: string,
    more: Pick<WrittenIntegration, 'entry' | 'isReplayed' | 'secrets'>,
  ): UseCaseResult<WrittenIntegration> {
    const integration = state.policy.integrations.get(integrationId);
    return integration === undefined ? problemOf('not_found') : done({ integration, now: this.now(), ...more });
  }
}

const UNREADABLE: UseCaseResult<never> & { readonly kind: 'problem' } = {
  kind: 'problem',
  problem: { code: 'log_unavailable', detail: 'the log cannot be read' },
};
const CLIENT_KEY_UNUSED: UseCaseResult<never> = problemOf('validation_failed', {
  errors: [
    {
      pointer: '/client_key_sha256',
      code: 'validation_failed',
      detail: 'this integration does not use client certificates',
    },
  ],
});
