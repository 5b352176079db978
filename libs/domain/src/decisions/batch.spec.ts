import { describe, expect, it } from '@jest/globals';
import { type Ask, DomainWorld, type PolicyChange, policyWith, usd } from '../../../../test/support/domain-world.js';
import { freeHold } from '../accounts/accounts.js';
import { evolveReservations, noReservations } from '../reservations/reservations.state.js';
import { sha256Hex } from '../shared/sha256.js';
import { type AskForChanges, type BatchKey, type BatchResult, decideChanges } from './batch.js';
import { type DecisionsEntry } from './decisions.entries.js';
import { evolveGate, type GateState } from './decisions.state.js';

type Item = readonly [string | null, Ask?];
const asking = (
  world: DomainWorld,
  items: readonly Item[],
  { isAtomic = false, key = null }: Partial<Pick<AskForChanges, 'isAtomic' | 'key'>> = {},
) =>
  decideChanges(
    { kind: 'ask_for_changes', isAtomic, key, items: items.map(([amount, more]) => world.question(amount, more)) },
    world.gate,
    (state, id): GateState => ({ ...state, accounts: freeHold(state.accounts, id) }),
  );
const decide = (world: DomainWorld, items: readonly Item[], isAtomic = false, key: BatchKey | null = null) => {
  const result = asking(world, items, { isAtomic, key });
  if (result.kind === 'refused') throw new Error(`refused: ${result.refusal.code}`);
  const after = result.entries.reduce(
    (state: GateState, entry: DecisionsEntry, index) =>
      evolveGate(state, { journal: 'decisions', entry, revision: BigInt(index) }),
    world.gate,
  );
  return { result, after };
};
const membersOf = ({ entries, answers }: BatchResult) =>
  answers.map((answer) => {
    const entry = answer.kind === 'recorded' ? entries[answer.index] : undefined;
    if (entry?.type !== 'decision_recorded') throw new Error(`no decision but ${answer.kind}`);
    return entry.payload;
  });
const hundred = (change: PolicyChange = {}): DomainWorld => {
  const world = new DomainWorld(policyWith(change));
  world.setBudget('100');
  return world;
};

describe('a batch', () => {
  it('is decided in order, each member on the state that the earlier left', () => {
    const { result, after } = decide(hundred(), [['60'], ['60'], ['40']]);
    const members = membersOf(result);
    expect(members.map(({ decision }) => decision)).toEqual(['ALLOW', 'DENY', 'ALLOW']);
    expect(members.map(({ batch }) => [batch?.index, batch?.size, batch?.atomic, batch?.rolled_back])).toEqual([
      [0, 3, false, false],
      [1, 3, false, false],
      [2, 3, false, false],
    ]);
    expect(after.accounts.holds.size).toBe(2);
  });

  it('answers a key twice in it once, and refuses it for another payload without stopping the others', () => {
    const { result } = decide(hundred(), [['10', { key: 'k' }], ['10', { key: 'k' }], ['20', { key: 'k' }], ['30']]);
    expect(result.answers).toMatchObject([
      { kind: 'recorded', index: 0 },
      { kind: 'recorded', index: 0 },
      { kind: 'refused', refusal: { code: 'idempotency_conflict' } },
      { kind: 'recorded', index: 1 },
    ]);
    expect(result.entries).toHaveLength(2);
  });

  it('replays what was answered before', () => {
    const world = hundred();
    world.ask('10', { key: 'k' });
    expect(decide(world, [['10', { key: 'k' }], ['20']]).result.answers).toMatchObject([
      { kind: 'replay', revision: 0n, isExpired: false },
      { kind: 'recorded', index: 0 },
    ]);
  });

  it('that is atomic holds all its members when each is permitted', () => {
    const { result, after } = decide(hundred(), [['60'], ['40']], true);
    expect(membersOf(result).map(({ decision, would_be }) => [decision, would_be])).toEqual([
      ['ALLOW', null],
      ['ALLOW', null],
    ]);
    expect(after.accounts.held.get('ceiling:plan')).toBe(usd('100'));
  });

  it('that is atomic holds nothing and opens nothing once a member is not permitted', () => {
    const world = hundred({ mode: 'soft', approval: { required: { prod: true } } });
    world.grantWaiver(['approval_required'], { max_uses: 1, scope: { resource_prefix: 'waived' } });
    const { result, after } = decide(world, [['20'], ['50'], ['30', { resource: 'waived' }]], true);
    const members = membersOf(result);
    expect(members.map(({ decision }) => decision)).toEqual(['DENY', 'REQUIRE_APPROVAL', 'DENY']);
    expect(members.map(({ would_be }) => would_be?.decision)).toEqual(['ALLOW', 'REQUIRE_APPROVAL', 'ALLOW']);
    expect(members[0]?.reason_codes).toEqual(['batch_rolled_back', 'auto_approved_below_threshold']);
    for (const member of members)
      expect(member).toMatchObject({
        balances_after: [],
        approval: null,
        auto_approved_usd: null,
        exceptions_used: [],
        hold: { legs: [] },
      });
    expect([after.accounts.holds.size, after.approvals.size, after.autoApproved.size, after.waiverUses.size]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it('that is atomic leaves nothing to reconcile once it is rolled back', () => {
    const world = hundred({ mode: 'soft', approval: { required: { prod: true } } });
    const { result } = decide(world, [['20'], ['50'], ['-30']], true);
    const state = result.entries.reduce(
      (folded, entry, index) => evolveReservations(folded, { journal: 'decisions', entry, revision: BigInt(index) }),
      noReservations,
    );
    expect(membersOf(result).map(({ decision }) => decision)).toEqual(['DENY', 'REQUIRE_APPROVAL', 'DENY']);
    expect([state.reservations.size, state.bare.size]).toEqual([0, 3]);
  });

  it.each([
    ['refused', (world: DomainWorld): Item => (world.ask('1', { key: 'k' }), ['2', { key: 'k' }])],
    [
      'answered before and insists on another fingerprint',
      (world: DomainWorld): Item => (
        world.ask('1', { key: 'k' }),
        ['1', { key: 'k', expectedFingerprint: '0'.repeat(64) }]
      ),
    ],
    ['denied before', (world: DomainWorld): Item => (world.ask('500', { key: 'k' }), ['500', { key: 'k' }])],
    [
      'an expired answer',
      (world: DomainWorld): Item => (world.ask('1', { key: 'k' }), world.pass(901), ['1', { key: 'k' }]),
    ],
  ])('that is atomic is rolled back by a member that is %s', (_, prepare) => {
    const world = hundred();
    const bad = prepare(world);
    const held = world.gate.accounts.holds.size;
    const { result, after } = decide(world, [['10'], bad], true);
    expect(result.entries).toMatchObject([{ payload: { decision: 'DENY', would_be: { decision: 'ALLOW' } } }]);
    expect(after.accounts.holds.size).toBe(held);
  });

  it('that is atomic leaves a hold alone that a member would have taken over', () => {
    const world = hundred();
    const first = world.ask('20', { key: null });
    world.pass(901);
    const { result, after } = decide(world, [['20', { key: null }], ['500']], true);
    expect(result.entries.map(({ type }) => type)).toEqual(['decision_recorded', 'decision_recorded']);
    expect(result.answers).toEqual([
      { kind: 'recorded', index: 0 },
      { kind: 'recorded', index: 1 },
    ]);
    expect(after.accounts.holds.has(first.decision_id)).toBe(true);
    expect(membersOf(result)[0]?.supersedes).toBeNull();
  });

  it('names the place of a decision among entries that end what it takes over', () => {
    const world = hundred();
    world.ask('20', { key: null });
    world.pass(901);
    const { result } = decide(world, [['20', { key: null }], ['30']]);
    expect(result.entries.map(({ type }) => type)).toEqual(['hold_voided', 'decision_recorded', 'decision_recorded']);
    expect(membersOf(result).map(({ hold }) => hold.total_usd)).toEqual(['20.0000', '30.0000']);
  });

  describe('with a key of its own', () => {
    const keyed = (asked: string): BatchKey => ({ payload_hash: sha256Hex(asked), text: 'nightly' });
    /** As the use case keys the members. */
    const two = (amount = '30'): readonly Item[] => [
      ['20', { key: 'batch:nightly:0' }],
      [amount, { key: 'own' }],
    ];

    it('is answered as the first time when it comes again, and names its key in each of its decisions', () => {
      const world = hundred();
      const { result, after } = decide(world, two(), false, keyed('a'));
      expect(membersOf(result).map(({ batch }) => batch?.key)).toEqual([keyed('a'), keyed('a')]);
      world.gate = after;
      expect(asking(world, two(), { key: keyed('a') })).toEqual({
        kind: 'decided',
        entries: [],
        answers: [
          { kind: 'replay', revision: 0n, isExpired: false },
          { kind: 'replay', revision: 1n, isExpired: false },
        ],
      });
    });

    it('is refused whole when it asks for something else, before anything is decided', () => {
      const world = hundred();
      world.gate = decide(world, two(), false, keyed('a')).after;
      const other: readonly Item[] = [['5', { key: 'fresh-1' }]]; // No key of a member tells.
      expect(asking(world, other, { key: keyed('b') })).toEqual({
        kind: 'refused',
        refusal: { code: 'idempotency_conflict', firstRevision: 1n },
        index: null,
      });
    });

    it('is refused whole for a member whose own key stands for something else', () => {
      const world = hundred();
      world.ask('10', { key: 'own' });
      expect(asking(world, two(), { key: keyed('a') })).toEqual({
        kind: 'refused',
        refusal: { code: 'idempotency_conflict', firstRevision: 0n },
        index: 1,
      });
      expect(decide(world, [['20', { key: 'batch:nightly:0' }]], false, keyed('b')).result.entries).toHaveLength(1);
    });

    it('that is atomic and rolled back stays so', () => {
      const world = hundred();
      const { result, after } = decide(world, two('500'), true, keyed('a'));
      expect(membersOf(result).map(({ batch }) => [batch?.rolled_back, batch?.key?.text])).toEqual([
        [true, 'nightly'],
        [true, 'nightly'],
      ]);
      world.gate = after;
      expect(asking(world, two('500'), { isAtomic: true, key: keyed('a') })).toMatchObject({
        kind: 'decided',
        entries: [],
      });
    });
  });

  it('of dry runs that is atomic says so as the real one would', () => {
    const { result, after } = decide(
      hundred(),
      [
        ['60', { isDryRun: true }],
        ['500', { isDryRun: true }],
      ],
      true,
    );
    expect(membersOf(result).map(({ decision }) => decision)).toEqual(['DENY', 'DENY']);
    expect(after.accounts.holds.size).toBe(0);
  });
});
