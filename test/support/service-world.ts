import { createCelRules } from '@verdict/adapter-cel';
import { MemoryJournals, MemoryKeyStore, type MemoryStore } from '@verdict/adapter-memory';
import {
  type ApprovalTokens,
  type ChangeRequest,
  ConsumeApproval,
  createDecideChange,
  createDecideChanges,
  createExplainDecision,
  createReconcileReservation,
  createResolveException,
  EntryLog,
  ImportActualCosts,
  IntegrationsAdmin,
  ManageApprovals,
  MoneyAdmin,
  PolicyAdmin,
  type RequestMeta,
  type Sealer,
  ServiceHost,
  silentObserver,
  SweepReservations,
  type UseCaseResult,
} from '@verdict/application';
import { completePolicy } from '@verdict/contracts';
import { type MicroUsd, parseUsd, type Rollout, versionTag } from '@verdict/domain';
import { type FixedClock, fixedClock } from '@verdict/testkit';
import { expectReplayable } from './replay-journals.js';
import { type Memory, remembering } from './remembering.js';
import { scannedReadModels } from './scanned-read-models.js';

export const LOG_HOST = 'log.test';
/** Hides nothing, but has the shape: what is recorded is the sealed form. */
const plainSealer: Sealer = {
  seal: ({ text, aad }) => ({ ct: Buffer.from(`${aad}|${text}`).toString('base64url'), iv: '', kid: 'test', tag: '' }),
  open: ({ sealed, aad }) => {
    const [found, text] = Buffer.from(sealed.ct, 'base64url').toString().split('|');
    return found === aad ? text : undefined;
  },
};

/** A token is its own claims: these tests are about the ledger, the signature has its own. */
const clearTokens: ApprovalTokens = {
  sign: ({ tenantId, approval, jti, expiresAtMs }) => {
    const { binding } = approval.requested;
    const claims = {
      jti,
      tenantId,
      approvalId: approval.approvalId,
      decisionId: approval.decisionId,
      source: binding.source,
      projectId: binding.project_id,
      environment: binding.environment_label,
      environmentClass: binding.environment_class,
      requestFingerprint: binding.request_fingerprint,
      resourceReference: binding.resource_reference,
      expiresAtMs,
    };
    return Promise.resolve({ token: JSON.stringify(claims), kid: 'test' });
  },
  read: (token) => {
    try {
      return Promise.resolve({ kind: 'claims', claims: JSON.parse(token) as never, tokenSha256: '' as never });
    } catch {
      return Promise.resolve({ kind: 'unreadable', code: 'token_malformed' });
    }
  },
};

export const usd = (text: string): MicroUsd => {
  const amount = parseUsd(text, 4);
  if (typeof amount === 'string') throw new Error(amount);
  return amount;
};

export const valueOf = <Value>(result: UseCaseResult<Value>): Value => {
  if (result.kind === 'done') return result.value;
  throw new Error(`problem ${result.problem.code}: ${result.problem.detail ?? ''}`);
};
export const codeOf = (result: UseCaseResult<unknown>): string =>
  result.kind === 'problem' ? result.problem.code : 'done';

/** A change with a declared amount, of the web project in prod. */
export const changeOf = (amount: string): ChangeRequest => ({
  source: 'terraform',
  action: 'terraform.apply',
  resourceReference: 'aws_instance.web',
  projectId: 'web',
  environment: 'prod',
  claim: { method: 'declared', monthly: usd(amount), hourly: null, isInvalid: false },
  metadata: '{}',
  documents: {},
  planSha256: null,
  run: null,
  isDryRun: false,
  expectedFingerprint: null,
  justification: null,
  ticket: null,
});

/** One process of all services over journals that forget nothing and can be made to fail. */
export class ServiceWorld {
  readonly clock: FixedClock;
  readonly journals: MemoryJournals;
  readonly gate;
  readonly approvals;
  readonly reconciliation;
  readonly decideChange;
  readonly decideChanges;
  readonly explain;
  readonly admin;
  readonly manage;
  readonly consume;
  readonly reconcile;
  readonly log: EntryLog;
  readonly sweeper;
  readonly resolve;
  readonly money;
  readonly integrations;
  readonly costs;
  readonly keys = new MemoryKeyStore();
  private ids = 0;

  constructor(
    options: {
      readonly store?: MemoryStore;
      readonly clock?: FixedClock;
      readonly idsFrom?: number;
    } & Memory = {},
  ) {
    this.clock = options.clock ?? fixedClock();
    this.ids = options.idsFrom ?? 0;
    this.journals = new MemoryJournals(options.store === undefined ? {} : { store: options.store });
    const log = new EntryLog(this.journals);
    this.log = log;
    const ids = { uuid: () => this.uuid(), randomText: (count: number) => 'A'.repeat(Math.ceil((count * 4) / 3)) };
    const deps = {
      log,
      clock: this.clock,
      sealer: plainSealer,
      observer: silentObserver,
      logHost: LOG_HOST,
      ids,
      readModels: scannedReadModels(this.journals),
      rules: createCelRules(),
      barrier: { waitFor: () => Promise.resolve(true) },
    };
    const services = remembering(options);
    this.gate = new ServiceHost(services.gate, deps);
    this.approvals = new ServiceHost(services.approvals, deps);
    this.reconciliation = new ServiceHost(services.reconciliation, deps);
    this.decideChange = createDecideChange({ ...deps, gate: this.gate });
    this.decideChanges = createDecideChanges({ ...deps, gate: this.gate });
    this.explain = createExplainDecision(deps);
    this.admin = new PolicyAdmin({ ...deps, gate: this.gate });
    this.manage = new ManageApprovals({ ...deps, approvals: this.approvals, tokens: clearTokens });
    this.consume = new ConsumeApproval({
      ...deps,
      approvals: this.approvals,
      tokens: clearTokens,
      onEvent: () => undefined,
    });
    this.reconcile = createReconcileReservation({
      ...deps,
      reconciliation: this.reconciliation,
    });
    this.sweeper = new SweepReservations({ ...deps, reconciliation: this.reconciliation });
    this.resolve = createResolveException({ ...deps, reconciliation: this.reconciliation });
    this.money = new MoneyAdmin({ ...deps, gate: this.gate });
    this.integrations = new IntegrationsAdmin({ ...deps, gate: this.gate });
    this.costs = new ImportActualCosts({ ...deps, reconciliation: this.reconciliation, reconcile: this.reconcile });
  }

  uuid(): string {
    this.ids += 1;
    return `00000000-0000-7000-8000-${this.ids.toString(16).padStart(12, '0')}`;
  }

  async start(): Promise<this> {
    await Promise.all([this.gate.start(), this.approvals.start(), this.reconciliation.start()]);
    return this;
  }

  /** Whatever a test did here, its decisions can be derived again from what they left (G7). */
  async stop(): Promise<void> {
    await Promise.all([this.gate.stop(), this.approvals.stop(), this.reconciliation.stop()]);
    await expectReplayable(new MemoryJournals({ store: this.journals.store }));
  }

  meta(subject: string, key: string | null = null, tenantId = 'acme'): RequestMeta {
    return {
      caller: {
        tenantId,
        subject,
        actor: { kind: 'user', id: subject, roles: ['member', 'approver', 'admin'] },
        groups: [],
        projects: null,
        onBehalfOf: null,
      },
      key,
      correlationId: null,
      traceparent: null,
    };
  }

  /** What `If-Match` has to quote for the newest version. */
  async policyTag(tenantId = 'acme'): Promise<string> {
    const newest = valueOf(await this.admin.policyVersions(tenantId)).at(-1);
    if (newest === undefined) throw new Error('a tenant has a policy');
    return versionTag(newest.version);
  }

  /** Publishes a policy on top of whatever stands. */
  async policy(document: Parameters<typeof completePolicy>[0], rollout: Rollout | null = null, tenantId = 'acme') {
    const input = {
      document: completePolicy(document),
      message: 'test',
      effectiveFrom: null,
      expectedVersion: await this.policyTag(tenantId),
      rollout,
      role: 'active' as const,
    };
    return valueOf(await this.admin.publishPolicy(input, this.meta('admin-1', null, tenantId)));
  }

  async budget(limit: string, scope: 'tenant' | `project:${string}` = 'tenant', tenantId = 'acme') {
    return valueOf(
      await this.admin.setBudget(
        {
          budgetId: null,
          change: { kind: 'create' },
          scope,
          period: 'month',
          limit: usd(limit),
          monthsCharged: 1,
          owner: null,
          isActive: true,
          basis: 'allocation',
          creditSavings: false,
          alertPercents: [],
          whenCommitted: 'refuse',
        },
        this.meta('admin-1', null, tenantId),
      ),
    );
  }

  /** Asks with a declared amount; what is not named is the web project in prod. */
  ask(
    amount: string,
    more: Partial<Parameters<ServiceWorld['decideChange']>[0]> & {
      readonly key?: string;
      readonly subject?: string;
      readonly tenantId?: string;
    } = {},
  ) {
    const { key, subject, tenantId, ...request } = more;
    return this.decideChange(
      { ...changeOf(amount), ...request },
      this.meta(subject ?? 'dev-1', key ?? this.uuid(), tenantId),
    );
  }

  /** Asks for several changes of different resources at once, with declared amounts. */
  askMany(amounts: readonly string[], { isAtomic = true } = {}) {
    const members = amounts.map((amount) => {
      const key = this.uuid();
      return { request: { ...changeOf(amount), resourceReference: key }, key };
    });
    return this.decideChanges({ members, isAtomic }, this.meta('dev-1'));
  }

  /** Lets everything that is due happen. */
  async settle(tenantId = 'acme'): Promise<void> {
    for (let turn = 0; turn < 4; turn += 1) {
      await this.approvals.caughtUp(tenantId);
      await this.gate.caughtUp(tenantId);
      await this.reconciliation.caughtUp(tenantId);
    }
  }
}

/** Hard mode, no approvals, declared cost accepted: only the money decides. */
export const MONEY_ONLY: Parameters<typeof completePolicy>[0] = {
  mode_matrix: { terraform: { default: 'hard' } },
  approval: { required: { prod: false, nonprod: false } },
  pricing: { declared: { prod: 'accept', nonprod: 'accept' } },
  entitlements: { hard_deny_above_monthly_usd: usd('1000000') },
};
