import { Controller, Inject } from '@nestjs/common';
import type { ConsumeApproval, KeyStore, Platform } from '@verdict/application';
import { ConsumeBody, ROUTES } from '@verdict/contracts';
import { type Call, Endpoint, ProblemException, TheCall, unwrap } from '@verdict/nest-kit';
import type { z } from 'zod';
import { jwkOf } from './jose-approval-tokens.js';
import { CONSUME_APPROVAL, PLATFORM } from './tokens.js';

@Controller()
export class ConsumeController {
  private readonly keys: KeyStore;

  constructor(
    @Inject(CONSUME_APPROVAL) private readonly approvals: ConsumeApproval,
    @Inject(PLATFORM) platform: Platform,
  ) {
    this.keys = platform.keys;
  }

  @Endpoint(ROUTES.consume)
  async consume(@TheCall() call: Call) {
    const body = await this.read(call);
    const input = {
      token: body.approval_token,
      source: body.expected_source,
      projectId: body.expected_project_id,
      environment: body.expected_environment,
      requestFingerprint: body.expected_request_fingerprint,
      resourceReference: body.expected_resource_reference,
      monthly: body.estimated_monthly_delta_usd ?? null,
      hourly: body.estimated_hourly_delta_usd ?? null,
    };
    const consumed = unwrap(await this.approvals.consume(input, call.meta(body.idempotency_key)));
    const { approval, consumed: payload, entry } = consumed;
    const { binding, terms } = approval.requested;
    call.answer.entry('approvals', BigInt(entry.revision));
    return {
      status: 'consumed' as const,
      approval_id: approval.approvalId,
      decision_id: approval.decisionId,
      source: binding.source,
      environment: binding.environment_label,
      project_id: binding.project_id,
      action: binding.action,
      resource_reference: binding.resource_reference,
      request_fingerprint: binding.request_fingerprint,
      max_monthly_delta_usd: terms.cap_monthly_delta_usd,
      max_hourly_delta_usd: terms.cap_hourly_delta_usd,
      token_expires_at: payload.expires_at,
      consumed_at: payload.consumed_at,
      consumed_by: payload.consumed_by,
      replayed: consumed.isReplayed,
      entry,
    };
  }

  /** A request that lacks a member is refused in the ledger too (row 1); one that is no JSON at all is nobody's attempt. */
  private async read(call: Call): Promise<z.output<typeof ConsumeBody>> {
    try {
      return call.body(ConsumeBody);
    } catch (error) {
      if (error instanceof ProblemException && error.problem.status === 422)
        await this.approvals.refuseShape({ ...call.meta(), key: null });
      throw error;
    }
  }

  @Endpoint(ROUTES.jwks)
  async jwks(@TheCall() call: Call) {
    call.answer.header('cache-control', 'public, max-age=300');
    const keys = await this.keys.publicKeys('token');
    return { keys: keys.map(jwkOf) };
  }
}
