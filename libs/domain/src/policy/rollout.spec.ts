import { describe, expect, it } from '@jest/globals';
import { DomainWorld, policyWith } from '../../../../test/support/domain-world.js';
import type { DecisionRecorded } from '../decisions/decisions.entries.js';
import { evaluate } from '../decisions/evaluate.js';
import { recordedQuestion } from '../decisions/recorded-question.js';
import { cohortOf } from './cohort.js';

const strict = policyWith({ entitlements: { hard_deny_above_monthly_usd: '10.0000' } });
const versionFor = (world: DomainWorld, project: string): number => world.ask('1', { project }).policy_version;

describe('cohorts', () => {
  it.each([
    ['data', 4],
    ['default', 6],
    ['billing', 47],
    ['ops', 63],
    ['search', 70],
    ['api', 80],
    ['checkout', 83],
    ['web', 92],
  ])('under salt r1, %s is in bucket %i', (project, bucket) => {
    expect(cohortOf('r1', project)).toBe(bucket);
  });
});

describe('a rollout', () => {
  const rolledOut = (cohort_percent: number) => {
    const world = new DomainWorld();
    const version = world.publishAs(strict, { rollout: { cohort_percent, salt: 'r1' } });
    return { world, version };
  };

  it('reaches the buckets below its percentage, and no other', () => {
    expect(versionFor(rolledOut(4).world, 'data')).toBe(1);
    expect(versionFor(rolledOut(5).world, 'data')).toBe(2);
    expect(['data', 'default', 'billing', 'ops', 'web'].map((each) => versionFor(rolledOut(47).world, each))).toEqual([
      2, 2, 1, 1, 1,
    ]);
  });

  it('decides by the version that it brings, and leaves the others the previous full one', () => {
    const { world } = rolledOut(50);
    expect(world.ask('11', { project: 'data' }).decision).toBe('DENY');
    expect(world.ask('11', { project: 'web' }).decision).toBe('ALLOW');
  });

  it('loses nobody when it is widened, and is for all at 100', () => {
    const projects = Array.from({ length: 300 }, (_, index) => `p-${String(index)}`);
    const reached = (percent: number) => projects.filter((project) => cohortOf('r1', project) < percent);
    for (const [less, more] of [
      [5, 20],
      [20, 60],
      [60, 100],
    ] as const)
      expect(reached(more)).toEqual(expect.arrayContaining(reached(less)));
    expect(reached(100)).toHaveLength(300);
    expect(versionFor(rolledOut(100).world, 'web')).toBe(2);
  });

  it('is overtaken by a later version that is for all', () => {
    const { world } = rolledOut(50);
    world.pass(1);
    world.publish(policyWith({ mode: 'soft' }));
    expect(versionFor(world, 'data')).toBe(3);
  });
});

describe('a challenger', () => {
  it('is evaluated beside what is in force and neither holds nor answers', () => {
    const world = new DomainWorld();
    const version = world.publishAs(strict, { role: 'challenger' });
    const { account } = world.setBudget('100');
    const recorded = world.ask('11');
    expect(recorded).toMatchObject({ decision: 'ALLOW', policy_version: 1, hold: { total_usd: '11.0000' } });
    expect(recorded.challenger).toEqual({
      decision: 'DENY',
      evaluated: true,
      reason_codes: ['hard_deny_threshold_exceeded', 'hard_mode_denied'],
      version,
    });
    expect(world.balance(account).held).toBe(11_000_000n);
  });

  it('has the grants of the champion: an equal text says the same of a change that was agreed to', () => {
    const soft = policyWith({ mode: 'soft', approval: { required: { prod: true } } });
    const world = new DomainWorld(soft);
    world.publishAs(soft, { role: 'challenger' });
    const { account } = world.setBudget('100');
    const review = {
      source: 'k8s_admission',
      channel: 'grant',
      review: { clusterId: 'c1', generatedName: null },
    } as const;
    const approved = world.ask('80', review);
    world.settle();
    world.vote(approved.approval?.approval_id ?? ('' as never), 'lead-1', { token: null });
    world.settle();
    const { gate: before } = world;
    const used = world.ask('80', review);
    expect(used).toMatchObject({
      decision: 'ALLOW',
      reason_codes: ['approval_grant_used'],
      challenger: { decision: 'ALLOW', evaluated: true, grant_used: true, reason_codes: ['approval_grant_used'] },
    });
    expect(world.balance(account).held).toBe(80_000_000n);
    const { rules } = world.question('80', review);
    const derived = (recorded: DecisionRecorded) => {
      const question = recordedQuestion(recorded, 'acme', rules);
      return question === undefined ? undefined : evaluate(question, before, recorded.key.generation)?.challenger;
    };
    expect(derived(used)).toEqual(used.challenger);
    // Written when challengers saw no grants: derived as it was.
    const { grant_used: _, ...blind } = used.challenger ?? {
      version: 0,
      evaluated: false,
      decision: null,
      reason_codes: [],
    };
    expect(derived({ ...used, challenger: blind })?.decision).toBe('REQUIRE_APPROVAL');
  });

  it('is skipped where time is short, which changes nothing else, and is derived again as skipped (G7)', () => {
    const world = new DomainWorld();
    const version = world.publishAs(strict, { role: 'challenger' });
    const question = world.question('11');
    const [whole, skipped] = [question, { ...question, isChallengerSkipped: true as const }].map((asked) =>
      evaluate(asked, world.gate, 1),
    );
    expect(skipped).toEqual({
      ...whole,
      challenger: { decision: null, evaluated: false, reason_codes: [], version },
    });
    expect(whole?.challenger?.evaluated).toBe(true);
    for (const recorded of [whole, skipped]) {
      const again = recorded && recordedQuestion(recorded, 'acme', question.rules);
      expect(again && evaluate(again, world.gate, 1)).toEqual(recorded);
    }
  });

  it('is not there unless one was published, time or not', () => {
    const world = new DomainWorld();
    expect(evaluate({ ...world.question('11'), isChallengerSkipped: true }, world.gate, 1)?.challenger).toBeNull();
    expect(new DomainWorld().ask('11').challenger).toBeNull();
  });
});
