import { createCelRules } from '@verdict/adapter-cel';
import {
  type ApprovalCaller,
  type ApprovalChannel,
  type ApprovalId,
  type ApprovalsEntry,
  type ApprovalsObserved,
  type ApprovalTree,
  type AskForChange,
  type AccountBalance,
  balanceOf,
  type BudgetId,
  type ConsumeToken,
  type CostRow,
  type CreditTerms,
  decideApprovals,
  decideChange,
  decideConsume,
  decideEndHold,
  decideGrantOverage,
  decidePolicy,
  decideReconcile,
  decideResolve,
  decideSweep,
  type DecisionId,
  type DecisionRecorded,
  type DecisionsEntry,
  DEFAULT_POLICY,
  emptyGate,
  type Evidence,
  evolveApprovals,
  evolveGate,
  evolveReservations,
  foldCosts,
  formatUsd4,
  formatUsd6,
  freeHold,
  type GateObserved,
  type GateResult,
  type GateState,
  type Instant,
  instantOf,
  isSuperseded,
  jcsText,
  type Keyed,
  labelOf,
  type MicroUsd,
  microUsd,
  msOf,
  noApprovals,
  noReservations,
  normaliseEnvironment,
  parseUsd,
  payloadHash,
  recordedQuestion,
  type PolicyCommand,
  type PolicyDocument,
  type PolicyEntry,
  type PricedEvidence,
  type Reconcile,
  type ReservationsEntry,
  type ResolveException,
  type Rollout,
  type RuleEngine,
  type SetBudget,
  sha256Hex,
  type SignedToken,
  type Source,
  type SweepOverdue,
  termsOf,
  type TokenClaims,
  type WaiverScope,
  type WaiverTerms,
  versionTag,
} from '@verdict/domain';

export const TENANT = 'acme';
export const START = '2026-11-10T10:00:00.000Z' as Instant;

export const usd = (text: string): MicroUsd => {
  const amount = parseUsd(text, 4);
  if (typeof amount === 'string') throw new Error(`${text}: ${amount}`);
  return amount;
};
export const keyed = (key: string | null, asked: unknown = ''): Keyed => ({
  key,
  payload_hash: sha256Hex(JSON.stringify(asked)),
});

type Partially<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [Key in keyof T]?: Partially<T[Key]> }
    : T;
const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const merged = (base: unknown, over: unknown): unknown =>
  isPlain(base) && isPlain(over)
    ? { ...base, ...Object.fromEntries(Object.entries(over).map(([key, value]) => [key, merged(base[key], value)])) }
    : over;

export type PolicyChange = Partially<Omit<PolicyDocument, 'entitlements' | 'mode_matrix'>> & {
  readonly mode?: 'shadow' | 'soft' | 'hard';
  readonly mode_matrix?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly entitlements?: Readonly<Record<string, unknown>>;
};

/** Hard mode, approval asked of nobody, declared cost accepted, no threshold in the way: only the money decides. */
export const policyWith = ({ mode = 'hard', ...change }: PolicyChange = {}): PolicyDocument => {
  const moneyOnly = {
    mode_matrix: { terraform: { default: mode }, k8s_admission: { default: mode }, cloud_event: { default: mode } },
    approval: { required: { prod: false } },
    entitlements: { hard_deny_above_monthly_usd: '1000000.0000' },
    pricing: { declared: { prod: 'accept', nonprod: 'accept' } },
  };
  return merged(merged(DEFAULT_POLICY, moneyOnly), change) as PolicyDocument;
};

export interface Ask {
  readonly project?: string;
  readonly environment?: string;
  readonly resource?: string;
  readonly key?: string | null;
  readonly subject?: string;
  readonly onBehalfOf?: string | null;
  readonly isDryRun?: boolean;
  readonly isRemoval?: boolean;
  readonly evidence?: Evidence | null;
  readonly hourly?: MicroUsd | null;
  readonly justificationLength?: number;
  readonly ticket?: string | null;
  readonly expectedFingerprint?: string | null;
  readonly groups?: readonly string[];
  readonly channel?: ApprovalChannel;
  readonly report?: PricedEvidence | null;
  readonly rules?: RuleEngine;
  readonly claimMethod?: 'declared' | 'annotation';
  readonly isClaimInvalid?: boolean;
  /** An admission review: its key is derived from what is decided, its approval is a grant. */
  readonly review?: { readonly clusterId: string; readonly generatedName: string | null };
  readonly source?: Source;
  readonly action?: string;
  readonly metadata?: string;
}

/** The engine of production: rules are part of the domain's answers. */
const RULES = createCelRules();

/** What the gate does to an answer that another takes over: its hold is free. */
const withoutHold = (state: GateState, id: DecisionId): GateState => ({
  ...state,
  accounts: freeHold(state.accounts, id),
});

export const caller = (subject: string, more: Partial<ApprovalCaller> = {}): ApprovalCaller => ({
  subject,
  roles: ['approver'],
  groups: [],
  isAdmin: false,
  projects: null,
  ...more,
});

type Kind = GateObserved['journal'];
type Service = 'gate' | 'approvals' | 'reservations';

/**
 * The three deciders over four journals, without lanes or stores: each service folds its own entries at once and its
 * neighbours' when it is told to, so that a test chooses who lags behind whom.
 */
export class DomainWorld {
  now: Instant = START;
  /** Pinned in the terms of every approval asked for from now on, instead of what policy routes it to. */
  route: ApprovalTree | null = null;
  gate = emptyGate;
  approvals = noApprovals;
  reservations = noReservations;
  /** What each service folded, in its order. */
  readonly folded: {
    readonly gate: GateObserved[];
    readonly approvals: ApprovalsObserved[];
    readonly reservations: GateObserved[];
  } = {
    gate: [],
    approvals: [],
    reservations: [],
  };
  /** All entries in the order they were written: a causal order. */
  readonly log: GateObserved[] = [];
  onFold: (service: Service, before: GateState, seen: GateObserved) => void = () => undefined;
  private readonly seen: Record<Service, Set<GateObserved>> = {
    gate: new Set(),
    approvals: new Set(),
    reservations: new Set(),
  };
  private readonly heads: Record<Kind, bigint> = { policy: -1n, decisions: -1n, approvals: -1n, reservations: -1n };
  private ids = 0;

  constructor(document: PolicyDocument | null = policyWith()) {
    if (document !== null) this.publish(document);
  }

  id(): string {
    this.ids += 1;
    return `00000000-0000-7000-8000-${this.ids.toString(16).padStart(12, '0')}`;
  }

  pass(seconds: number): void {
    this.now = instantOf(msOf(this.now) + seconds * 1000);
  }

  private fold(service: Service, seen: GateObserved): void {
    this.seen[service].add(seen);
    const before = this.gate;
    if (service === 'gate') {
      this.gate = evolveGate(this.gate, seen);
      this.folded.gate.push(seen);
    } else if (service === 'approvals') {
      if (seen.journal !== 'approvals' && seen.journal !== 'decisions') return;
      this.approvals = evolveApprovals(this.approvals, seen);
      this.folded.approvals.push(seen);
    } else {
      this.reservations = evolveReservations(this.reservations, seen);
      this.folded.reservations.push(seen);
    }
    this.onFold(service, before, seen);
  }

  private write(
    service: Service,
    journal: Kind,
    entries: readonly { readonly type: string; readonly payload: unknown }[],
  ): void {
    for (const entry of entries) {
      this.heads[journal] += 1n;
      const seen = { journal, entry, revision: this.heads[journal] } as GateObserved;
      this.log.push(seen);
      this.fold(service, seen);
    }
  }

  /** Lets a service fold what its neighbours have written since. */
  catchUp(service: Service): void {
    for (const seen of this.log) if (!this.seen[service].has(seen)) this.fold(service, seen);
  }

  /** Lets everything that is due happen, until nothing more does. */
  settle(): void {
    for (let before = -1; before !== this.log.length;) {
      before = this.log.length;
      this.catchUp('approvals');
      this.reactApprovals();
      this.catchUp('gate');
      this.reactGate();
      this.catchUp('reservations');
    }
  }

  reactApprovals(): void {
    for (const [id] of this.approvals.dueRequests)
      this.approve({ kind: 'open_request', decisionId: id as DecisionId, now: this.now });
    this.approve({ kind: 'pass_time', now: this.now });
    for (const [id, approval] of this.approvals.approvals)
      if (approval.uses?.isUsedUp === true && approval.status === 'granted')
        this.approve({ kind: 'close_grant', approvalId: id as ApprovalId, now: this.now });
    for (const [id, approval] of this.approvals.approvals)
      if (isSuperseded(approval))
        this.approve({ kind: 'close_superseded', approvalId: id as ApprovalId, now: this.now });
  }

  reactGate(): void {
    for (const [id, due] of this.gate.due) {
      const decisionId = id as DecisionId;
      if (due.kind === 'grant_overage') {
        const result = decideGrantOverage({ kind: 'grant_overage', decisionId, now: this.now }, this.gate);
        if (result.kind === 'accepted') this.write('gate', 'policy', result.entries);
      } else {
        const result = decideEndHold({ kind: 'end_hold', decisionId, now: this.now }, this.gate);
        if (result.kind === 'accepted') this.write('gate', 'decisions', result.entries);
      }
    }
  }

  question(amount: string | null, more: Ask = {}): AskForChange {
    const raw = normaliseEnvironment(more.environment ?? 'prod');
    const monthly = amount === null ? null : usd(amount);
    const request: AskForChange['request'] = {
      source: more.source ?? 'terraform',
      action: more.action ?? 'terraform.apply',
      resource_reference: more.resource ?? 'aws_instance.web',
      project_id: more.project ?? 'web',
      environment_raw: raw,
      environment_label: labelOf(raw),
      declared_monthly_delta_usd: monthly === null ? null : formatUsd4(monthly),
      declared_hourly_delta_usd: typeof more.hourly === 'bigint' ? formatUsd6(more.hourly) : null,
      metadata: more.metadata ?? '{}',
      options: {},
      run: null,
      justification: null,
      justification_length: more.justificationLength ?? 20,
      ticket: more.ticket ?? null,
    };
    const isDryRun = more.isDryRun ?? false;
    const hash = payloadHash({ tenantId: TENANT, dryRun: isDryRun, request });
    const key = more.key === undefined ? this.id() : more.key;
    return {
      kind: 'ask_for_change',
      decisionId: this.id() as DecisionId,
      approvalId: this.id() as ApprovalId,
      salt: 'AAAAAAAAAAAAAAAAAAAAAA',
      now: this.now,
      key: {
        scope: `${request.source}${isDryRun ? ':dry_run' : ''}`,
        text: key ?? `auto:${hash}`,
        isDerived: key === null,
        ...(more.review === undefined ? {} : { review: more.review }),
      },
      payloadHash: hash,
      request,
      requester: {
        subject: more.subject ?? 'dev-1',
        on_behalf_of: more.onBehalfOf ?? null,
        kind: 'user',
        roles: ['member'],
        groups: more.groups ?? [],
      },
      channel: more.channel ?? 'token',
      report: more.report ?? null,
      rules: more.rules ?? RULES,
      isDryRun,
      isRemoval: more.isRemoval ?? false,
      claim: {
        method: more.claimMethod ?? 'declared',
        monthly,
        hourly: more.hourly ?? null,
        isInvalid: more.isClaimInvalid ?? false,
      },
      evidence: more.evidence ?? null,
      expectedFingerprint: (more.expectedFingerprint ?? null) as AskForChange['expectedFingerprint'],
      rememberedAnswer: null,
    };
  }

  decide(command: AskForChange): GateResult {
    const before = this.gate;
    const result = decideChange(command, before, withoutHold);
    if (result.kind === 'reanswered') this.write('gate', 'decisions', result.entries);
    if (result.kind === 'accepted') {
      this.rederive(result.entries, before);
      this.write('gate', 'decisions', result.entries.map(this.routed));
    }
    return result;
  }

  /** Every decision of every test can be derived again from its entry and the state in front of it (G7). */
  private rederive(entries: readonly DecisionsEntry[], before: GateState): void {
    const last = entries.at(-1);
    const question = last?.type === 'decision_recorded' ? recordedQuestion(last.payload, TENANT, RULES) : undefined;
    if (question === undefined) return;
    const again = decideChange(question, before, withoutHold);
    const [first, second] = [entries, again.kind === 'accepted' ? again.entries : []].map((each) => jcsText(each));
    if (first !== second) throw new Error(`derived again it is ${String(second)}, not ${String(first)}`);
  }

  private readonly routed = (entry: DecisionsEntry): DecisionsEntry =>
    this.route === null || entry.type !== 'decision_recorded' || entry.payload.approval === null
      ? entry
      : { ...entry, payload: { ...entry.payload, approval: { ...entry.payload.approval, route: this.route } } };

  /** The decision that a fresh question gets. */
  ask(amount: string | null, more: Ask = {}): DecisionRecorded {
    const result = this.decide(this.question(amount, more));
    const last: DecisionsEntry | undefined = result.kind === 'accepted' ? result.entries.at(-1) : undefined;
    if (last?.type !== 'decision_recorded') throw new Error(`no decision but ${result.kind}`);
    return last.payload;
  }

  administer(command: PolicyCommand) {
    const result = decidePolicy(command, this.gate.policy, this.gate.accounts);
    if (result.kind === 'accepted') this.write('gate', 'policy', result.entries);
    return result;
  }

  publish(document: PolicyDocument, effectiveFrom: Instant | null = null) {
    return this.administer({
      kind: 'publish_policy',
      document,
      documentSha256: sha256Hex(JSON.stringify(document)),
      message: 'test',
      author: 'admin-1',
      effectiveFrom,
      rollout: null,
      role: 'active',
      expectedVersion: this.policyTag(),
      now: this.now,
      idempotency: keyed(null),
    });
  }

  /** What `If-Match` has to quote for a version; without a number: for the newest. */
  policyTag(version?: number): string {
    const { versions } = this.gate.policy;
    const found = version === undefined ? versions.at(-1) : versions.find((each) => each.version === version);
    return found === undefined ? '0' : versionTag(found);
  }

  setBudget(limit: string, more: Partial<SetBudget> = {}) {
    const budgetId = more.budgetId ?? (this.id() as BudgetId);
    const result = this.administer({
      kind: 'set_budget',
      budgetId,
      change: { kind: 'create' },
      scope: 'tenant',
      period: 'month',
      limit: usd(limit),
      monthsCharged: 1,
      owner: null,
      isActive: true,
      basis: 'allocation',
      creditSavings: false,
      alertPercents: [],
      whenCommitted: 'refuse',
      author: 'admin-1',
      now: this.now,
      idempotency: keyed(null),
      ...more,
    });
    return { budgetId, account: `budget:${budgetId}`, result };
  }

  /** Sets the limit of a budget that is there, at its newest version. */
  changeBudget(budgetId: BudgetId, limit: string, more: Partial<SetBudget> = {}) {
    const terms = this.gate.policy.budgets.get(budgetId)?.terms;
    return this.setBudget(limit, {
      budgetId,
      change: { kind: 'update', expectedVersion: String(terms?.version) },
      ...(terms === undefined ? {} : { scope: terms.scope, period: terms.period, monthsCharged: terms.months_charged }),
      ...more,
    }).result;
  }

  /** The budget as it is, but with or without `credit_savings`. */
  creditSavings(budgetId: BudgetId, credit_savings: boolean): void {
    const terms = this.gate.policy.budgets.get(budgetId)?.terms;
    if (terms === undefined) throw new Error('no such budget');
    const payload = { ...terms, credit_savings, set_by: 'admin-1', set_at: this.now, idempotency: keyed(null) };
    this.write('gate', 'policy', [{ type: 'budget_set', payload }]);
  }

  /** A credit grant of the pool, for the project. */
  grantCredit(amount: string, more: Partial<CreditTerms> = {}): string {
    const credit_id = more.credit_id ?? this.id();
    const payload = {
      credit_id,
      pool: 'reserved' as const,
      scope: 'project:web' as const,
      total_amount_usd: formatUsd4(usd(amount)),
      priority: 100,
      expires_at: null,
      reason: 'test',
      owner: null,
      ...more,
      idempotency: keyed(null),
      granted_by: 'admin-1',
      granted_at: this.now,
    };
    this.write('gate', 'policy', [{ type: 'credit_granted', payload }]);
    return `credit:${credit_id}`;
  }

  private policyEntry(entry: PolicyEntry): void {
    this.write('gate', 'policy', [entry]);
  }

  /** Ends a grant, given by its account; holds made in time stay good. */
  revokeCredit(account: string): void {
    const { headroom } = this.balance(account);
    this.policyEntry({
      type: 'credit_revoked',
      payload: {
        credit_id: account.slice('credit:'.length),
        revoked_usd: formatUsd4(headroom ?? microUsd(0n)),
        revoked_by: 'admin-1',
        revoked_at: this.now,
        idempotency: keyed(null),
      },
    });
  }

  /** A waiver of these codes and rules: for every change and for a day, unless told otherwise. */
  grantWaiver(
    waives: readonly string[],
    { scope, ...more }: Partial<Omit<WaiverTerms, 'scope'>> & { readonly scope?: Partial<WaiverScope> } = {},
  ): string {
    const exception_id = more.exception_id ?? this.id();
    const everywhere: WaiverScope = { project: null, environment_class: null, source: null, resource_prefix: null };
    const terms: WaiverTerms = {
      scope: { ...everywhere, ...scope },
      waives,
      max_monthly_delta_usd: null,
      max_uses: null,
      owner: 'team-1',
      reason: 'test',
      ticket: 'T-1',
      expires_at: instantOf(msOf(this.now) + 86_400_000),
      ...more,
      exception_id,
    };
    const stamp = { granted_by: 'admin-1', granted_at: this.now, idempotency: keyed(null) };
    this.policyEntry({ type: 'waiver_granted', payload: { ...terms, ...stamp } });
    return exception_id;
  }

  revokeWaiver(exceptionId: string): void {
    this.policyEntry({
      type: 'waiver_revoked',
      payload: { exception_id: exceptionId, revoked_by: 'admin-1', revoked_at: this.now, idempotency: keyed(null) },
    });
  }

  /** Publishes a version for a part of the projects, or one that is only compared with what is in force. */
  publishAs(
    document: PolicyDocument,
    more: { readonly rollout?: Rollout; readonly role?: 'active' | 'challenger' },
  ): number {
    const version = this.gate.policy.versions.length + 1;
    this.policyEntry({
      type: 'policy_published',
      payload: {
        version,
        document,
        document_sha256: sha256Hex(JSON.stringify(document)),
        message: 'test',
        author: 'admin-1',
        published_at: this.now,
        effective_from: this.now,
        rolled_back_to: null,
        ...more,
        idempotency: keyed(null),
      },
    });
    return version;
  }

  /** Actual cost as the gate sees it: final rows of the project web unless told otherwise. */
  importCosts(days: Readonly<Record<string, string>>, more: Partial<CostRow> = {}): void {
    const rows = Object.entries(days).map(([day, cost]): CostRow => ({
      day,
      project_id: 'web',
      environment: 'prod',
      status: 'final',
      cost_usd: formatUsd6(usd(cost)),
      replaces_usd: null,
      ...more,
    }));
    this.gate = { ...this.gate, costDays: foldCosts(this.gate.costDays, rows, this.now) };
  }

  /** All that a history rests on at a revision: the entries of one type, in their order. */
  written<Type extends GateObserved['entry']['type']>(type: Type) {
    return entriesOf(
      this.log.map(({ entry }) => entry),
      type,
    );
  }

  approve(command: Parameters<typeof decideApprovals>[0]) {
    const result = decideApprovals(command, this.approvals);
    if (result.kind === 'accepted') this.write('approvals', 'approvals', result.entries);
    return result;
  }

  token(): SignedToken {
    const jti = this.id();
    return { jti, tokenSha256: sha256Hex(jti), kid: 'test', expiresAt: instantOf(msOf(this.now) + 900_000) };
  }

  vote(
    approvalId: ApprovalId,
    subject: string,
    more: Partial<{
      vote: 'approve' | 'deny';
      stageId: string | null;
      roles: readonly string[];
      groups: readonly string[];
      onBehalfOf: string | null;
      notes: string | null;
      key: string | null;
      token: SignedToken | null;
      ticket: string | null;
    }> = {},
  ) {
    const { vote = 'approve', notes = null, key = null } = more;
    return this.approve({
      kind: 'cast_vote',
      approvalId,
      vote,
      stageId: more.stageId ?? null,
      caller: caller(subject, {
        roles: more.roles ?? ['approver'],
        groups: more.groups ?? [],
        onBehalfOf: more.onBehalfOf ?? null,
      }),
      notes: notes === null ? null : { $seal: { subject, text: notes } },
      ticket: more.ticket ?? null,
      now: this.now,
      idempotency: keyed(key, { vote, approvalId, notes }),
      token: more.token === undefined ? this.token() : more.token,
    });
  }

  /** What the current token of an approval says. */
  claims(approvalId: ApprovalId, changes: Partial<TokenClaims> = {}): TokenClaims {
    const approval = this.approvals.approvals.get(approvalId);
    if (approval === undefined) throw new Error('no such approval');
    const { binding } = approval.requested;
    return {
      jti: approval.token?.jti ?? '',
      tenantId: TENANT,
      approvalId,
      decisionId: approval.decisionId,
      source: binding.source,
      projectId: binding.project_id,
      environment: binding.environment_label,
      environmentClass: binding.environment_class,
      requestFingerprint: binding.request_fingerprint,
      resourceReference: binding.resource_reference,
      expiresAtMs: msOf(approval.token?.expiresAt ?? this.now),
      ...changes,
    };
  }

  consumption(claims: TokenClaims, more: Partial<ConsumeToken> & { readonly key?: string | null } = {}): ConsumeToken {
    const { key = null, ...rest } = more;
    return {
      kind: 'consume_token',
      tenantId: TENANT,
      token: { kind: 'claims', claims, tokenSha256: sha256Hex(claims.jti) },
      expected: {
        source: claims.source,
        projectId: claims.projectId,
        environmentLabel: claims.environment,
        requestFingerprint: claims.requestFingerprint,
        resourceReference: claims.resourceReference,
        monthly: null,
        hourly: null,
      },
      caller: caller('dev-1'),
      now: this.now,
      nowMs: msOf(this.now),
      idempotency: keyed(key, claims.jti),
      ...rest,
    };
  }

  consume(command: ConsumeToken) {
    const result = decideConsume(command, this.approvals);
    if (result.kind === 'accepted') this.write('approvals', 'approvals', result.entries);
    return result;
  }

  /** Approves and uses a decision that waits for approval. */
  use(recorded: DecisionRecorded): void {
    const id = recorded.approval?.approval_id;
    if (id === undefined) throw new Error('nothing to approve');
    this.settle();
    this.vote(id, 'lead-1');
    this.settle();
    this.consume(this.consumption(this.claims(id)));
    this.settle();
  }

  actual(decisionId: DecisionId, amount: string, key: string | null = null): Reconcile {
    return {
      kind: 'reconcile',
      decisionId,
      actual: usd(amount),
      isCorrection: false,
      trigger: 'manual',
      notes: null,
      by: 'admin-1',
      now: this.now,
      idempotency: keyed(key, { decisionId, amount }),
      rememberedBooking: null,
    };
  }

  /** Ends overdue holds, with everybody at the tip before and after. */
  sweep(more: Partial<SweepOverdue> = {}): readonly ReservationsEntry[] {
    this.settle();
    const entries = this.sweepAsSeen(more);
    this.settle();
    return entries;
  }

  /** The same by what reconciliation has folded so far. */
  sweepAsSeen(more: Partial<SweepOverdue> = {}): readonly ReservationsEntry[] {
    const command: SweepOverdue = {
      kind: 'sweep_overdue',
      olderThanSeconds: null,
      action: null,
      limit: 200,
      by: 'operator',
      now: this.now,
      ...more,
    };
    const result = decideSweep(command, this.reservations);
    const entries = result.kind === 'accepted' ? result.entries : [];
    this.write('reservations', 'reservations', entries);
    return entries;
  }

  /** Resolves an exception, and lets everybody hear of it. */
  resolve(exceptionId: string, resolution: ResolveException['resolution'], key: string | null = null) {
    const result = this.resolveAsSeen(exceptionId, resolution, key);
    this.settle();
    return result;
  }

  resolveAsSeen(exceptionId: string, resolution: ResolveException['resolution'], key: string | null = null) {
    const result = decideResolve(
      {
        kind: 'resolve_exception',
        exceptionId,
        resolution,
        notes: null,
        by: 'admin-1',
        now: this.now,
        idempotency: keyed(key, { exceptionId, resolution }),
        rememberedBooking: null,
      },
      this.reservations,
    );
    if (result.kind === 'accepted') this.write('reservations', 'reservations', result.entries);
    return result;
  }

  reconcile(command: Reconcile) {
    const result = decideReconcile(command, this.reservations);
    if (result.kind === 'accepted') this.write('reservations', 'reservations', result.entries);
    return result;
  }

  /** Settles a decision with everybody at the tip, and gives the settlement. */
  spend(decisionId: DecisionId, amount: string) {
    this.settle();
    const result = this.reconcile(this.actual(decisionId, amount));
    this.settle();
    if (result.kind !== 'accepted')
      throw new Error(
        JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
      );
    return result.entries;
  }

  balance(account: string, state: GateState = this.gate): AccountBalance {
    return balanceOf(state.accounts, account, termsOf(state.policy)(account, this.now), this.now);
  }
}

/** Evidence of a priced plan: amounts as the pricer would find them. */
export const pricedAt = (monthly: string, more: Partial<ReturnType<Evidence['priceWith']>> = {}): Evidence => ({
  priceWith: () => ({
    monthly: usd(monthly),
    hourly: microUsd(usd(monthly) / 730n),
    completeness: 'complete',
    priced: 1,
    unpriced: 0,
    lines: [],
    change: { creates: 1, updates: 0, deletes: 0, replaces: 0, resource_types: [] },
    ...more,
  }),
});

export const entriesOf = <Type extends (PolicyEntry | DecisionsEntry | ApprovalsEntry | ReservationsEntry)['type']>(
  entries: readonly (PolicyEntry | DecisionsEntry | ApprovalsEntry | ReservationsEntry)[],
  type: Type,
): readonly Extract<PolicyEntry | DecisionsEntry | ApprovalsEntry | ReservationsEntry, { type: Type }>['payload'][] =>
  entries.flatMap((entry) => (entry.type === type ? [entry.payload as never] : []));
