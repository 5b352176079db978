import { Controller, Inject } from '@nestjs/common';
import type { MoneyAdmin, ShownException, ShownOverage, ShownWaiver, Written } from '@verdict/application';
import { AnyExceptionIdParams, GrantWaiverBody, RevokeBody, ROUTES, WaiverIdParams } from '@verdict/contracts';
import { formatUsd4, type Overrun, waiverVersion } from '@verdict/domain';
import { type Call, Endpoint, TheCall, unwrap } from '@verdict/nest-kit';
import { pageAnswer, pageRequest } from './page-answer.js';
import { MONEY_ADMIN } from './tokens.js';

const statusOf = ({ waiver, uses, isExpired }: ShownWaiver): string => {
  if (waiver.isRevoked) return 'revoked';
  if (isExpired) return 'expired';
  return waiver.terms.max_uses !== null && uses >= waiver.terms.max_uses ? 'used_up' : 'active';
};

const waiverAnswer = (shown: ShownWaiver) => {
  const { waiver, uses } = shown;
  return {
    ...waiver.terms,
    version: waiverVersion(waiver),
    kind: 'waiver',
    status: statusOf(shown),
    uses,
    granted_by: waiver.grantedBy,
    granted_at: waiver.grantedAt,
  };
};

const overageAnswer = ({ overage, held, spent }: ShownOverage) => ({
  exception_id: overage.exceptionId,
  kind: 'overage',
  decision_id: overage.decisionId,
  approval_id: overage.approvalId,
  limit_usd: formatUsd4(overage.limit),
  held_usd: formatUsd4(held),
  spent_usd: formatUsd4(spent),
  granted_at: overage.grantedAt,
});

const overrunAnswer = (overrun: Overrun) => ({
  exception_id: overrun.exceptionId,
  kind: 'overrun',
  decision_id: overrun.decisionId,
  status: overrun.resolution === null ? 'open' : 'resolved',
  expected_usd: formatUsd4(overrun.expected),
  actual_usd: formatUsd4(overrun.actual),
  amount_usd: formatUsd4(overrun.amount),
  owner: overrun.owner,
  resolution: overrun.resolution,
  opened_at: overrun.openedAt,
  due_at: overrun.dueAt,
});

const exceptionAnswer = (exception: ShownException) => {
  switch (exception.kind) {
    case 'waiver':
      return waiverAnswer(exception.shown);
    case 'overage':
      return overageAnswer(exception.shown);
    case 'overrun':
      return overrunAnswer(exception.shown);
  }
};

@Controller()
export class WaiversController {
  constructor(@Inject(MONEY_ADMIN) private readonly admin: MoneyAdmin) {}

  @Endpoint(ROUTES.listWaivers)
  async list(@TheCall() call: Call) {
    return pageAnswer(unwrap(await this.admin.exceptions(call.caller, pageRequest(call))), exceptionAnswer);
  }

  @Endpoint(ROUTES.getWaiver)
  async one(@TheCall() call: Call) {
    const { exception_id: exceptionId } = call.params(AnyExceptionIdParams);
    const exception = unwrap(await this.admin.findException(call.caller, exceptionId));
    if (exception.kind === 'waiver') call.answer.etag(waiverVersion(exception.shown.waiver));
    return exceptionAnswer(exception);
  }

  @Endpoint(ROUTES.grantWaiver)
  async grant(@TheCall() call: Call) {
    const body = call.body(GrantWaiverBody);
    const { scope } = body;
    const input = {
      scope: {
        project: scope.project ?? null,
        environment_class: scope.environment_class ?? null,
        source: scope.source ?? null,
        resource_prefix: scope.resource_prefix ?? null,
      },
      waives: [...new Set(body.waives)],
      maxMonthly: body.max_monthly_delta_usd ?? null,
      maxUses: body.max_uses ?? null,
      owner: body.owner,
      reason: body.reason,
      ticket: body.ticket,
      expiresAt: body.expires_at,
    };
    const granted = unwrap(await this.admin.grantWaiver(input, call.meta(body.idempotency_key)));
    return { ...this.written(granted, call), warnings: granted.warnings };
  }

  @Endpoint(ROUTES.revokeWaiver)
  async revoke(@TheCall() call: Call) {
    const { exception_id: exceptionId } = call.params(WaiverIdParams);
    const body = call.body(RevokeBody);
    const input = { exceptionId, expectedVersion: call.expectedVersion };
    return this.written(unwrap(await this.admin.revokeWaiver(input, call.meta(body.idempotency_key))), call);
  }

  private written(written: ShownWaiver & Written, { answer }: Call) {
    answer.etag(waiverVersion(written.waiver));
    if (written.entry !== null) answer.entry('policy', BigInt(written.entry.revision));
    return { ...waiverAnswer(written), entry: written.entry, replayed: written.isReplayed };
  }
}
