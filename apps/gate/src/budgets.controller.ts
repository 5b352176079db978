import { Controller, Inject } from '@nestjs/common';
import type { EntryReference, PolicyAdmin, ShownBudget } from '@verdict/application';
import { BudgetIdParams, CloseBudgetBody, CreateBudgetBody, ROUTES, UpdateBudgetBody } from '@verdict/contracts';
import { ALERT_PERCENTS, type BudgetPeriod, floorTo4, formatUsd4 } from '@verdict/domain';
import { type Call, Endpoint, TheCall, unwrap } from '@verdict/nest-kit';
import { pageAnswer, pageRequest } from './page-answer.js';
import { POLICY_ADMIN } from './tokens.js';

const MONTHS: Readonly<Record<BudgetPeriod, number>> = { month: 1, quarter: 3, year: 12, total: 1 };

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

@Controller()
export class BudgetsController {
  constructor(@Inject(POLICY_ADMIN) private readonly admin: PolicyAdmin) {}

  @Endpoint(ROUTES.listBudgets)
  async list(@TheCall() call: Call) {
    return pageAnswer(unwrap(await this.admin.listBudgets(call.tenantId, pageRequest(call))), budgetAnswer);
  }

  @Endpoint(ROUTES.getBudget)
  async one(@TheCall() call: Call) {
    const shown = unwrap(await this.admin.findBudget(call.tenantId, call.params(BudgetIdParams).budget_id));
    call.answer.etag(shown.budget.terms.version);
    return budgetAnswer(shown);
  }

  @Endpoint(ROUTES.createBudget)
  async create(@TheCall() call: Call) {
    const body = call.body(CreateBudgetBody);
    const written = await this.admin.setBudget(
      {
        budgetId: null,
        change: { kind: 'create' },
        scope: body.scope,
        period: body.period,
        limit: body.limit_usd,
        monthsCharged: body.months_charged ?? MONTHS[body.period],
        owner: body.owner ?? null,
        isActive: body.active ?? true,
        basis: body.basis,
        creditSavings: body.credit_savings ?? false,
        alertPercents: body.alert_percents ?? ALERT_PERCENTS,
        whenCommitted: 'refuse',
      },
      call.meta(body.idempotency_key),
    );
    return this.written(unwrap(written), call);
  }

  @Endpoint(ROUTES.updateBudget)
  async update(@TheCall() call: Call) {
    const body = call.body(UpdateBudgetBody);
    const { budget_id: budgetId } = call.params(BudgetIdParams);
    const { terms } = unwrap(await this.admin.findBudget(call.tenantId, budgetId)).budget;
    const written = await this.admin.setBudget(
      {
        budgetId,
        change: { kind: 'update', expectedVersion: call.expectedVersion },
        scope: terms.scope,
        period: terms.period,
        limit: body.limit_usd,
        monthsCharged: body.months_charged ?? terms.months_charged,
        owner: body.owner ?? terms.owner,
        isActive: body.active ?? terms.active,
        basis: terms.basis,
        creditSavings: body.credit_savings ?? terms.credit_savings,
        alertPercents: body.alert_percents ?? terms.alert_percents,
        whenCommitted: body.when_committed,
      },
      call.meta(body.idempotency_key),
    );
    return this.written(unwrap(written), call);
  }

  @Endpoint(ROUTES.closeBudget)
  async close(@TheCall() call: Call) {
    const body = call.body(CloseBudgetBody);
    const { budget_id: budgetId } = call.params(BudgetIdParams);
    const { budget } = unwrap(await this.admin.findBudget(call.tenantId, budgetId));
    const { terms } = budget;
    const written = await this.admin.setBudget(
      {
        budgetId,
        change: { kind: 'update', expectedVersion: call.expectedVersion },
        scope: terms.scope,
        period: terms.period,
        limit: budget.limit,
        monthsCharged: terms.months_charged,
        owner: terms.owner,
        isActive: false,
        basis: terms.basis,
        creditSavings: terms.credit_savings,
        alertPercents: terms.alert_percents,
        whenCommitted: 'ratchet', // What is held stays held; only nothing new is charged.
      },
      call.meta(body.idempotency_key),
    );
    return this.written(unwrap(written), call);
  }

  private written(
    written: ShownBudget & { readonly entry: EntryReference | null; readonly isReplayed: boolean },
    { answer }: Call,
  ) {
    answer.etag(written.budget.terms.version);
    if (written.entry !== null) answer.entry('policy', BigInt(written.entry.revision));
    return { ...budgetAnswer(written), entry: written.entry, replayed: written.isReplayed };
  }
}
