import { describe, expect, it } from '@jest/globals';
import { DomainWorld, policyWith, pricedAt } from '../../../../test/support/domain-world.js';
import { outcomeOf } from './outcome.js';

type Mode = 'shadow' | 'soft' | 'hard';

/** Contract section 7.2, the enforce rows that evaluation can reach: budget 100, asked 40 (fits) or 160 (100 of it fits). */
const CELLS = [
  // mode, finding, asked, decision, hold, unfunded, exposure, mode reason, would be
  ['shadow', 'clean', '40', 'ALLOW', '0.0000', '0.0000', null, null],
  ['shadow', 'approval', '40', 'ALLOW', '0.0000', '40.0000', 'shadow_mode_approval_override', 'REQUIRE_APPROVAL'],
  ['shadow', 'violation', '160', 'ALLOW', '0.0000', '160.0000', 'shadow_mode_override', 'DENY'],
  ['soft', 'clean', '40', 'ALLOW', '40.0000', '0.0000', null, null],
  ['soft', 'approval', '40', 'REQUIRE_APPROVAL', '40.0000', '0.0000', null, null],
  ['soft', 'violation', '160', 'REQUIRE_APPROVAL', '100.0000', '0.0000', 'soft_mode_escalation', null],
  ['hard', 'clean', '40', 'ALLOW', '40.0000', '0.0000', null, null],
  ['hard', 'approval', '40', 'REQUIRE_APPROVAL', '40.0000', '0.0000', null, null],
  ['hard', 'violation', '160', 'DENY', '0.0000', '0.0000', 'hard_mode_denied', null],
] as const;

const worldOf = (mode: Mode, finding: string): DomainWorld => {
  const world = new DomainWorld(policyWith({ mode, approval: { required: { prod: finding === 'approval' } } }));
  world.setBudget('100');
  return world;
};

describe('the truth table', () => {
  it.each(CELLS)(
    '%s mode, %s finding: asking %s is %s and holds %s',
    (mode, finding, asked, decision, hold, exposure, reason, wouldBe) => {
      const recorded = worldOf(mode, finding).ask(asked);
      expect(recorded).toMatchObject({ decision, finding, mode, mode_scope: 'terraform:prod', exposure_usd: exposure });
      expect(recorded.hold.total_usd).toBe(hold);
      const modeReasons = recorded.reason_codes.filter((code) => /^(shadow|soft|hard)_mode_/.test(code));
      expect(modeReasons).toEqual(reason === null ? [] : [reason]);
      expect(recorded.would_be?.decision ?? null).toBe(wouldBe);
      expect(recorded.approval === null).toBe(decision !== 'REQUIRE_APPROVAL');
    },
  );

  it.each(CELLS)(
    '%s mode, %s finding: a dry run of %s is %s too, and holds nothing',
    (...[mode, finding, asked, decision]) => {
      const world = worldOf(mode, finding);
      const recorded = world.ask(asked, { isDryRun: true });
      expect(recorded).toMatchObject({ decision, dry_run: true, approval: null, exposure_usd: '0.0000' });
      expect(recorded.hold).toMatchObject({ legs: [], total_usd: '0.0000' });
      expect(recorded.reason_codes).toContain('dry_run');
      expect(world.gate.accounts.holds.size).toBe(0);
    },
  );

  it('opens in shadow, escalates in soft and closes in hard mode when evaluation fails', () => {
    expect(outcomeOf('shadow', 'failure')).toEqual({ outcome: 'ALLOW', hold: 'none', reason: 'shadow_mode_fail_open' });
    expect(outcomeOf('soft', 'failure')).toEqual({
      outcome: 'REQUIRE_APPROVAL',
      hold: 'fundable',
      reason: 'soft_mode_fail_safe_escalation',
    });
    expect(outcomeOf('hard', 'failure')).toEqual({ outcome: 'DENY', hold: 'none', reason: 'hard_mode_fail_closed' });
  });

  it('lets the strongest finding decide', () => {
    const world = worldOf('soft', 'approval');
    expect(world.ask('160')).toMatchObject({ finding: 'violation', decision: 'REQUIRE_APPROVAL' });
  });

  it('holds nothing in shadow mode, names the exposure and what hard mode had said (scenario 12)', () => {
    const world = new DomainWorld(policyWith({ mode: 'shadow' }));
    const { account } = world.setBudget('100');
    const recorded = world.ask('500');
    expect(recorded).toMatchObject({
      decision: 'ALLOW',
      hold: { legs: [], total_usd: '0.0000' },
      exposure_usd: '500.0000',
      would_be: { decision: 'DENY', reason_codes: ['budget_exceeded', 'hard_mode_denied'] },
    });
    expect(recorded.reason_codes).toEqual(['budget_exceeded', 'shadow_mode_override']);
    expect(world.balance(account).held).toBe(0n);
  });

  it('says of what would have been all that the answer in hard mode says, notes and all', () => {
    const asked = (mode: Mode, isDryRun = false) => {
      const world = new DomainWorld(policyWith({ mode, approval: { required: { prod: true } } }));
      return world.ask('500', { environment: 'live-eu', isDryRun });
    };
    for (const isDryRun of [false, true]) {
      const [softened, real] = [asked('shadow', isDryRun), asked('hard', isDryRun)];
      expect(softened.would_be).toEqual({
        ...{ decision: real.decision, has_notes: true },
        reason_codes: real.reason_codes,
      });
      expect(real.reason_codes).toEqual(
        expect.arrayContaining(['environment_unknown_strict', ...(isDryRun ? ['dry_run'] : [])]),
      );
    }
  });

  it('takes the mode of the class before the default of the source', () => {
    const world = new DomainWorld(policyWith({ mode_matrix: { terraform: { default: 'hard', nonprod: 'shadow' } } }));
    expect(world.ask('1', { environment: 'staging' })).toMatchObject({
      mode: 'shadow',
      mode_scope: 'terraform:nonprod',
    });
    expect(world.ask('1', { environment: 'prod' })).toMatchObject({ mode: 'hard', mode_scope: 'terraform:prod' });
  });

  it('books no exposure for a saving', () => {
    const world = new DomainWorld(policyWith({ mode: 'shadow', pricing: { unknown: { prod: 'violation' } } }));
    expect(world.ask(null, { evidence: pricedAt('-50', { completeness: 'partial' }) }).exposure_usd).toBe('0.0000');
  });
});
