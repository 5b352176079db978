import { createCelRules } from '@verdict/adapter-cel';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryStore } from '@verdict/adapter-memory';
import {
  createDecideChange,
  createDecideChanges,
  createReconcileReservation,
  createResolveException,
  createReviewAdmission,
  EntryLog,
  ImportActualCosts,
  IntegrationsAdmin,
  journalName,
  LogUnreadable,
  ManageApprovals,
  MoneyAdmin,
  BudgetsAdmin,
  ReadModelsUnavailable,
  SweepReservations,
  type UseCaseResult,
} from '@verdict/application';
import { sealedEntry } from '@verdict/testkit';
import { changeOf, codeOf, ServiceWorld, usd, valueOf } from '../support/service-world.js';

/** Reads of the log that any command of a fresh process makes, and some more. */
const READS_MAX = 16;
/** Codes of 503 that a gate may answer, and those of the others. */
const GATE_AGAIN = ['outcome_unknown', 'verdict_not_durable'];
const AGAIN = ['outcome_unknown', 'log_unavailable'];

/** Lets one read of the log, or one look at its heads, fail: the `nth` from now on. */
const failRead = ({ journals }: ServiceWorld, nth: number): { readonly mend: () => void } => {
  let count = 0;
  const { heads, read } = journals;
  const meet = (): void => {
    count += 1;
    if (count === nth) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  };
  journals.heads = async (names) => {
    meet();
    return heads.call(journals, names);
  };
  journals.read = async function* (...asked) {
    meet();
    yield* read.apply(journals, asked);
  };
  return {
    mend: () => {
      Object.assign(journals, { heads, read });
    },
  };
};

/** How it ends for a caller: the edge makes 503 `log_unavailable` of the port's own error, and 500 of every other. */
const outcomeOf = async (run: () => Promise<UseCaseResult<unknown>>): Promise<string> => {
  try {
    return codeOf(await run());
  } catch (error) {
    return error instanceof LogUnreadable ? 'log_unavailable' : `500 ${String(error)}`;
  }
};

type Run = (world: ServiceWorld) => Promise<UseCaseResult<unknown>>;

describe('a log that fails one read of a command', () => {
  const worlds: ServiceWorld[] = [];
  afterEach(async () => {
    await Promise.all(worlds.splice(0).map((world) => world.stop()));
  });

  const open = async (store: MemoryStore, like?: ServiceWorld): Promise<ServiceWorld> => {
    const options = like === undefined ? { store } : { store, clock: like.clock, idsFrom: worlds.length * 1_000_000 };
    const world = await new ServiceWorld(options).start();
    worlds.push(world);
    return world;
  };

  /** A change that waits for approval, and the token of another that was granted, in the journals of one store. */
  const story = async (store: MemoryStore) => {
    const world = await open(store);
    const approvalOf = (answer: Awaited<ReturnType<ServiceWorld['ask']>>) =>
      valueOf(answer).recorded.approval!.approval_id;
    const justified = { justification: 'the shop needs it before the season' };
    const waiting = await world.ask('125', { key: 'waiting', ...justified });
    const granted = await world.ask('125', { key: 'granted', resourceReference: 'stack:granted', ...justified });
    await world.settle();
    const change = valueOf(
      await world.manage.vote(
        {
          approvalId: approvalOf(granted),
          vote: 'approve',
          stageId: null,
          notes: 'fine with me, go ahead',
          ticket: null,
        },
        world.meta('lead-1'),
      ),
    );
    await world.settle();
    const { binding } = change.approval.requested;
    return {
      approvalId: approvalOf(waiting),
      decisionId: valueOf(granted).recorded.decision_id,
      use: {
        token: change.token!.text,
        source: binding.source,
        projectId: binding.project_id,
        environment: binding.environment_label,
        requestFingerprint: binding.request_fingerprint,
        resourceReference: binding.resource_reference,
        monthly: null,
        hourly: null,
      },
    };
  };

  type Story = Awaited<ReturnType<typeof story>>;
  const vote =
    ({ approvalId }: Story, key: string): Run =>
    (world) =>
      world.manage.vote(
        { approvalId, vote: 'approve', stageId: null, notes: 'fine with me, go ahead', ticket: null },
        world.meta('lead-1', key),
      );
  const consume =
    ({ use }: Story, key: string): Run =>
    (world) =>
      world.consume.consume(use, world.meta('dev-1', key));
  const settle =
    ({ decisionId }: Story, key: string): Run =>
    (world) =>
      world.reconcile(
        { decisionId, actual: usd('3'), notes: null, isCorrection: false, trigger: 'manual' },
        world.meta('admin-1', key),
      );

  it.each<[string, (told: Story) => readonly Run[], string]>([
    ['a new question', () => [(world) => world.ask('1', { key: 'new' })], 'done'],
    [
      'a question asked again',
      () => [(world) => world.ask('1', { key: 'k' }), (world) => world.ask('1', { key: 'k' })],
      'done',
    ],
    [
      'a key used again',
      () => [(world) => world.ask('1', { key: 'k' }), (world) => world.ask('2', { key: 'k' })],
      'idempotency_conflict',
    ],
    ['a vote', (told) => [vote(told, 'v')], 'done'],
    ['a vote cast again', (told) => [vote(told, 'v'), vote(told, 'v')], 'done'],
    ['the use of a token', (told) => [consume(told, 'c')], 'done'],
    ['the use of a token again', (told) => [consume(told, 'c'), consume(told, 'c')], 'done'],
    ['a settlement', (told) => [consume(told, 'c'), settle(told, 's')], 'done'],
    ['a settlement again', (told) => [consume(told, 'c'), settle(told, 's'), settle(told, 's')], 'done'],
  ])('answers %s as always, or so that it may be repeated, whichever read it is', async (name, runsOf, expected) => {
    const store = new MemoryStore();
    const told = await story(store);
    const first = worlds[0]!;
    const runs = runsOf(told);
    for (const run of runs.slice(0, -1)) {
      valueOf(await run(first));
      await first.settle();
    }
    const last = runs.at(-1)!;
    const outcomes = new Set<string>();
    for (let nth = 1; nth <= READS_MAX; nth += 1) {
      const fresh = await open(store, first); // Everything that it knows, it has to read.
      const { mend } = failRead(fresh, nth);
      outcomes.add(await outcomeOf(() => last(fresh)));
      mend();
      expect(codeOf(await last(fresh))).toBe(expected);
    }
    const again = name.includes('question') || name.includes('key') ? GATE_AGAIN : AGAIN;
    expect([...outcomes].filter((code) => ![...again, expected].includes(code))).toEqual([]);
    expect([outcomes.has(expected), outcomes.size > 1]).toEqual([true, true]); // Some reads were met, and some were not.
  });
});

describe('a gate that cannot look up what it has forgotten', () => {
  it('decides nothing under a key that it may have answered before (G3)', async () => {
    const world = await new ServiceWorld().start();
    const { state } = await world.gate.current('acme');
    const forgetful = { ...state, answers: { forgotten: 1, has: () => false } };
    const decideChange = createDecideChange({
      gate: { current: () => Promise.resolve({ state: forgetful }) } as never,
      log: new EntryLog(world.journals),
      readModels: { findAnswers: () => Promise.reject(new ReadModelsUnavailable('away')) },
      clock: world.clock,
      ids: { uuid: () => world.uuid(), randomText: () => 'A' },
      logHost: 'log.test',
      rules: createCelRules(),
    });
    expect(codeOf(await decideChange(changeOf('1'), world.meta('dev-1', 'k')))).toBe('verdict_not_durable');
    await world.stop();
  });
});

describe('a service whose state cannot be had', () => {
  /** Use cases over a service that fails like this whenever it is asked for its state. */
  const over = (error: Error) => {
    const fails = () => Promise.reject(error);
    const service = { current: fails, caughtUp: fails, execute: fails };
    const deps = {
      ...{ gate: service, approvals: service, reconciliation: service },
      clock: { nowMs: () => 0 },
      ids: { uuid: () => '00000000-0000-7000-8000-000000000001', randomText: () => 'A'.repeat(43) },
    } as never;
    const decideChange = createDecideChange(deps);
    return { deps, decideChange };
  };
  const meta = new ServiceWorld().meta('dev-1', 'k');
  const page = { limit: 1, cursor: undefined };
  const review = { request: {}, integration: { tenantId: 'acme', integration: { terms: {} } } } as never;
  const decisionId = '00000000-0000-7000-8000-000000000002' as never;
  const queue = ({ deps }: Over) => new ManageApprovals(deps).queue(meta, page);
  type Over = ReturnType<typeof over>;

  const CASES: readonly (readonly [string, (over: Over) => Promise<UseCaseResult<unknown>>, string])[] = [
    ['a question', ({ decideChange }) => decideChange(changeOf('1'), meta), 'verdict_not_durable'],
    [
      'a batch',
      ({ deps }) =>
        createDecideChanges(deps)({ members: [{ request: changeOf('1'), key: null }], isAtomic: false }, meta),
      'verdict_not_durable',
    ],
    ['a review', ({ deps, decideChange }) => createReviewAdmission(deps, decideChange)(review), 'verdict_not_durable'],
    ['the queue', queue, 'log_unavailable'],
    [
      'a settlement',
      ({ deps }) =>
        createReconcileReservation(deps)(
          { decisionId, actual: usd('1'), notes: null, isCorrection: false, trigger: 'manual' },
          meta,
        ),
      'log_unavailable',
    ],
    [
      'a resolution',
      ({ deps }) => createResolveException(deps)({ exceptionId: 'e', resolution: 'accepted', notes: null }, meta),
      'log_unavailable',
    ],
    [
      'a sweep',
      ({ deps }) => new SweepReservations(deps).sweep({ olderThanSeconds: null, action: null, limit: 1 }, meta),
      'log_unavailable',
    ],
    [
      'an import',
      ({ deps }) => new ImportActualCosts(deps).import([{ line: 1, cell: () => undefined }], meta),
      'log_unavailable',
    ],
    ['a list', ({ deps }) => new MoneyAdmin(deps).credits(meta.caller, page), 'log_unavailable'],
    ['a look-up', ({ deps }) => new BudgetsAdmin(deps).find(meta.caller, 'b'), 'log_unavailable'],
    [
      'a rotation',
      ({ deps }) =>
        new IntegrationsAdmin(deps).rotate(
          { integrationId: 'i', previousValidUntil: null, clientKeySha256: null },
          meta,
        ),
      'log_unavailable',
    ],
  ];

  it.each(CASES)('answers %s 503 while the log is away, and 500 for a defect', async (_name, run, code) => {
    expect(await outcomeOf(() => run(over(new LogUnreadable('heads cannot be read'))))).toBe(code);
    expect(await outcomeOf(() => run(over(new TypeError('a defect'))))).toBe('500 TypeError: a defect');
  });

  it('is not called away when it finds an entry that it cannot fold', async () => {
    const world = await new ServiceWorld().start();
    valueOf(await world.ask('1'));
    const head = world.journals.store.head(journalName('policy', 'acme'));
    await world.journals.append(journalName('policy', 'acme'), head, [
      sealedEntry({ label: 'x', type: 'of_another_release' }),
    ]);
    for (const run of [() => world.ask('1'), () => world.admin.policyVersions('acme')])
      expect(await outcomeOf(run)).toMatch(/^500 TypeError/);
    await Promise.all([world.gate.stop(), world.approvals.stop(), world.reconciliation.stop()]);
  });
});
