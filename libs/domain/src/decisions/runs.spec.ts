import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sha256Hex } from '../shared/sha256.js';
import { type Ask, DomainWorld, entriesOf, policyWith, usd } from '../../../../test/support/domain-world.js';
import type { DecisionId } from '../shared/brand.js';
import type { AskForChange } from './ask-for-change.js';
import type { DecisionsEntry } from './decisions.entries.js';
import { decideNoteRunStage, type NoteRunStage } from './runs.js';

interface Task extends Ask {
  readonly stage?: string;
  readonly runId?: string;
  readonly integrationId?: string;
  readonly taskId?: string;
}

let tasks = 0;
const question = (world: DomainWorld, amount: string, more: Task = {}): AskForChange => {
  tasks += 1;
  const { stage = 'post_plan', runId = 'run-1', integrationId = 'i-1', taskId = `task-${String(tasks)}` } = more;
  const asked = world.question(amount, { channel: 'grant', ...more, key: `runtask:${taskId}` });
  const run = {
    ...{ run_id: runId, stage, workspace_id: 'ws', workspace_name: 'w', run_url: null, callback_url: null },
    task: { integration_id: integrationId, task_result_id: taskId },
  };
  return { ...asked, key: { ...asked.key, isDerived: true }, request: { ...asked.request, run } };
};
const ask = (world: DomainWorld, amount: string, more: Task = {}) => world.decide(question(world, amount, more));
const typesOf = (result: { readonly kind: string; readonly entries?: readonly DecisionsEntry[] }) =>
  result.entries?.map(({ type }) => type);
const asking = (): DomainWorld =>
  new DomainWorld(policyWith({ approval: { required: { prod: true, nonprod: true } } }));

describe('the tasks of one run', () => {
  it('are answered by the decision that stands while the change is equal', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('1000');
    ask(world, '100');
    const again = ask(world, '100', { stage: 'pre_apply', taskId: 'second' });
    expect(again).toMatchObject({ kind: 'reanswered', revision: 0n });
    expect(typesOf(again as never)).toEqual(['decision_reanswered']);
    expect(world.balance(account).held).toBe(usd('100'));
    expect(ask(world, '100', { stage: 'pre_apply', taskId: 'second' })).toMatchObject({ kind: 'replay', revision: 0n });
  });

  it('take over what the run holds once the change is another, or the answer has expired', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('1000');
    ask(world, '600');
    const other = ask(world, '700', { stage: 'pre_apply' });
    expect(typesOf(other as never)).toEqual(['hold_voided', 'decision_recorded']);
    expect(world.balance(account).held).toBe(usd('700')); // 600 and 700 together would not fit.
    world.pass(901);
    expect(typesOf(ask(world, '700', { stage: 'pre_apply' }) as never)).toEqual(['hold_voided', 'decision_recorded']);
    expect(world.balance(account).held).toBe(usd('700'));
  });

  it('leave the hold alone when the new answer holds nothing, since the change may have been made', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('1000');
    ask(world, '600');
    expect(typesOf(ask(world, '2000', { stage: 'pre_apply' }) as never)).toEqual(['decision_recorded']);
    expect(world.balance(account).held).toBe(usd('600'));
  });

  it('take over the hold that a denial in between has left', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('1000');
    ask(world, '600');
    ask(world, '2000', { stage: 'pre_apply' });
    expect(typesOf(ask(world, '700', { stage: 'pre_apply' }) as never)).toEqual(['hold_voided', 'decision_recorded']);
    expect(world.balance(account).held).toBe(usd('700'));
  });

  it('are decided afresh once what the run held was settled, save one that is delivered again', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('1000');
    ask(world, '600', { taskId: 'first' });
    const [held] = [...world.gate.accounts.holds].map(([id]) => id as DecisionId);
    world.spend(held!, '100');
    expect(ask(world, '600', { taskId: 'first' })).toMatchObject({ kind: 'replay' });
    expect(typesOf(ask(world, '600', { stage: 'pre_apply' }) as never)).toEqual(['decision_recorded']);
    expect(world.balance(account)).toMatchObject({ held: usd('600'), spent: usd('100') });
  });

  it('ask nobody twice while the approval is pending, and use it once it is granted', () => {
    const world = asking();
    const { account } = world.setBudget('1000');
    ask(world, '100');
    world.settle();
    expect(ask(world, '100', { stage: 'pre_apply' })).toMatchObject({ kind: 'reanswered' });
    const [recorded] = entriesOf(
      world.log.map(({ entry }) => entry),
      'decision_recorded',
    );
    world.vote(recorded!.approval!.approval_id, 'lead-1');
    world.settle();
    const used = ask(world, '100', { stage: 'pre_apply' });
    expect(typesOf(used as never)).toEqual(['hold_voided', 'decision_recorded']);
    const last = (used as { entries: readonly DecisionsEntry[] }).entries.at(-1);
    expect(last?.payload).toMatchObject({ decision: 'ALLOW', supersedes: null });
    expect(world.balance(account).held).toBe(usd('100'));
  });

  const requestsOf = (world: DomainWorld) =>
    [...world.approvals.approvals].map(([, { status, requested }]) => [requested.monthly_delta_usd, status]);

  it('ask for one approval: the request for what was taken over is withdrawn, whoever hears of it first', () => {
    for (const isOpenBefore of [true, false]) {
      const world = asking();
      world.setBudget('1000');
      ask(world, '100');
      if (isOpenBefore) world.settle();
      ask(world, '120', { stage: 'pre_apply' });
      world.settle();
      expect(requestsOf(world)).toEqual([
        ['100.0000', 'withdrawn'],
        ['120.0000', 'pending'],
      ]);
      const entries = world.log.map(({ entry }) => entry);
      expect(entriesOf(entries, 'approval_withdrawn')).toMatchObject([
        { withdrawn_by: 'verdict', cause: 'superseded' },
      ]);
      const before = world.log.length;
      world.settle();
      expect(world.log).toHaveLength(before);
    }
  });

  it('leave no grant behind that nothing can use: what was agreed to and taken over is withdrawn as well', () => {
    const world = asking();
    const { account } = world.setBudget('1000');
    ask(world, '100');
    world.settle();
    const [first] = [...world.approvals.approvals.keys()];
    world.vote(first as never, 'lead-1');
    world.settle();
    ask(world, '120', { stage: 'pre_apply' });
    world.settle();
    expect(requestsOf(world)).toEqual([
      ['100.0000', 'withdrawn'],
      ['120.0000', 'pending'],
    ]);
    expect(world.balance(account).held).toBe(usd('120'));
  });

  it.each<readonly [string, Task]>([
    ['another run', { runId: 'run-2' }],
    ['the same number at another installation', { integrationId: 'i-2' }],
  ])('know nothing of %s', (_what, more) => {
    const world = new DomainWorld();
    const { account } = world.setBudget('1000');
    ask(world, '100');
    expect(typesOf(ask(world, '100', more) as never)).toEqual(['decision_recorded']);
    expect(world.balance(account).held).toBe(usd('200'));
  });

  it('leave nothing behind in a dry run, and take nothing over in one', () => {
    const world = new DomainWorld();
    const { account } = world.setBudget('1000');
    ask(world, '100', { isDryRun: true });
    expect(typesOf(ask(world, '100') as never)).toEqual(['decision_recorded']);
    expect(typesOf(ask(world, '300', { isDryRun: true }) as never)).toEqual(['decision_recorded']);
    expect(world.balance(account).held).toBe(usd('100'));
  });

  it('are decided again once denied: the budget may have grown', () => {
    const world = new DomainWorld();
    const { budgetId } = world.setBudget('50');
    ask(world, '100');
    world.changeBudget(budgetId, '500');
    const again = ask(world, '100', { stage: 'pre_apply' });
    expect((again as { entries: readonly DecisionsEntry[] }).entries.at(-1)?.payload).toMatchObject({
      decision: 'ALLOW',
    });
  });

  it('note a stage that asks about no money once, and only of a run that was decided', () => {
    const world = new DomainWorld();
    ask(world, '100');
    const note: NoteRunStage = {
      kind: 'note_run_stage',
      ...{ integrationId: 'i-1', runId: 'run-1', stage: 'post_apply', now: world.now },
      ...{ key: { scope: 'terraform', text: 'runtask:x' }, payloadHash: sha256Hex('x') },
    };
    expect(decideNoteRunStage(note, world.gate.runs, false)).toMatchObject({
      entries: [{ type: 'decision_reanswered', payload: { stage: 'post_apply', decision_revision: 0 } }],
    });
    expect(decideNoteRunStage(note, world.gate.runs, true)).toEqual({ kind: 'accepted', entries: [] });
    expect(decideNoteRunStage({ ...note, runId: 'run-9' }, world.gate.runs, false)).toEqual({
      kind: 'accepted',
      entries: [],
    });
  });
});

describe('a run', () => {
  it('never holds twice, whatever its tasks ask and however long they take', () => {
    const step = fc.record({
      run: fc.constantFrom('run-1', 'run-2'),
      amount: fc.integer({ min: 1, max: 900 }).map(String),
      seconds: fc.constantFrom(0, 10, 1_000),
      isDryRun: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const world = new DomainWorld();
        const { account } = world.setBudget('1000');
        for (const { run, amount, seconds, isDryRun } of steps) {
          world.pass(seconds);
          ask(world, amount, { runId: run, isDryRun, stage: 'pre_apply' });
          const holding = [...world.gate.accounts.holds.keys()];
          expect(holding.length).toBeLessThanOrEqual(2); // One a run.
          expect(world.balance(account).held).toBeLessThanOrEqual(usd('1000'));
        }
      }),
      { numRuns: 60 },
    );
  });
});
