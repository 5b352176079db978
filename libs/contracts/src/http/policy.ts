/* eslint max-lines: ['error', 330] -- one document, its defaults and its defects belong on one page */
import {
  type Behaviour,
  type BudgetScope,
  DEFAULT_POLICY,
  formatUsd4,
  type MicroUsd,
  type Mode,
  type PolicyDocument,
} from '@verdict/domain';
import { z } from 'zod';
import {
  InstantAnswer,
  InstantText,
  name,
  PositiveUsd,
  ProjectId,
  Sha256Text,
  text,
  UsdAnswer,
  UuidText,
} from './scalars.js';

const ModeText = z.enum(['shadow', 'soft', 'hard']);
const perClass = <Schema extends z.ZodType>(schema: Schema) =>
  z.strictObject({ prod: schema.optional(), nonprod: schema.optional() }).optional();
const seconds = (min: number, max: number) => z.int().min(min).max(max).optional();
const ClassName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'a class is named by lower-case letters, digits, - and _');
const PROTOTYPE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);
const classMap = <Schema extends z.ZodType>(schema: Schema) =>
  z.record(
    ClassName.refine((value) => !PROTOTYPE_NAMES.has(value), 'not a name'),
    schema,
  );

/** `verdict.enforcement.policy.v1` as an author writes it: what is omitted is the default. @source contract section 8.2 */
export const PolicyDocumentInput = z
  .strictObject({
    format: z.literal('verdict.enforcement.policy.v1').optional(),
    mode_matrix: z
      .strictObject({
        terraform: classMap(ModeText).optional(),
        k8s_admission: classMap(ModeText).optional(),
        cloud_event: classMap(ModeText).optional(),
      })
      .optional(),
    environments: z
      .strictObject({
        classes: classMap(
          z.strictObject({
            aliases: z.array(name(1, 32)).max(64).optional(),
            behaves_as: z.enum(['prod', 'nonprod']).optional(),
          }),
        ).optional(),
      })
      .optional(),
    approval: z
      .strictObject({
        required: perClass(z.boolean()),
        separation: perClass(z.boolean()),
        approve_by_seconds: seconds(300, 2_592_000),
        use_by_seconds: seconds(60, 604_800),
        token_ttl_seconds: seconds(60, 86_400),
        justification: z
          .strictObject({ required: perClass(z.boolean()), min_length: z.int().min(0).max(2000).optional() })
          .optional(),
        consumer: z.enum(['creator', 'project', 'member']).optional(),
        replan_tolerance: z
          .strictObject({ percent: z.int().min(0).max(50).optional(), absolute_usd: PositiveUsd.optional() })
          .optional(),
      })
      .optional(),
    entitlements: z
      .strictObject({
        plan_ceiling_monthly_usd: z.union([z.null(), PositiveUsd]).optional(),
        enterprise_ceiling_monthly_usd: z.union([z.null(), PositiveUsd]).optional(),
        auto_approve: z
          .strictObject({ below_monthly_usd: PositiveUsd.optional(), cumulative_monthly_usd: PositiveUsd.optional() })
          .optional(),
        hard_deny_above_monthly_usd: PositiveUsd.optional(),
        require_budget: perClass(z.boolean()),
      })
      .optional(),
    pricing: z
      .strictObject({
        price_book: name(1, 64).optional(),
        declared: perClass(z.enum(['accept', 'flag', 'refuse'])),
        unknown: perClass(z.enum(['approval', 'violation'])),
        mismatch_percent: z.int().min(0).max(100).optional(),
      })
      .optional(),
    execution: z
      .strictObject({ decision_ttl_seconds: seconds(60, 86_400), hold_overdue_seconds: seconds(60, 604_800) })
      .optional(),
    reconciliation: z
      .strictObject({
        tolerance_absolute_usd: PositiveUsd.optional(),
        tolerance_percent: z.int().min(0).max(100).optional(),
        savings_exception_usd: PositiveUsd.optional(),
        exception_due_seconds: seconds(60, 31_536_000),
        default_owner: name(1, 128).optional(),
      })
      .optional(),
  })
  .meta({ id: 'PolicyDocumentInput' });

type Input = z.output<typeof PolicyDocumentInput>;
const usd = (amount: MicroUsd | undefined, otherwise: PolicyDocument['entitlements']['hard_deny_above_monthly_usd']) =>
  amount === undefined ? otherwise : formatUsd4(amount);
const ceiling = (amount: MicroUsd | null | undefined) =>
  amount === undefined || amount === null ? null : formatUsd4(amount);
const classes = <Value>(
  given: { readonly prod?: Value | undefined; readonly nonprod?: Value | undefined } | undefined,
  otherwise: { readonly prod: Value; readonly nonprod: Value },
) => ({
  prod: given?.prod ?? otherwise.prod,
  nonprod: given?.nonprod ?? otherwise.nonprod,
});

const D = DEFAULT_POLICY;

const environmentsOf = (given: Input['environments']): PolicyDocument['environments'] => {
  const named = Object.entries(given?.classes ?? {}).map(([key, { aliases, behaves_as }]) => {
    const behaves: Behaviour = behaves_as ?? (key === 'nonprod' ? 'nonprod' : 'prod');
    return [
      key,
      { aliases: [...new Set((aliases ?? []).map((alias) => alias.toLowerCase()))], behaves_as: behaves },
    ] as const;
  });
  return { classes: { ...D.environments.classes, ...Object.fromEntries(named) } };
};

const modesOf = (given: Readonly<Record<string, Mode>> | undefined): Readonly<Record<string, Mode>> => ({
  default: 'soft',
  ...given,
});

// eslint-disable-next-line complexity -- one default per member: splitting would hide which is whose
const approvalOf = (given: Input['approval']): PolicyDocument['approval'] => ({
  required: classes(given?.required, D.approval.required),
  separation: classes(given?.separation, D.approval.separation),
  approve_by_seconds: given?.approve_by_seconds ?? D.approval.approve_by_seconds,
  use_by_seconds: given?.use_by_seconds ?? D.approval.use_by_seconds,
  token_ttl_seconds: given?.token_ttl_seconds ?? D.approval.token_ttl_seconds,
  justification: {
    required: classes(given?.justification?.required, D.approval.justification.required),
    min_length: given?.justification?.min_length ?? D.approval.justification.min_length,
  },
  consumer: given?.consumer ?? D.approval.consumer,
  replan_tolerance: {
    percent: given?.replan_tolerance?.percent ?? D.approval.replan_tolerance.percent,
    absolute_usd: usd(given?.replan_tolerance?.absolute_usd, D.approval.replan_tolerance.absolute_usd),
  },
});

const entitlementsOf = (given: Input['entitlements']): PolicyDocument['entitlements'] => ({
  plan_ceiling_monthly_usd: ceiling(given?.plan_ceiling_monthly_usd),
  enterprise_ceiling_monthly_usd: ceiling(given?.enterprise_ceiling_monthly_usd),
  auto_approve: {
    below_monthly_usd: usd(given?.auto_approve?.below_monthly_usd, D.entitlements.auto_approve.below_monthly_usd),
    cumulative_monthly_usd: usd(
      given?.auto_approve?.cumulative_monthly_usd,
      D.entitlements.auto_approve.cumulative_monthly_usd,
    ),
  },
  hard_deny_above_monthly_usd: usd(given?.hard_deny_above_monthly_usd, D.entitlements.hard_deny_above_monthly_usd),
  require_budget: classes(given?.require_budget, D.entitlements.require_budget),
});

/** The complete text that is stored: defaults filled in, amounts as 4-place text, so that equal policies are equal bytes. */
// eslint-disable-next-line complexity -- one default per member: splitting would hide which is whose
export const completePolicy = (input: Input): PolicyDocument => ({
  format: 'verdict.enforcement.policy.v1',
  mode_matrix: {
    terraform: modesOf(input.mode_matrix?.terraform),
    k8s_admission: modesOf(input.mode_matrix?.k8s_admission),
    cloud_event: modesOf(input.mode_matrix?.cloud_event),
  },
  environments: environmentsOf(input.environments),
  approval: approvalOf(input.approval),
  entitlements: entitlementsOf(input.entitlements),
  pricing: {
    price_book: input.pricing?.price_book ?? D.pricing.price_book,
    declared: classes(input.pricing?.declared, D.pricing.declared),
    unknown: classes(input.pricing?.unknown, D.pricing.unknown),
    mismatch_percent: input.pricing?.mismatch_percent ?? D.pricing.mismatch_percent,
  },
  execution: {
    decision_ttl_seconds: input.execution?.decision_ttl_seconds ?? D.execution.decision_ttl_seconds,
    hold_overdue_seconds: input.execution?.hold_overdue_seconds ?? D.execution.hold_overdue_seconds,
  },
  reconciliation: {
    tolerance_absolute_usd: usd(input.reconciliation?.tolerance_absolute_usd, D.reconciliation.tolerance_absolute_usd),
    tolerance_percent: input.reconciliation?.tolerance_percent ?? D.reconciliation.tolerance_percent,
    savings_exception_usd: usd(input.reconciliation?.savings_exception_usd, D.reconciliation.savings_exception_usd),
    exception_due_seconds: input.reconciliation?.exception_due_seconds ?? D.reconciliation.exception_due_seconds,
    default_owner: input.reconciliation?.default_owner ?? D.reconciliation.default_owner,
  },
});

/** Defects that no single member shows. `pointer` is that of the place in the document. */
export const policyDefects = (
  document: PolicyDocument,
): readonly { readonly pointer: string; readonly detail: string }[] => {
  const { auto_approve, hard_deny_above_monthly_usd: hardDeny } = document.entitlements;
  const homes = new Map<string, string>();
  const twice = Object.entries(document.environments.classes).flatMap(([className, { aliases }]) =>
    aliases.flatMap((alias) => {
      const other = homes.get(alias);
      homes.set(alias, className);
      return other === undefined || other === className
        ? []
        : [{ pointer: `/environments/classes/${className}/aliases`, detail: `the alias ${alias} is in ${other} too` }];
    }),
  );
  const isLoose = Number(hardDeny) < Number(auto_approve.below_monthly_usd);
  return [
    ...twice,
    ...(isLoose
      ? [{ pointer: '/entitlements/hard_deny_above_monthly_usd', detail: 'lies below auto_approve.below_monthly_usd' }]
      : []),
  ];
};

export const PublishPolicyBody = z.strictObject({
  document: PolicyDocumentInput,
  message: text(1, 1000),
  effective_from: InstantText.optional(),
  idempotency_key: z.string().optional(),
});
export const ValidatePolicyBody = z.strictObject({ document: PolicyDocumentInput });
export const RollBackPolicyBody = z.strictObject({
  to_version: z.int().min(1),
  message: text(1, 1000),
  idempotency_key: z.string().optional(),
});
const ENTRY = z
  .strictObject({ origin: z.string(), revision: z.int(), leaf_hash: Sha256Text })
  .meta({ id: 'EntryReference' });
export const EntryReference = ENTRY;

export const PolicyVersionAnswer = z
  .strictObject({
    version: z.int(),
    document: z.looseObject({}),
    document_sha256: Sha256Text,
    message: z.string(),
    author: z.string(),
    published_at: InstantAnswer,
    effective_from: InstantAnswer,
    rolled_back_to: z.int().nullable(),
    in_force: z.boolean(),
    unchanged: z.boolean().optional(),
    replayed: z.boolean().optional(),
    entry: ENTRY.nullable().optional(),
  })
  .meta({ id: 'PolicyVersion' });
export const PolicyVersionsAnswer = z.strictObject({
  items: z.array(PolicyVersionAnswer),
  next_cursor: z.string().nullable(),
});
export const ValidatePolicyAnswer = z.strictObject({
  valid: z.boolean(),
  document: z.looseObject({}),
  document_sha256: Sha256Text,
});

const SCOPE = /^(tenant|project:[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}(\/env:[a-z][a-z0-9_-]{0,31})?)$/;
const Scope = z
  .string()
  .regex(SCOPE, 'tenant, project:<id> or project:<id>/env:<class>')
  .transform((scope) => scope as BudgetScope);
const budgetTerms = {
  limit_usd: PositiveUsd,
  months_charged: z.int().min(1).max(12).optional(),
  owner: name(1, 128).optional(),
  active: z.boolean().optional(),
  idempotency_key: z.string().optional(),
};
export const CreateBudgetBody = z.strictObject({
  scope: Scope,
  period: z.enum(['month', 'quarter', 'year', 'total']).default('month'),
  ...budgetTerms,
});
export const UpdateBudgetBody = z.strictObject({
  ...budgetTerms,
  when_committed: z.enum(['refuse', 'ratchet']).default('refuse'),
});
export const BudgetAnswer = z
  .strictObject({
    budget_id: UuidText,
    version: z.int(),
    scope: z.string(),
    period: z.enum(['month', 'quarter', 'year', 'total']),
    limit_usd: UsdAnswer,
    effective_limit_usd: UsdAnswer,
    months_charged: z.int(),
    owner: z.string().nullable(),
    active: z.boolean(),
    spent_usd: UsdAnswer,
    held_usd: UsdAnswer,
    headroom_usd: UsdAnswer,
    set_by: z.string(),
    set_at: InstantAnswer,
    replayed: z.boolean().optional(),
    entry: ENTRY.nullable().optional(),
  })
  .meta({ id: 'Budget' });
export const BudgetsAnswer = z.strictObject({ items: z.array(BudgetAnswer), next_cursor: z.string().nullable() });

export const PriceBookBody = z
  .looseObject({ format: z.literal('verdict.price-book.v1') })
  .meta({ id: 'PriceBookInput' });
export const PriceBookAnswer = z
  .strictObject({
    version: z.string(),
    sha256: Sha256Text,
    entries: z.int(),
    published_by: z.string(),
    published_at: InstantAnswer,
    book: z.looseObject({}).optional(),
    unchanged: z.boolean().optional(),
    entry: ENTRY.nullable().optional(),
  })
  .meta({ id: 'PriceBook' });
export const PriceBooksAnswer = z.strictObject({ items: z.array(PriceBookAnswer), next_cursor: z.string().nullable() });
export const ProjectIdText = ProjectId;
