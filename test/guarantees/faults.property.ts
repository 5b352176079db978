import { describe, expect, it } from '@jest/globals';
import { type Fault, MemoryStore } from '@verdict/adapter-memory';
import { encodeState, type UseCaseResult } from '@verdict/application';
import {
  type ApprovalId,
  type DecisionId,
  type DecisionRecorded,
  evolveGate,
  type GateObserved,
  type GateState,
} from '@verdict/domain';
import { type FixedClock, fixedClock } from '@verdict/testkit';
import fc from 'fast-check';
import { foldRecording, recordingOf } from '../replay/recording.js';
import { moneyProblem } from '../support/money-laws.js';
import { codeOf, MONEY_ONLY, ServiceWorld, usd } from '../support/service-world.js';

const FAULTS: readonly Fault[] = [
  'crash_before_commit',
  'crash_after_commit',
  'conflict',
  'delay',
  'duplicate_notice',
  'late_notice',
  'lost_notice',
  'gap',
];
const pick = fc.nat({ max: 99 });
const replica = fc.constantFrom(0, 1);
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      replica,
      key: fc.integer({ min: 1, max: 25 }),
      amount: fc.constantFrom('10', '35', '60'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('vote' as const),
      replica,
      pick,
      vote: fc.constantFrom('approve' as const, 'deny' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('reconcile' as const),
      replica,
      pick,
      actual: fc.constantFrom('0', '12', '90'),
    }),
  },
);
const round = fc.record({
  faults: fc.array(fc.record({ fault: fc.constantFrom(...FAULTS), replica, times: fc.integer({ min: 1, max: 3 }) }), {
    maxLength: 3,
  }),
  crash: fc.constantFrom(false, false, false, true),
  seconds: fc.constantFrom(0, 0, 1, 500),
  actions: fc.array(action, { minLength: 1, maxLength: 5 }),
});
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;
type Round = typeof round extends fc.Arbitrary<infer Value> ? Value : never;

/** What safe repetition is for; anything else is an outcome. */
const UNSETTLED = new Set(['outcome_unknown', 'verdict_not_durable', 'log_unavailable']);
const TRIES_MAX = 12;
const untilSettled = async <Value>(run: () => Promise<UseCaseResult<Value>>): Promise<UseCaseResult<Value>> => {
  for (let tries = 1; ; tries += 1) {
    const result = await run().catch((error: unknown): UseCaseResult<Value> => {
      // Reads that a command needs beforehand reject while the log cannot be read.
      if (error instanceof Error && /gap|lost the entry|cannot be read/i.test(`${error.name} ${error.message}`))
        return { kind: 'problem', problem: { code: 'log_unavailable' } };
      throw error;
    });
    if (!UNSETTLED.has(codeOf(result)) || tries === TRIES_MAX) return result;
  }
};

const plain = (state: unknown): unknown => JSON.parse(Buffer.from(encodeState(state)).toString());

class Game {
  readonly store = new MemoryStore();
  readonly clock: FixedClock = fixedClock();
  readonly worlds = [0, 1].map(
    (index) => new ServiceWorld({ store: this.store, clock: this.clock, idsFrom: index * 1_000_000 }),
  );
  /** What each key was answered, by whichever replica. */
  readonly answers = new Map<string, Set<string>>();
  readonly codes = new Map<string, number>();

  world(index: number): ServiceWorld {
    const world = this.worlds[index];
    if (world === undefined) throw new RangeError('no such replica');
    return world;
  }

  count(code: string): void {
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
  }

  async start(): Promise<this> {
    for (const world of this.worlds) await world.start();
    const first = this.world(0);
    await first.policy({ ...MONEY_ONLY, mode_matrix: { terraform: { default: 'soft' } } });
    await first.budget('200');
    await first.budget('150', 'project:web');
    return this;
  }

  async act(step: Action): Promise<void> {
    const world = this.world(step.replica);
    const { state } = await world.approvals.current('acme').catch(() => ({ state: undefined }));
    switch (step.kind) {
      case 'ask': {
        const key = `key-${String(step.key)}`;
        const result = await untilSettled(() => world.ask(step.amount, { key }));
        this.count(codeOf(result));
        if (result.kind === 'done')
          this.answers.set(key, new Set([...(this.answers.get(key) ?? []), JSON.stringify(result.value.recorded)]));
        return;
      }
      case 'vote': {
        const ids = [...(state?.approvals ?? [])].map(([id]) => id).sort();
        const approvalId = ids[step.pick % Math.max(1, ids.length)] as ApprovalId | undefined;
        if (approvalId === undefined) return;
        const meta = world.meta(`lead-${step.vote}`, `vote-${approvalId}-${step.vote}`);
        const result = await untilSettled(() =>
          world.manage.vote(
            { approvalId, vote: step.vote, stageId: null, notes: 'looked at it with the team', ticket: null },
            meta,
          ),
        );
        this.count(`vote ${codeOf(result)}`);
        return;
      }
      case 'reconcile': {
        const money = await world.reconciliation.current('acme').catch(() => undefined);
        const ids = [...(money?.state.reservations ?? [])].map(([id]) => id).sort();
        const decisionId = ids[step.pick % Math.max(1, ids.length)] as DecisionId | undefined;
        if (decisionId === undefined) return;
        const meta = world.meta('admin-1', `settle-${decisionId}-${step.actual}`);
        const result = await untilSettled(() =>
          world.reconcile(
            { decisionId, actual: usd(step.actual), notes: null, isCorrection: false, trigger: 'manual' },
            meta,
          ),
        );
        this.count(`reconcile ${codeOf(result)}`);
      }
    }
  }

  async play({ faults, crash, seconds, actions }: Round): Promise<void> {
    for (const { fault, replica: index, times } of faults) this.world(index).journals.faults.arm(fault, times);
    this.clock.advance(seconds * 1000);
    const running = actions.map((step) => this.act(step));
    if (crash) this.world(0).journals.crash();
    await Promise.all(running);
  }

  /** No more faults: everything that is due happens, everybody comes to the tip. */
  async calm(): Promise<void> {
    for (const world of this.worlds) {
      world.journals.faults.clear();
      world.journals.poll();
    }
    for (let turn = 0; turn < 3; turn += 1) for (const world of this.worlds) await world.settle();
  }

  /** The journals are dense and each key has one decision, which is what everybody was told (G3, G4). */
  checkAnswers(): void {
    const recorded = new Map<string, string[]>();
    for (const line of recordingOf(this.store, 'acme').decisions) {
      const { envelope, payload } = JSON.parse(line) as { envelope: { type: string }; payload: DecisionRecorded };
      if (envelope.type === 'decision_recorded')
        recorded.set(payload.key.text, [...(recorded.get(payload.key.text) ?? []), JSON.stringify(payload)]);
    }
    for (const [key, decisions] of recorded) expect([key, decisions.length]).toEqual([key, 1]);
    const sortedText = (text: string): unknown => JSON.parse(text);
    for (const [key, told] of this.answers) {
      for (const answer of told) expect(sortedText(answer)).toEqual(sortedText(recorded.get(key)?.[0] ?? 'null'));
    }
    for (const [name, entries] of this.store.journals)
      expect([name, entries.map(({ revision }) => Number(revision))]).toEqual([name, entries.map((_, index) => index)]);
  }

  /** G5 at every revision of the gate's own order, and a fold of the journals is the live state of both replicas. */
  async checkStates(): Promise<void> {
    const now = this.clock.now();
    const folded = await foldRecording(recordingOf(this.store, 'acme'), (before: GateState, journal, entry) => {
      const seen = { journal, entry, revision: entry.revision } as unknown as GateObserved;
      const problem = moneyProblem(before, evolveGate(before, seen), seen, now);
      if (problem !== undefined) throw new Error(problem);
    });
    for (const world of this.worlds) {
      const live = { gate: await world.gate.caughtUp('acme'), approvals: await world.approvals.caughtUp('acme') };
      expect(live.gate.folded).toEqual(folded.gate.folded);
      expect(plain(live.gate.state)).toEqual(plain(folded.gate.state));
      expect(plain(live.approvals.state)).toEqual(plain(folded.approvals.state));
    }
  }
}

describe('two replicas on one log that fails at random', () => {
  it('give one outcome per key, keep every budget, and can be folded again from the journals (G3, G4, G5)', async () => {
    const codes = new Map<string, number>();
    const struck = new Map<Fault, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 8, size: 'max' }), async (rounds) => {
        const game = await new Game().start();
        try {
          for (const each of rounds) await game.play(each);
          await game.calm();
          game.checkAnswers();
          await game.checkStates();
          for (const [code, count] of game.codes) codes.set(code, (codes.get(code) ?? 0) + count);
          for (const fault of FAULTS)
            struck.set(
              fault,
              game.worlds.reduce((sum, { journals }) => sum + journals.faults.count(fault), struck.get(fault) ?? 0),
            );
        } finally {
          for (const world of game.worlds) await world.stop();
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
    // Runs that never met a conflict, a lost answer or a repeated key prove nothing.
    for (const fault of FAULTS) expect([fault, (struck.get(fault) ?? 0) > 0]).toEqual([fault, true]);
    for (const code of ['done', 'idempotency_conflict', 'vote done', 'reconcile done'])
      expect([code, (codes.get(code) ?? 0) > 0]).toEqual([code, true]);
  }, 300_000);
});
