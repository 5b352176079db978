import { MemoryStore } from '@verdict/adapter-memory';
import type { ApprovalId, Instant } from '@verdict/domain';
import { readPriceBook } from '@verdict/domain';
import { readFixture } from '../fixtures/terraform-fixtures.js';
import { newerLife } from './newer-life.js';
import { MONEY_ONLY, ServiceWorld, usd, valueOf } from '../support/service-world.js';

const NO_CLAIM = { method: 'declared', monthly: null, hourly: null, isInvalid: false } as const;

const HOUR = 3_600_000;
const BOOK = 'priced-aws-basic';

const approvalOf = (decided: Awaited<ReturnType<ServiceWorld['ask']>>): ApprovalId => {
  const id = valueOf(decided).recorded.approval?.approval_id;
  if (id === undefined) throw new Error('this decision needs no approval');
  return id;
};

/** Lets what the clock has made due happen: a command of the approvals service comes with what is due. */
const tick = async (world: ServiceWorld): Promise<void> => {
  await world.consume.refuseShape(world.meta('dev-1'));
  await world.settle();
};

const setUp = async (world: ServiceWorld): Promise<void> => {
  await world.policy(MONEY_ONLY);
  await world.budget('1000');
  await world.budget('600', 'project:web');
  const book = readPriceBook(readFixture(BOOK, 'price-book.v1.json'));
  if (book.kind !== 'book') throw new Error('the price book of the fixture is not one');
  valueOf(await world.admin.publishPriceBook(book.book, world.meta('admin-1')));
};

/** Keys, dry runs, environments, savings, evidence, denials. */
const questions = async (world: ServiceWorld): Promise<void> => {
  valueOf(await world.ask('120', { key: 'key-1', justification: 'grow the pool', ticket: 'OPS-1' }));
  valueOf(await world.ask('120', { key: 'key-1', justification: 'grow the pool', ticket: 'OPS-1' }));
  await world.ask('121', { key: 'key-1' });
  valueOf(await world.ask('20', { isDryRun: true }));
  valueOf(await world.ask('-300'));
  valueOf(await world.ask('0'));
  valueOf(await world.ask('30', { environment: 'live-eu' }));
  valueOf(await world.ask('30', { environment: 'staging', projectId: 'api' }));
  valueOf(await world.ask('900'));
  const plan = readFixture(BOOK, 'plan.json');
  valueOf(await world.ask('1', { documents: { plan }, claim: NO_CLAIM, projectId: 'ops' }));
  valueOf(await world.ask('1', { documents: { plan }, projectId: 'ops' }));
  valueOf(await world.ask('1', { claim: NO_CLAIM, projectId: 'ops' }));
  const run = {
    run_id: 'run-1',
    stage: 'pre_plan',
    workspace_id: 'ws-1',
    workspace_name: 'web',
    run_url: null,
    callback_url: null,
  };
  const keyless = () =>
    world.decideChange(
      {
        source: 'terraform',
        action: 'terraform.apply',
        resourceReference: 'aws_db_instance.main',
        projectId: 'web',
        environment: 'production',
        claim: { method: 'declared', monthly: usd('40'), hourly: null, isInvalid: false },
        metadata: '{"team":"data"}',
        documents: {},
        planSha256: null,
        run,
        isDryRun: false,
        expectedFingerprint: null,
        justification: null,
        ticket: null,
      },
      world.meta('ci-1'),
    );
  valueOf(await keyless());
  world.clock.advance(HOUR);
  valueOf(await keyless());
};

/** Granted with an overage and used; denied; withdrawn; expired both ways; refused consumes. */
const approvals = async (world: ServiceWorld): Promise<void> => {
  await world.policy({
    ...MONEY_ONLY,
    mode_matrix: { terraform: { default: 'soft' } },
    approval: { required: { prod: true, nonprod: false }, use_by_seconds: 7_200 },
  });
  valueOf(await world.ask('24'));
  const asked = [
    await world.ask('700'),
    await world.ask('90'),
    await world.ask('80'),
    await world.ask('70'),
    await world.ask('60'),
  ];
  const [big, denied, withdrawn, unused] = asked.map(approvalOf) as [ApprovalId, ApprovalId, ApprovalId, ApprovalId]; // Nobody sees the last.
  await world.settle();
  const vote = (approvalId: ApprovalId, kind: 'approve' | 'deny') =>
    world.manage.vote(
      { approvalId, vote: kind, stageId: null, notes: 'looked at it with the team', ticket: null },
      world.meta('lead-1'),
    );
  await world.manage.vote(
    { approvalId: big, vote: 'approve', stageId: null, notes: 'mine, so it is fine', ticket: null },
    world.meta('dev-1'),
  );
  const granted = valueOf(await vote(big, 'approve'));
  valueOf(await vote(denied, 'deny'));
  valueOf(await vote(unused, 'approve'));
  valueOf(await world.manage.withdraw(withdrawn, world.meta('dev-1')));
  await world.settle();
  const { binding } = granted.approval.requested;
  const use = {
    token: granted.token?.text ?? '',
    source: binding.source,
    projectId: binding.project_id,
    environment: 'prod',
    requestFingerprint: binding.request_fingerprint,
    resourceReference: binding.resource_reference,
    monthly: usd('700'),
    hourly: null,
  };
  await world.consume.consume({ ...use, resourceReference: 'another' }, world.meta('dev-1'));
  valueOf(await world.consume.consume(use, world.meta('dev-1', 'use-1')));
  await world.consume.consume(use, world.meta('dev-1'));
  await world.settle();
  world.clock.advance(3 * HOUR);
  await tick(world);
  world.clock.advance(24 * HOUR);
  await tick(world);
};

/** Matched, overage, savings, overrun, and a month that ends; then shadow mode. */
const settlements = async (world: ServiceWorld): Promise<void> => {
  const { state } = await world.reconciliation.caughtUp('acme');
  const actuals = ['120', '35', '5', '650', '0', '90'];
  const ids = [...state.reservations]
    .sort(([, a], [, b]) => (a.revision < b.revision ? -1 : 1))
    .map(([, { decisionId }]) => decisionId);
  for (const [index, actual] of actuals.entries()) {
    const decisionId = ids[index];
    if (decisionId !== undefined)
      await world.reconcile(
        {
          decisionId,
          actual: usd(actual),
          notes: index === 0 ? 'from the bill' : null,
          isCorrection: false,
          trigger: 'manual',
        },
        world.meta('admin-1', `settle-${String(index)}`),
      );
    await world.settle();
  }
  world.clock.advance(20 * 24 * HOUR);
  valueOf(await world.ask('150'));
  await world.policy({ ...MONEY_ONLY, mode_matrix: { terraform: { default: 'shadow' } } });
  valueOf(await world.ask('5000'));
};

/** A life of one tenant in which everything happens that this release can record. Clock and ids are fixed. */
export const liveThrough = async (): Promise<{ readonly store: MemoryStore; readonly at: Instant }> => {
  const store = new MemoryStore();
  const world = await new ServiceWorld({ store }).start();
  try {
    await setUp(world);
    await questions(world);
    await approvals(world);
    await settlements(world);
    await newerLife(world);
    await world.settle();
    return { store, at: world.clock.now() };
  } finally {
    await world.stop();
  }
};
