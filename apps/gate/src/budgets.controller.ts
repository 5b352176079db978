import { Controller, Inject } from '@nestjs/common';
import type { BudgetsAdmin, ShownBudget, Written } from '@verdict/application';
import { BudgetIdParams, CloseBudgetBody, CreateBudgetBody, ROUTES, UpdateBudgetBody } from '@verdict/contracts';
import { ALERT_PERCENTS, floorTo4, formatUsd4, MONTHS_CHARGED } from '@verdict/domain';
import { type Call, Endpoint, TheCall, unwrap } from '@verdict/nest-kit';
import { pageAnswer, pageRequest } from './page-answer.js';
import { BUDGETS_ADMIN } from './tokens.js';

const budgetAnswer = ({ budget, spent, held, headroom, effectiveLimit }: ShownBudget) => ({
  budget_id: budget.terms.budget_id,
  version: budget.terms.version,
  scope: budget.terms.scope,
  period: budget.terms.period,
  limit_usd: budget.terms.limit_usd,
  effective_limit_usd: formatUsd4(floorTo4(effectiveLimit)),
  months_charged: budget.terms.months_charged,
  owner: budget.terms.owner,
  active: budget.terms.active,
  basis: budget.terms.basis,
  credit_savings: budget.terms.credit_savings,
  alert_percents: budget.terms.alert_percents,
  spent_usd: formatUsd4(floorTo4(spent)),
  held_usd: formatUsd4(floorTo4(held)),
  headroom_usd: formatUsd4(floorTo4(headroom)),
  set_by: budget.setBy,
  set_at: budget.setAt,
});

const edited = (call: Call) => ({
  budgetId: call.params(BudgetIdParams).budget_id,
  expectedVersion: call.expectedVersion,
});

@Controller()
export class BudgetsController {
  constructor(@Inject(BUDGETS_ADMIN) private readonly admin: BudgetsAdmin) {}

  @Endpoint(ROUTES.listBudgets)
  async list(@TheCall() call: Call) {
    return pageAnswer(unwrap(await this.admin.list(call.caller, pageRequest(call))), budgetAnswer);
  }

  @Endpoint(ROUTES.getBudget)
  async one(@TheCall() call: Call) {
    const shown = unwrap(await this.admin.find(call.caller, call.params(BudgetIdParams).budget_id));
    call.answer.etag(shown.budget.terms.version);
    return budgetAnswer(shown);
  }

  @Endpoint(ROUTES.createBudget)
  async create(@TheCall() call: Call) {
    const body = call.body(CreateBudgetBody);
    const written = await this.admin.create(
      {
        scope: body.scope,
        period: body.period,
        basis: body.basis,
        limit: body.limit_usd,
        monthsCharged: body.months_charged ?? MONTHS_CHARGED[body.period],
        owner: body.owner ?? null,
        isActive: body.active ?? true,
        creditSavings: body.credit_savings ?? false,
        alertPercents: body.alert_percents ?? ALERT_PERCENTS,
      },
      call.meta(body.idempotency_key),
    );
    return this.written(unwrap(written), call);
  }

  @Endpoint(ROUTES.updateBudget)
  async update(@TheCall() call: Call) {
    const body = call.body(UpdateBudgetBody);
    const change = {
      limit: body.limit_usd,
      whenCommitted: body.when_committed,
      more: {
        monthsCharged: body.months_charged,
        owner: body.owner,
        isActive: body.active,
        creditSavings: body.credit_savings,
        alertPercents: body.alert_percents,
      },
    };
    return this.written(unwrap(await this.admin.update(edited(call), change, call.meta(body.idempotency_key))), call);
  }

  @Endpoint(ROUTES.closeBudget)
  async close(@TheCall() call: Call) {
    const body = call.body(CloseBudgetBody);
    return this.written(unwrap(await this.admin.close(edited(call), call.meta(body.idempotency_key))), call);
  }

  private written(written: ShownBudget & Written, { answer }: Call) {
    answer.etag(written.budget.terms.version);
    if (written.entry !== null) answer.entry('policy', BigInt(written.entry.revision));
    return { ...budgetAnswer(written), entry: written.entry, replayed: written.isReplayed };
  }
}
