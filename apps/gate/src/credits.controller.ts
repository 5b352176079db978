import { Controller, Inject } from '@nestjs/common';
import type { MoneyAdmin, ShownCredit, Written } from '@verdict/application';
import { CreditIdParams, GrantCreditBody, RevokeBody, ROUTES } from '@verdict/contracts';
import { floorTo4, formatUsd4 } from '@verdict/domain';
import { type Call, Endpoint, TheCall, unwrap } from '@verdict/nest-kit';
import { pageAnswer, pageRequest } from './page-answer.js';
import { MONEY_ADMIN } from './tokens.js';

const statusOf = ({ credit, isExpired }: ShownCredit): string => {
  if (credit.isRevoked) return 'revoked';
  return isExpired ? 'expired' : 'active';
};

const creditAnswer = (shown: ShownCredit) => {
  const { credit, consumed, held, available } = shown;
  const { terms } = credit;
  return {
    credit_id: terms.credit_id,
    pool: terms.pool,
    scope: terms.scope,
    status: statusOf(shown),
    total_amount_usd: terms.total_amount_usd,
    consumed_usd: formatUsd4(floorTo4(consumed)),
    held_usd: formatUsd4(floorTo4(held)),
    available_usd: formatUsd4(floorTo4(available)),
    priority: terms.priority,
    expires_at: terms.expires_at,
    reason: terms.reason,
    owner: terms.owner,
    granted_by: credit.grantedBy,
    granted_at: credit.grantedAt,
  };
};

@Controller()
export class CreditsController {
  constructor(@Inject(MONEY_ADMIN) private readonly admin: MoneyAdmin) {}

  @Endpoint(ROUTES.listCredits)
  async list(@TheCall() call: Call) {
    return pageAnswer(unwrap(await this.admin.credits(call.caller, pageRequest(call))), creditAnswer);
  }

  @Endpoint(ROUTES.grantCredit)
  async grant(@TheCall() call: Call) {
    const body = call.body(GrantCreditBody);
    const input = {
      pool: body.pool,
      scope: body.scope,
      total: body.total_amount_usd,
      priority: body.priority,
      expiresAt: body.expires_at ?? null,
      reason: body.reason,
      owner: body.owner ?? null,
    };
    return this.written(unwrap(await this.admin.grantCredit(input, call.meta(body.idempotency_key))), call);
  }

  @Endpoint(ROUTES.revokeCredit)
  async revoke(@TheCall() call: Call) {
    const { credit_id: creditId } = call.params(CreditIdParams);
    const body = call.body(RevokeBody);
    return this.written(unwrap(await this.admin.revokeCredit(creditId, call.meta(body.idempotency_key))), call);
  }

  private written(written: ShownCredit & Written, { answer }: Call) {
    if (written.entry !== null) answer.entry('policy', BigInt(written.entry.revision));
    return { ...creditAnswer(written), entry: written.entry, replayed: written.isReplayed };
  }
}
