import { Controller, Inject } from '@nestjs/common';
import type { IntegrationsAdmin, ShownIntegration, UseCaseResult, WrittenIntegration } from '@verdict/application';
import {
  CreateIntegrationBody,
  IntegrationIdParams,
  RevokeIntegrationBody,
  RotateIntegrationBody,
  ROUTES,
} from '@verdict/contracts';
import {
  DEFAULT_ANNOTATION_PREFIXES,
  DEFAULT_TRUSTED_CONTROLLERS,
  type IntegrationTerms,
  secretsInForce,
  sha256Of,
} from '@verdict/domain';
import { type Call, Endpoint, TheCall, unwrap } from '@verdict/nest-kit';
import type { z } from 'zod';
import { pageAnswer, pageRequest } from './page-answer.js';
import { INTEGRATIONS_ADMIN } from './tokens.js';

const HMAC_WAYS = ['hmac'];

const integrationAnswer = ({ integration, now }: ShownIntegration) => ({
  integration_id: integration.integrationId,
  kind: integration.terms.kind,
  name: integration.name,
  status: integration.revokedAt === null ? 'active' : 'revoked',
  terms: integration.terms,
  secrets_in_force: secretsInForce(integration, now).map(({ proofs, issuedAt, validUntil }) => ({
    ways: integration.terms.kind === 'run_task' ? HMAC_WAYS : proofs.map(({ way }) => way),
    issued_at: issuedAt,
    valid_until: validUntil,
  })),
  created_by: integration.createdBy,
  created_at: integration.createdAt,
  revoked_at: integration.revokedAt,
});

const termsOf = (body: z.output<typeof CreateIntegrationBody>): IntegrationTerms =>
  body.kind === 'k8s'
    ? {
        kind: body.kind,
        cluster_id: body.cluster_id,
        project_rules: body.project_rules,
        annotation_prefixes: body.annotation_prefixes ?? DEFAULT_ANNOTATION_PREFIXES,
        trusted_controllers: body.trusted_controllers ?? DEFAULT_TRUSTED_CONTROLLERS,
      }
    : {
        kind: body.kind,
        address: body.address,
        project_rules: body.project_rules,
        allow_private_address: body.allow_private_address,
      };

@Controller()
export class IntegrationsController {
  constructor(@Inject(INTEGRATIONS_ADMIN) private readonly admin: IntegrationsAdmin) {}

  @Endpoint(ROUTES.listIntegrations)
  async list(@TheCall() call: Call) {
    return pageAnswer(unwrap(await this.admin.list(call.tenantId, pageRequest(call))), integrationAnswer);
  }

  @Endpoint(ROUTES.createIntegration)
  async create(@TheCall() call: Call) {
    const body = call.body(CreateIntegrationBody);
    const input = {
      name: body.name,
      terms: termsOf(body),
      ways: body.kind === 'k8s' ? [...new Set(body.ways)] : [],
      clientKeySha256:
        body.kind === 'k8s' && body.client_key_sha256 !== undefined ? sha256Of(body.client_key_sha256) : null,
    };
    return this.written(await this.admin.create(input, call.meta(body.idempotency_key)), call);
  }

  @Endpoint(ROUTES.rotateIntegration)
  async rotate(@TheCall() call: Call) {
    const { integration_id: integrationId } = call.params(IntegrationIdParams);
    const body = call.body(RotateIntegrationBody);
    const meta = call.meta(body.idempotency_key);
    if (body.retire_previous === true) return this.written(await this.admin.retire(integrationId, meta), call);
    const input = {
      integrationId,
      previousValidUntil: body.previous_valid_until ?? null,
      clientKeySha256: body.client_key_sha256 === undefined ? null : sha256Of(body.client_key_sha256),
    };
    return this.written(await this.admin.rotate(input, meta), call);
  }

  @Endpoint(ROUTES.revokeIntegration)
  async revoke(@TheCall() call: Call) {
    const { integration_id: integrationId } = call.params(IntegrationIdParams);
    const body = call.body(RevokeIntegrationBody);
    return this.written(await this.admin.revoke(integrationId, call.meta(body.idempotency_key)), call);
  }

  private written(result: UseCaseResult<WrittenIntegration>, { answer }: Call) {
    const written = unwrap(result);
    const { entry, isReplayed, secrets } = written;
    if (entry !== null) answer.entry('policy', BigInt(entry.revision));
    return { ...integrationAnswer(written), entry, replayed: isReplayed, secrets };
  }
}
