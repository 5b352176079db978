import type { ChangeRequest, SentRow } from '@verdict/application';
import { type DecisionId, type Instant, plusDays, plusSeconds } from '@verdict/domain';
import { changeOf, MONEY_ONLY, type ServiceWorld, usd, valueOf } from '../support/service-world.js';

const DAY_MS = 86_400_000;
type Ask = Parameters<ServiceWorld['ask']>[1];
type Asked = Awaited<ReturnType<ServiceWorld['ask']>>;

const ADMIN = 'admin-1';
const later = (world: ServiceWorld, seconds: number): Instant => plusSeconds(world.clock.now(), seconds);
const approvalOf = (asked: Asked) => {
  const { approval } = valueOf(asked).recorded;
  if (approval === null) throw new Error('this decision needs no approval');
  return approval.approval_id;
};
const idOf = (asked: Asked): DecisionId => valueOf(asked).recorded.decision_id;

/** Versions that are scheduled, cancelled, rolled out to a part, widened, evaluated beside, and rolled back. */
const versions = async (world: ServiceWorld): Promise<void> => {
  const count = valueOf(await world.admin.policyVersions('acme')).length;
  const publish = async (more: Partial<Parameters<ServiceWorld['admin']['publishPolicy']>[0]>, at: number) => {
    const newest = valueOf(await world.admin.policyVersions('acme')).at(-1);
    if (newest === undefined) throw new Error('a tenant has a policy');
    const { document: current } = newest.version;
    const document = {
      ...current,
      reconciliation: { ...current.reconciliation, default_owner: `team-${String(at)}` },
    };
    const expectedVersion = await world.policyTag();
    const input = { document, message: 'm', effectiveFrom: null, expectedVersion, rollout: null } as const;
    return valueOf(
      await world.admin.publishPolicy({ ...input, role: 'active', ...more }, world.meta(ADMIN, `policy-${String(at)}`)),
    );
  };
  await publish({ effectiveFrom: later(world, 3_600) }, count);
  valueOf(
    await world.admin.cancelVersion(
      { version: count + 1, expectedVersion: await world.policyTag() },
      world.meta(ADMIN),
    ),
  );
  await publish({ rollout: { cohort_percent: 10, salt: 'r1' } }, count + 1);
  valueOf(await world.ask('7', { projectId: 'data' })); // Bucket 4: the new version.
  valueOf(await world.ask('7', { projectId: 'api' }));
  valueOf(
    await world.admin.setRollout(
      { version: count + 2, cohortPercent: 85, expectedVersion: await world.policyTag() },
      world.meta(ADMIN),
    ),
  );
  valueOf(await world.ask('8', { projectId: 'api' }));
  await publish({ role: 'challenger' }, count + 2);
  valueOf(await world.ask('9'));
  valueOf(
    await world.admin.rollBackPolicy(
      { toVersion: 1, message: 'back', expectedVersion: await world.policyTag() },
      world.meta(ADMIN, 'policy-back'),
    ),
  );
};

/** Rules with conditions, credits of both pools, waivers; revoked again. */
const moneyBesides = async (world: ServiceWorld): Promise<void> => {
  const rule = (id: string, effect: 'deny' | 'warn' | 'add_obligation', condition: string) => ({
    ...{ id, enabled: true, condition, effect, message: `${id} matched`, cost_budget: 1000 },
    obligation: effect === 'add_obligation' ? { key: 'tag', value: 'owner' } : null,
  });
  await world.policy({
    ...MONEY_ONLY,
    rules: [
      rule('no-legacy', 'deny', 'request.resource_reference.startsWith("legacy.")'),
      rule('large', 'warn', 'cost.monthly > usd("50.00")'),
      rule('tagged', 'add_obligation', 'request.environment_class == "prod"'),
    ],
  });
  await world.budget('50', 'project:credit');
  const credit = async (pool: 'reserved' | 'emergency', total: string, scope: 'tenant' | 'project:credit') =>
    valueOf(
      await world.money.grantCredit(
        {
          pool,
          scope,
          total: usd(total),
          priority: 100,
          expiresAt: later(world, 86_400 * 20),
          reason: 'season',
          owner: null,
        },
        world.meta(ADMIN, world.uuid()),
      ),
    ).credit.terms.credit_id;
  const reserved = await credit('reserved', '30', 'project:credit');
  await credit('emergency', '40', 'tenant');
  valueOf(await world.ask('100', { projectId: 'credit' }));
  valueOf(await world.money.revokeCredit(reserved, world.meta(ADMIN, 'revoke-credit')));
  const legacy: Ask = { resourceReference: 'legacy.vm', projectId: 'api' };
  valueOf(await world.ask('5', legacy));
  const { waiver } = valueOf(
    await world.money.grantWaiver(
      {
        scope: { project: 'api', environment_class: null, source: null, resource_prefix: 'legacy.' },
        ...{
          waives: ['no-legacy'],
          maxMonthly: usd('20'),
          maxUses: 3,
          owner: 'finops',
          reason: 'moving',
          ticket: 'T-1',
        },
        expiresAt: later(world, 86_400),
      },
      world.meta(ADMIN, 'waiver-1'),
    ),
  );
  valueOf(await world.ask('6', legacy));
  valueOf(
    await world.money.revokeWaiver(
      { exceptionId: waiver.terms.exception_id, expectedVersion: '1' },
      world.meta(ADMIN, 'waiver-2'),
    ),
  );
  valueOf(await world.ask('6', legacy));
};

/** A cluster and a Terraform installation: made, rotated, retired, revoked. */
const peers = async (world: ServiceWorld): Promise<void> => {
  const meta = () => world.meta(ADMIN, world.uuid());
  const cluster = {
    kind: 'k8s',
    cluster_id: 'east',
    project_rules: [{ namespace: '*', project_id: 'web', environment: 'prod', from_object: false, allowed: [] }],
    annotation_prefixes: ['verdict.io'],
    trusted_controllers: [],
  } as const;
  const made = valueOf(
    await world.integrations.create(
      { name: 'east', terms: cluster, ways: ['bearer', 'path'], clientKeySha256: null },
      meta(),
    ),
  );
  const { integrationId } = made.integration;
  const rotation = { integrationId, previousValidUntil: later(world, 86_400), clientKeySha256: null };
  valueOf(await world.integrations.rotate(rotation, meta()));
  valueOf(await world.integrations.retire(integrationId, meta()));
  valueOf(await world.integrations.revoke(integrationId, meta()));
};

/** A run whose tasks ask about one plan; the second is answered by the first, and the stage without money is noted. */
const runs = async (world: ServiceWorld): Promise<void> => {
  const terms = {
    kind: 'run_task',
    address: 'https://tfe.example.com',
    project_rules: [{ project: '*', workspace: '*', project_id: 'web', environment: 'prod' }],
    allow_private_address: false,
  } as const;
  const { integration } = valueOf(
    await world.integrations.create(
      { name: 'tfe', terms, ways: [], clientKeySha256: null },
      world.meta(ADMIN, world.uuid()),
    ),
  );
  const task = (id: string, stage: string): Partial<ChangeRequest> => ({
    channel: 'grant',
    keyFrom: { kind: 'run_task', taskResultId: id },
    run: {
      ...{ run_id: 'run-9', stage, workspace_id: 'ws-9', workspace_name: 'shop', run_url: null, callback_url: null },
      task: { integration_id: integration.integrationId, task_result_id: id },
    },
  });
  const ask = (id: string, stage: string) =>
    world.decideChange({ ...changeOf('11'), ...task(id, stage) }, world.meta('run_task:tfe'));
  valueOf(await ask('task-1', 'post_plan'));
  valueOf(await ask('task-2', 'pre_apply'));
};

/** Approvals that come back as grants: filed with a reason, used in part, used up, refused for a larger change, denied. */
const grants = async (world: ServiceWorld): Promise<void> => {
  await world.policy({
    ...MONEY_ONLY,
    mode_matrix: { terraform: { default: 'soft' }, k8s_admission: { default: 'soft' } },
    approval: {
      required: { prod: true, nonprod: false },
      grants: { max_uses: 2, denied_cooldown_seconds: 600 },
      replan_tolerance: { percent: 10, absolute_usd: usd('0') },
      routing: [
        {
          id: 'large',
          enabled: true,
          match: { monthly_delta_usd: { min: usd('60'), max: null } },
          effect: 'require',
          require: {
            all: [{ id: 'lead', quorum: 1, roles: ['approver'], groups: [], subjects: [], deny_quorum: 1 }],
          },
          overrides: {},
        },
      ],
    },
  });
  const review = (amount: string, name: string, resource = 'apps/v1/Deployment/web') =>
    world.decideChange(
      {
        ...changeOf(amount),
        ...{ source: 'k8s_admission', action: 'k8s.create', resourceReference: resource, channel: 'grant' },
        keyFrom: { kind: 'review', clusterId: 'west', generatedName: name },
      },
      world.meta('system:controller'),
    );
  const vote = async (asked: Asked, kind: 'approve' | 'deny') => {
    await world.settle();
    const input = { approvalId: approvalOf(asked), vote: kind, stageId: null, notes: 'seen', ticket: null };
    valueOf(await world.manage.vote(input, world.meta('lead-1')));
    await world.settle();
  };
  const first = await review('80', 'a');
  await world.settle();
  const filing = { decisionId: idOf(first), justification: 'the season starts', ticket: 'OPS-7' };
  valueOf(await world.manage.file(filing, world.meta('dev-2', 'file-1')));
  await vote(first, 'approve');
  valueOf(await review('30', 'b'));
  valueOf(await review('70', 'c')); // Beyond what is left of the cap.
  valueOf(await review('40', 'd'));
  await world.settle();
  const second = await review('20', 'e', 'apps/v1/Deployment/api');
  await vote(second, 'deny');
  valueOf(await review('20', 'f', 'apps/v1/Deployment/api'));
};

/** Two batches: one member denied alone, and all or none. */
const batches = async (world: ServiceWorld): Promise<void> => {
  await world.policy(MONEY_ONLY);
  valueOf(await world.askMany(['3', '9000', '4'], { isAtomic: false }));
  valueOf(await world.askMany(['3', '9000', '4'], { isAtomic: true }));
};

const costRow = (world: ServiceWorld, cost: string, more: Readonly<Record<string, string>> = {}): SentRow => {
  const day = plusDays(world.clock.now().slice(0, 10), -2);
  const cells: Readonly<Record<string, string>> = {
    ...{ ChargePeriodStart: day, ChargePeriodEnd: plusDays(day, 1), EffectiveCost: cost, BillingCurrency: 'USD' },
    ...{ ServiceName: 'compute', x_project_id: 'web', x_environment: 'prod', x_status: 'final', ...more },
  };
  return { line: null, cell: (column) => cells[column] };
};

/** Swept both ways, late actuals, corrections, exceptions resolved, actual cost imported and replaced. */
const reckonings = async (world: ServiceWorld): Promise<void> => {
  const held = async (amount: string) => {
    const asked = await world.ask(amount, { projectId: 'sweep' });
    return idOf(asked);
  };
  const reconcile = (decisionId: DecisionId, actual: string, isCorrection = false) =>
    world.reconcile(
      { decisionId, actual: usd(actual), notes: null, isCorrection, trigger: 'manual' },
      world.meta(ADMIN, world.uuid()),
    );
  const corrected = await held('15');
  await world.settle();
  valueOf(await reconcile(corrected, '18'));
  valueOf(await reconcile(corrected, '14', true));
  const late = await held('16');
  const unapplied = await held('17');
  await held('18');
  await world.settle();
  world.clock.advance(2 * DAY_MS);
  const sweep = (action: 'settle' | 'release', limit: number) =>
    world.sweeper.sweep({ olderThanSeconds: 3_600, limit, action }, world.meta(ADMIN, world.uuid()));
  valueOf(await sweep('release', 1));
  valueOf(await sweep('settle', 200));
  valueOf(await reconcile(late, '25'));
  await world.settle();
  const exceptionId = `unreconciled:${unapplied}`;
  const resolution = { exceptionId, resolution: 'not_applied', notes: 'never applied' } as const;
  valueOf(await world.resolve(resolution, world.meta(ADMIN, 'resolve-1')));
  const imports = (rows: readonly SentRow[], key: string) => world.costs.import(rows, world.meta('billing', key));
  valueOf(await imports([costRow(world, '12.5'), costRow(world, '3', { ResourceId: 'i-1' })], 'import-1'));
  const decision = await held('19');
  await world.settle();
  const settles = { x_decision_id: decision, x_actual_monthly_delta_usd: '19.5', ResourceId: 'i-2' };
  valueOf(await imports([costRow(world, '11'), costRow(world, '1', settles)], 'import-2'));
  await world.settle();
  valueOf(await world.ask('2')); // Sees the imported days.
};

/** What came after release 0.1.0, in the life of the same tenant: every entry type that its scenario does not have. */
export const newerLife = async (world: ServiceWorld): Promise<void> => {
  for (const part of [versions, moneyBesides, peers, runs, grants, batches, reckonings]) {
    await part(world);
    await world.settle();
  }
};
