import { afterEach, describe, expect, it } from '@jest/globals';
import { balanceOf, type DecisionRecorded, NO_CHANGE_FACTS, termsOf } from '@verdict/domain';
import { MemoryStore } from '@verdict/adapter-memory';
import { encodeState, type RecordedEntry } from '@verdict/application';
import { readEntry } from '@verdict/ledger';
import { fixedClock } from '@verdict/testkit';
import { rawJson, readFixture } from '../fixtures/terraform-fixtures.js';
import { outOfOrder } from '../support/member-order.js';
import { bookOf } from '../support/mutants/judges.js';
import { POD_BOOK } from '../support/pod-price-book.js';
import { replayed, sourceOf } from '../support/replay-journals.js';
import { codeOf, MONEY_ONLY, ServiceWorld, usd, valueOf } from '../support/service-world.js';

const worlds: ServiceWorld[] = [];
const open = async (options: ConstructorParameters<typeof ServiceWorld>[0] = {}): Promise<ServiceWorld> => {
  const world = await new ServiceWorld(options).start();
  worlds.push(world);
  return world;
};
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.stop()));
});

const plain = (state: unknown): unknown => JSON.parse(Buffer.from(encodeState(state)).toString());

const balance = async (world: ServiceWorld, account: string) => {
  const { state } = await world.gate.caughtUp('acme');
  const now = world.clock.now();
  return balanceOf(state.accounts, account, termsOf(state.policy)(account, now), now);
};

describe('what a decision records', () => {
  it('has its members in canonical order, so that sealing has nothing to sort', async () => {
    const world = await open();
    await world.budget('1000');
    const run = {
      ...{ callback_url: null, run_id: 'run-1', run_url: null, stage: 'pre_apply' },
      ...{ workspace_id: 'ws-1', workspace_name: null },
    };
    const asked = [
      await world.ask('10', { justification: 'the disks are nearly full', ticket: 'OPS-1' }),
      await world.ask('10', {
        run,
        planSha256: 'a'.repeat(64),
        documents: { plan: readFixture('create-basic', 'plan.json') },
      }),
    ];
    for (const { recorded, entry } of asked.map(valueOf))
      expect([recorded, entry.observed].flatMap((value) => outOfOrder(value))).toEqual([]);
  });
});

describe('a plan that forgets resources', () => {
  const change = (name: string, actions: readonly string[]) => ({
    ...{ address: `aws_instance.${name}`, mode: 'managed', type: 'aws_instance', name },
    ...{ provider_name: 'registry.terraform.io/hashicorp/aws', change: { actions, before: {}, after: {} } },
  });
  const asked = async (world: ServiceWorld, changes: readonly object[]) => {
    const resourceChanges = rawJson(JSON.stringify(changes));
    const claim = { method: 'declared', monthly: null, hourly: null, isInvalid: false } as const;
    return valueOf(await world.ask('1', { documents: { resourceChanges }, claim })).recorded;
  };

  it('is warned of once, at a delta of 0, also in more of them than lines are kept for', async () => {
    const world = await open();
    await world.policy(MONEY_ONLY);
    valueOf(await world.admin.publishPriceBook(bookOf(JSON.stringify(POD_BOOK)), world.meta('admin-1')));
    const few = await asked(world, [change('a', ['forget']), change('b', ['forget'])]);
    expect(few).toMatchObject({
      decision: 'ALLOW',
      change: { creates: 0, deletes: 0, forgets: 2 },
      cost: { monthly_delta_usd: '0.0000', completeness: 'complete' },
      warnings: expect.arrayContaining(['resources that are forgotten run on and cost what they did: 2']),
    });
    expect(outOfOrder(few)).toEqual([]);
    const many = await asked(
      world,
      Array.from({ length: 1200 }, (_, at) => change(String(at), ['forget'])),
    );
    expect(many.warnings.filter((text) => text.includes('forgotten'))).toEqual([
      'resources that are forgotten run on and cost what they did: 1200',
    ]);
    const none = await asked(world, [change('c', ['no-op'])]);
    expect(none.change).not.toHaveProperty('forgets');
    expect(await replayed(sourceOf(world.journals, 'acme'))).toMatchObject({ decisions: 3, diverging: 0, hidden: 0 });
  });

  it('derives as it was recorded where nobody was warned yet', async () => {
    const world = await open();
    await world.policy(MONEY_ONLY);
    valueOf(await world.admin.publishPriceBook(bookOf(JSON.stringify(POD_BOOK)), world.meta('admin-1')));
    await asked(world, [change('a', ['forget'])]);
    const older = sourceOf(world.journals, 'acme', (_, entry) => {
      if (entry.type !== 'decision_recorded') return entry;
      const { change: facts, warnings, ...payload } = structuredClone(entry.payload) as DecisionRecorded;
      const { forgets, ...others } = facts ?? NO_CHANGE_FACTS;
      expect(forgets).toBe(1);
      const unwarned = warnings.filter((text) => !text.includes('forgotten'));
      return { ...entry, payload: { ...payload, change: others, warnings: unwarned } };
    });
    expect(await replayed(older)).toMatchObject({ decisions: 1, diverging: 0, hidden: 0 });
  });
});

describe('the gate under concurrency', () => {
  it('allows exactly the 37 of 1,000 concurrent changes that the budget fits', async () => {
    const world = await open();
    await world.policy(MONEY_ONLY);
    const { budget } = await world.budget('379.9999'); // 37 changes of 10 and a rest that fits no other.
    const results = await Promise.all(Array.from({ length: 1000 }, () => world.ask('10')));
    const decisions = results.map((result) => valueOf(result).recorded.decision);
    expect(decisions.filter((decision) => decision === 'ALLOW')).toHaveLength(37);
    expect(decisions.filter((decision) => decision === 'DENY')).toHaveLength(963);
    expect((await balance(world, `budget:${budget.terms.budget_id}`)).held).toBe(usd('370'));
  });

  it('never lets two replicas together exceed a budget', async () => {
    const store = new MemoryStore();
    const first = await open({ store });
    const second = await open({ store, clock: first.clock, idsFrom: 1_000_000 });
    await first.policy(MONEY_ONLY);
    await first.budget('379.9999');
    const asked = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? first : second).ask('10'));
    const decisions = (await Promise.all(asked)).map((result) => valueOf(result).recorded.decision);
    expect(decisions.filter((decision) => decision === 'ALLOW')).toHaveLength(37);
  });

  it('makes a call that begins after a policy was answered see that policy, on every replica', async () => {
    const store = new MemoryStore();
    const first = await open({ store });
    const second = await open({ store, clock: first.clock, idsFrom: 1_000_000 });
    await first.policy(MONEY_ONLY);
    valueOf(await second.ask('1'));
    const { version } = await first.policy({ ...MONEY_ONLY, entitlements: { hard_deny_above_monthly_usd: usd('50') } });
    const { recorded } = valueOf(await second.ask('60'));
    expect(recorded).toMatchObject({ policy_version: version.version, decision: 'DENY' });
    expect(recorded.reason_codes).toContain('hard_deny_threshold_exceeded');
  });
});

describe('one command, one outcome (G3)', () => {
  it('returns the first answer for the same key and payload, also while the first is in flight and after a restart', async () => {
    const store = new MemoryStore();
    const world = await open({ store });
    await world.policy(MONEY_ONLY);
    await world.budget('1000');
    const [first, again] = await Promise.all([world.ask('20', { key: 'key-1' }), world.ask('20', { key: 'key-1' })]);
    const answers = [valueOf(first), valueOf(again)];
    expect(answers.map(({ isReplayed }) => isReplayed).sort()).toEqual([false, true]);
    expect(answers[1]?.recorded).toEqual(answers[0]?.recorded);
    await world.stop();
    const restarted = await open({ store, clock: world.clock, idsFrom: 1_000_000 });
    const later = valueOf(await restarted.ask('20', { key: 'key-1' }));
    expect(later).toMatchObject({ isReplayed: true, recorded: answers[0]?.recorded });
    expect((await balance(restarted, 'ceiling:plan')).held).toBe(usd('20'));
  });

  it('refuses the same key with another payload and names the fields that differ', async () => {
    const world = await open();
    await world.policy(MONEY_ONLY);
    valueOf(await world.ask('20', { key: 'key-1' }));
    const refused = await world.ask('2000', { key: 'key-1' });
    expect(refused).toMatchObject({
      kind: 'problem',
      problem: { code: 'idempotency_conflict', extra: { differing_fields: ['/estimated_monthly_delta_usd'] } },
    });
    expect(valueOf(await world.ask('20', { key: 'key-1' })).isReplayed).toBe(true);
  });

  it('decides a keyless question afresh once its answer has lapsed, and takes over what the lapsed one held', async () => {
    const world = await open();
    await world.policy(MONEY_ONLY);
    await world.budget('100');
    const keyless = () =>
      world.decideChange(
        {
          source: 'terraform',
          action: 'terraform.apply',
          resourceReference: 'r',
          projectId: 'web',
          environment: 'prod',
          claim: { method: 'declared', monthly: usd('80'), hourly: null, isInvalid: false },
          metadata: '{}',
          documents: {},
          planSha256: null,
          run: null,
          isDryRun: false,
          expectedFingerprint: null,
          justification: null,
          ticket: null,
        },
        world.meta('dev-1'),
      );
    const first = valueOf(await keyless());
    world.clock.advance(899_000);
    expect(valueOf(await keyless())).toMatchObject({ isReplayed: true });
    world.clock.advance(2_000);
    const second = valueOf(await keyless());
    expect(second.recorded).toMatchObject({
      decision: 'ALLOW',
      supersedes: first.recorded.decision_id,
      key: { generation: 2 },
    });
    expect((await balance(world, 'ceiling:plan')).held).toBe(usd('80'));
  });

  it('keeps a dry run in a key space of its own, holding nothing', async () => {
    const world = await open();
    await world.policy(MONEY_ONLY);
    const dry = valueOf(await world.ask('20', { key: 'key-1', isDryRun: true }));
    expect(dry.recorded).toMatchObject({ decision: 'ALLOW', dry_run: true, hold: { total_usd: '0.0000', legs: [] } });
    expect(valueOf(await world.ask('20', { key: 'key-1' })).isReplayed).toBe(false);
  });
});

describe('a new tenant', () => {
  it('gets a verdict on its very first question, under the built-in policy', async () => {
    const running = fixedClock();
    // Time passes with every look at the clock, so the question is older than the policy that answers it.
    const clock = {
      ...running,
      nowMs: () => {
        running.advance(1);
        return running.nowMs();
      },
    };
    const world = await open({ clock });
    const { recorded } = valueOf(await world.ask('5'));
    expect(recorded).toMatchObject({ policy_version: 1, decision: 'ALLOW' });
  });
});

describe('unknown outcomes', () => {
  it('answers unknown when the log does not say, and the same key afterwards gets the one outcome there is', async () => {
    const world = await open();
    await world.policy(MONEY_ONLY);
    await world.budget('1000');
    world.journals.faults.arm('crash_after_commit');
    expect(codeOf(await world.ask('20', { key: 'key-1' }))).toBe('outcome_unknown');
    const again = valueOf(await world.ask('20', { key: 'key-1' }));
    expect(again).toMatchObject({ isReplayed: true, recorded: { decision: 'ALLOW' } });
    expect((await balance(world, 'ceiling:plan')).held).toBe(usd('20'));
  });

  it('writes nothing for a batch that died before its commit', async () => {
    const world = await open();
    await world.policy(MONEY_ONLY);
    world.journals.faults.arm('crash_before_commit');
    expect(codeOf(await world.ask('20', { key: 'key-1' }))).toBe('outcome_unknown');
    expect(valueOf(await world.ask('20', { key: 'key-1' })).isReplayed).toBe(false);
  });
});

describe('folding again', () => {
  it('gives the state the writer had, whatever the order of journals was', async () => {
    const store = new MemoryStore();
    const world = await open({ store });
    await world.policy({ ...MONEY_ONLY, mode_matrix: { terraform: { default: 'soft' } } });
    await world.budget('100');
    const held = valueOf(await world.ask('60')).recorded;
    const asked = valueOf(await world.ask('80')).recorded;
    await world.settle();
    valueOf(
      await world.manage.vote(
        {
          approvalId: asked.approval?.approval_id ?? ('' as never),
          vote: 'approve',
          stageId: null,
          notes: 'looks right to me',
          ticket: null,
        },
        world.meta('lead-1'),
      ),
    );
    await world.settle();
    valueOf(
      await world.reconcile(
        { decisionId: held.decision_id, actual: usd('75'), notes: null, isCorrection: false, trigger: 'manual' },
        world.meta('admin-1'),
      ),
    );
    await world.settle();
    const live = await world.gate.caughtUp('acme');
    const again = await open({ store, clock: world.clock, idsFrom: 1_000_000 });
    const folded = await again.gate.caughtUp('acme');
    expect(folded.folded).toEqual(live.folded);
    expect(plain(folded.state)).toEqual(plain(live.state));
  });

  it('seals what a person wrote, and the hash covers the sealed form', async () => {
    const world = await open();
    await world.policy(MONEY_ONLY);
    valueOf(await world.ask('5', { justification: 'call Anna on 0170 123' }));
    const entries: RecordedEntry[] = [];
    for await (const { bytes } of world.journals.read('decisions-acme', 0n)) entries.push(readEntry(bytes) as never);
    expect(JSON.stringify(entries.map(({ payload }) => payload))).not.toContain('Anna');
    expect(JSON.stringify(entries.map(({ payload }) => payload))).toContain('$sealed');
  });
});
