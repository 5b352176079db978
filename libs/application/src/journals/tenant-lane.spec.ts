import { describe, expect, it } from '@jest/globals';
import { MemoryJournals, MemoryStore } from '@verdict/adapter-memory';
import { readEntry } from '@verdict/ledger';
import { fixedClock } from '@verdict/testkit';
import { InvalidAppend, type JournalName, type Journals, type Revision, type SeeingAppend } from '../ports/journals.js';
import { type Observer, silentObserver } from '../ports/system.js';
import { CallersWait } from './callers-wait.js';
import { EntryLog } from './entry-log.js';
import type { CommandContext, Reaction, ServiceDefinition } from './service-definition.js';
import { TenantLane } from './tenant-lane.js';

type Command =
  | { readonly kind: 'add'; readonly amount: number; readonly entries?: number }
  | { readonly kind: 'refuse' | 'throw' | 'large' | 'react' };
interface Sum {
  readonly total: number;
  readonly reacted: number;
  readonly policies: number;
}

/** Adds numbers up in `decisions` and counts what it sees in `policy`; every policy entry asks for one reaction. */
const adding = (
  reactions: ServiceDefinition<Sum, Command, number>['reactions'] = () => [],
): ServiceDefinition<Sum, Command, number> => ({
  name: 'adding',
  own: ['decisions'],
  kinds: ['policy', 'decisions'],
  initial: { total: 0, reacted: 0, policies: 0 },
  stateVersion: 1,
  journalOf: () => 'decisions',
  decide: (command, state) => {
    switch (command.kind) {
      case 'add': {
        const entries = Array.from({ length: command.entries ?? 1 }, () => ({
          type: 'added',
          payload: { amount: command.amount },
        }));
        return { entries, answer: state.total + command.amount * entries.length };
      }
      case 'refuse':
        return { entries: [], answer: state.total };
      case 'large':
        return { entries: [{ type: 'added', payload: { amount: 0, pad: 'x'.repeat(300_000) } }], answer: 0 };
      case 'react':
        return { entries: [{ type: 'reacted', payload: {} }], answer: 0 };
      case 'throw':
        throw new Error('a defect');
    }
  },
  evolve: (state, kind, { type, payload }) => {
    if (kind === 'policy') return { ...state, policies: state.policies + 1 };
    if (type === 'reacted') return { ...state, reacted: state.reacted + 1 };
    return { ...state, total: state.total + (payload as { readonly amount: number }).amount };
  },
  reactions,
});

/** Journals that can be held up, taken away or broken, and that note what was asked of them. */
class WatchedJournals extends MemoryJournals {
  readonly batches: number[] = [];
  readonly calls: string[] = [];
  inFlight = 0;
  inFlightMax = 0;
  isAway = false;
  failure: Error | undefined;
  onHeads: () => void = () => undefined;
  private held: Promise<void> = Promise.resolve();
  release: () => void = () => undefined;

  hold(): void {
    this.held = new Promise((resolve) => (this.release = resolve));
  }

  override async appendSeeing(append: SeeingAppend) {
    this.calls.push('append');
    this.batches.push(append.entries.length);
    this.inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
    await this.held;
    try {
      if (this.failure !== undefined) throw this.failure;
      return await super.appendSeeing(append);
    } finally {
      this.inFlight -= 1;
    }
  }

  override async heads(journals: readonly JournalName[]) {
    this.calls.push('heads');
    await this.held;
    if (this.isAway) throw new Error('the log is away');
    this.onHeads();
    return super.heads(journals);
  }

  override async *read(journal: JournalName, from: Revision, limit?: number) {
    this.calls.push('read');
    if (this.isAway) throw new Error('the log is away');
    yield* super.read(journal, from, limit);
  }
}

/** The same log for a lane that has to ask for heads before it decides. */
const unseeing = (journals: Journals): Journals => ({
  append: (journal, expected, entries) => journals.append(journal, expected, entries),
  read: (journal, from, limit) => journals.read(journal, from, limit),
  heads: (names) => journals.heads(names),
  list: () => journals.list(),
  subscribe: (onMoved) => journals.subscribe(onMoved),
  saveSnapshot: (journal, owner, snapshot) => journals.saveSnapshot(journal, owner, snapshot),
  loadSnapshot: (journal, owner) => journals.loadSnapshot(journal, owner),
  close: () => journals.close(),
});

const context = (commandId: string): CommandContext => ({
  commandId,
  actor: { kind: 'user', id: 'dev-1', roles: [] },
  correlationId: null,
  traceparent: null,
  causes: [],
});
const plainSealer = { seal: () => ({ kid: '', iv: '', ct: '', tag: '' }), open: () => undefined };

interface Options {
  readonly store?: MemoryStore;
  readonly service?: ServiceDefinition<Sum, Command, number>;
}
const openOn = (sees: boolean, options: Options = {}) => {
  const journals = new WatchedJournals(options.store === undefined ? {} : { store: options.store });
  const failures: Parameters<Observer['reactionFailed']>[0][] = [];
  const deps = {
    log: new EntryLog(sees ? journals : unseeing(journals)),
    clock: fixedClock(),
    sealer: plainSealer,
    observer: {
      ...silentObserver,
      reactionFailed: (failure: (typeof failures)[number]) => void failures.push(failure),
    },
    logHost: 'log.test',
  };
  const lane = new TenantLane('acme', options.service ?? adding(), deps);
  let commands = 0;
  const run = (command: Command, wait?: CallersWait) => {
    commands += 1;
    return lane.execute(command, context(`${String(Math.random())}-${String(commands)}`), wait);
  };
  return { journals, lane, run, failures, add: (amount: number) => run({ kind: 'add', amount }) };
};
const stringWith = (part: string): string => expect.stringContaining(part) as unknown as string;
const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
/** Hints rest for some milliseconds, so this waits by the clock; the deadline is for a busy machine. */
const until = async (isSo: () => boolean): Promise<void> => {
  const deadline = Date.now() + 10_000;
  while (!isSo() && Date.now() < deadline) await turns(1);
  expect(isSo()).toBe(true);
};

const LOGS = [
  ['a log that sees the other journals as it appends', true],
  ['a log that must be asked for heads first', false],
] as const;

describe.each(LOGS)('on %s', (_, sees) => {
  const open = (options?: Options) => openOn(sees, options);

  describe('a tenant lane', () => {
    it('answers nobody before the append has resolved (G1), those who were refused included', async () => {
      const { journals, run, add } = open();
      await add(1);
      journals.hold();
      let answered = 0;
      const waiting = [add(2), run({ kind: 'refuse' }), add(3)].map((each) =>
        each.then((outcome) => {
          answered += 1;
          return outcome;
        }),
      );
      await turns();
      expect(answered).toBe(0);
      journals.release();
      expect((await Promise.all(waiting)).map((outcome) => outcome.kind === 'committed' && outcome.answer)).toEqual([
        3, 3, 6,
      ]);
    });

    it('has one append in flight, and all that arrive meanwhile are the next batch', async () => {
      const { journals, lane, add } = open();
      await lane.caughtUp();
      const first = add(1);
      await until(() => journals.inFlight === 1 || journals.batches.length === 1);
      const rest = Array.from({ length: 9 }, () => add(1));
      await Promise.all([first, ...rest]);
      expect(journals.batches).toEqual([1, 9]);
      expect(journals.inFlightMax).toBe(1);
    });

    it('writes nothing for a caller who has given up before his turn came, and answers the others of the batch', async () => {
      const { journals, lane, run, add } = open();
      await add(1);
      journals.hold();
      const first = add(2);
      await turns();
      const [early, patient] = [new CallersWait(), new CallersWait()];
      const rest = [run({ kind: 'add', amount: 10 }, early), run({ kind: 'add', amount: 100 }, patient)];
      expect(early.giveUp()).toBe(true);
      journals.release();
      await first;
      expect((await Promise.all(rest)).map(({ kind }) => kind)).toEqual(['contended', 'committed']);
      expect(patient.giveUp()).toBe(false);
      expect(lane.current().state.total).toBe(103);
    });

    it('leaves out what can be of a command whose caller has less than half of his time left when it is decided', async () => {
      const tens = ({ kind, ...rest }: Command): Command =>
        ({ ...rest, kind, ...(kind === 'add' ? { amount: 10 } : {}) }) as Command;
      const { journals, lane, run } = open({ service: { ...adding(), hurried: tens } });
      await run({ kind: 'add', amount: 1 });
      journals.hold();
      const first = run({ kind: 'add', amount: 1 }, new CallersWait(() => false));
      await turns();
      let isHalfGone = false;
      const late = run({ kind: 'add', amount: 1 }, new CallersWait(() => isHalfGone)); // Time passes while it waits.
      const others = [run({ kind: 'add', amount: 1 }, new CallersWait()), run({ kind: 'add', amount: 1 })];
      isHalfGone = true;
      journals.release();
      await Promise.all([first, late, ...others]);
      expect(lane.current().state.total).toBe(14);
    });

    it('decides each command on the state its predecessors of the batch leave', async () => {
      const { add, lane } = open();
      const outcomes = await Promise.all([add(1), add(10), add(100)]);
      expect(
        outcomes.map((outcome) => outcome.kind === 'committed' && [outcome.answer, outcome.entries[0]?.entry.revision]),
      ).toEqual([
        [1, 0n],
        [11, 1n],
        [111, 2n],
      ]);
      expect(lane.current().state.total).toBe(111);
    });

    it('cuts a batch before it becomes larger than the log takes', async () => {
      const { journals, run, lane } = open();
      await Promise.all(Array.from({ length: 20 }, () => run({ kind: 'add', amount: 1, entries: 50 })));
      expect(Math.max(...journals.batches)).toBeLessThanOrEqual(500);
      expect(journals.batches.length).toBeGreaterThan(1);
      expect(lane.current().state.total).toBe(1000);
    });

    it('lets a defective command and one that is too large fail alone', async () => {
      const { run, add, lane } = open();
      const outcomes = await Promise.all([add(1), run({ kind: 'throw' }), add(2), run({ kind: 'large' }), add(4)]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['committed', 'failed', 'committed', 'too_large', 'committed']);
      expect(lane.current().state.total).toBe(7);
      expect(lane.current().folded.decisions).toBe(2n);
    });

    it('pins in every entry how far it had folded its neighbours', async () => {
      const { journals, run, add } = open();
      await add(1);
      const neighbour = open({
        store: journals.store,
        service: { ...adding(), own: ['policy'], journalOf: () => 'policy' },
      });
      await neighbour.add(0);
      await run({ kind: 'add', amount: 1 });
      const observed: unknown[] = [];
      for await (const { bytes } of journals.read('decisions-acme', 0n))
        observed.push(readEntry(bytes).envelope.observed);
      expect(observed).toEqual([{ policy: -1 }, { policy: 0 }]);
    });

    it('takes no more than it can hold in its queue', async () => {
      const { journals, add } = open();
      await add(1);
      journals.hold();
      const running = add(1);
      await turns(4);
      const waiting = [running, ...Array.from({ length: 8_192 }, () => add(1))];
      const more = await Promise.all(
        [add(1), add(1)].map((each) => Promise.race([each, turns(5).then(() => ({ kind: 'waiting' }))])),
      );
      expect(more.some(({ kind }) => kind === 'overloaded')).toBe(true);
      journals.release();
      await Promise.all(waiting);
    });
  });

  describe('a lane and its rivals', () => {
    it('decides again on what the winner wrote', async () => {
      const store = new MemoryStore();
      const [first, second] = [open({ store }), open({ store })];
      const outcomes = await Promise.all([first.add(1), second.add(10), first.add(100), second.add(1000)]);
      expect(outcomes.every(({ kind }) => kind === 'committed')).toBe(true);
      await Promise.all([first.lane.caughtUp(), second.lane.caughtUp()]);
      expect([first.lane.current().state.total, second.lane.current().state.total]).toEqual([1111, 1111]);
      expect(store.head('decisions-acme')).toBe(3n);
    });

    it('gives up after eight lost races, having written nothing, and goes on with the next', async () => {
      const { journals, add, lane } = open();
      journals.faults.arm('conflict', 8);
      expect(await add(1)).toEqual({ kind: 'contended' });
      expect(journals.store.head('decisions-acme')).toBe(-1n);
      expect(await add(2)).toMatchObject({ kind: 'committed', answer: 2 });
      journals.faults.arm('conflict', 7);
      expect(await add(3)).toMatchObject({ kind: 'committed', answer: 5 });
      await until(() => lane.isIdle);
    });
  });

  describe('a lane whose log does not answer', () => {
    it.each([
      ['crash_after_commit', 5],
      ['crash_before_commit', 4],
    ] as const)('after %s it reads back before it appends again', async (fault, total) => {
      const { journals, add, lane } = open();
      await lane.caughtUp();
      journals.faults.arm(fault);
      expect(await add(1)).toEqual({ kind: 'unknown' });
      journals.calls.length = 0;
      expect(await add(4)).toMatchObject({ kind: 'committed', answer: total });
      expect(journals.calls.indexOf('heads')).toBeLessThan(journals.calls.indexOf('append'));
      expect(lane.current().state.total).toBe(total);
    });

    it('says unknown to the whole batch, and to nobody else', async () => {
      const { journals, add, lane } = open();
      await lane.caughtUp();
      journals.faults.arm('crash_after_commit');
      const outcomes = await Promise.all([add(1), add(2)]);
      expect(outcomes).toEqual([{ kind: 'unknown' }, { kind: 'unknown' }]);
      expect(await add(4)).toMatchObject({ kind: 'committed', answer: 7 });
    });

    it('says unavailable when it cannot read, having written nothing, and goes on when the log is back', async () => {
      const { journals, add, lane } = open();
      journals.isAway = true;
      expect(await Promise.all([add(1), add(2)])).toEqual([{ kind: 'unavailable' }, { kind: 'unavailable' }]);
      await expect(lane.caughtUp()).rejects.toThrow('cannot be read');
      journals.isAway = false;
      expect(await add(4)).toMatchObject({ kind: 'committed', answer: 4 });
    });

    it('tells a reader who came while it was at work that it could not read either', async () => {
      const { journals, add, lane } = open();
      await add(1);
      journals.hold();
      const command = add(2);
      await turns(3);
      const read = lane.caughtUp();
      journals.isAway = true;
      const rejected = expect(read).rejects.toThrow('cannot be read');
      journals.release();
      expect(await command).toMatchObject({ kind: sees ? 'committed' : 'unavailable' });
      await rejected;
    });

    it('says failed, not unavailable, of what it can read and not fold: a defect is not mended by waiting', async () => {
      const store = new MemoryStore();
      const neighbour = open({ store, service: { ...adding(), own: ['policy'], journalOf: () => 'policy' } });
      const sound = adding();
      let isDefective = true;
      const service: typeof sound = {
        ...sound,
        evolve: (state, kind, entry) => {
          if (isDefective && kind === 'policy') throw new TypeError('a defect');
          return sound.evolve(state, kind, entry);
        },
      };
      const { lane, add } = open({ store, service });
      await neighbour.add(0);
      expect(await add(1)).toEqual({ kind: 'failed', error: new TypeError('a defect') });
      await expect(lane.caughtUp()).rejects.toThrow(TypeError);
      isDefective = false;
      expect(await add(1)).toMatchObject({ kind: 'committed', answer: 1 });
      isDefective = true;
      await neighbour.add(0);
      expect(await add(1)).toEqual({ kind: 'failed', error: new TypeError('a defect') }); // Met by a lost race, where the log sees.
    });

    it('answers everybody when an append throws, which the port never does unless the batch is at fault', async () => {
      const { journals, add } = open();
      await add(1);
      journals.failure = new InvalidAppend('too many');
      expect(await add(4)).toMatchObject({ kind: 'failed' });
      journals.failure = undefined;
      expect(await add(8)).toMatchObject({ kind: 'committed', answer: 9 });
    });
  });

  describe('reactions', () => {
    const perPolicy =
      (kind: 'react' | 'throw' | 'large') =>
      (state: Sum): readonly Reaction<Command>[] =>
        Array.from({ length: state.policies - state.reacted }, (_, index) => ({
          command: { kind },
          cause: { kind: 'policy', revision: BigInt(state.reacted + index) },
        }));
    const withNeighbour = (reactions: ServiceDefinition<Sum, Command, number>['reactions']) => {
      const store = new MemoryStore();
      const neighbour = open({ store, service: { ...adding(), own: ['policy'], journalOf: () => 'policy' } });
      return { neighbour, ...open({ store, service: adding(reactions) }) };
    };

    it('are written before the commands that wait, once, and name their cause', async () => {
      const { neighbour, journals, add, lane } = withNeighbour(perPolicy('react'));
      await neighbour.add(0);
      await neighbour.add(0);
      expect(await add(1)).toMatchObject({ kind: 'committed' });
      lane.tick();
      await until(() => lane.isIdle);
      const seen: unknown[] = [];
      for await (const { bytes, type } of journals.read('decisions-acme', 0n))
        seen.push([type, readEntry(bytes).envelope.causes.map(({ origin, revision }) => [origin, revision])]);
      expect(seen).toEqual([
        ['reacted', [['log.test/acme/policy', 0]]],
        ['reacted', [['log.test/acme/policy', 1]]],
        ['added', []],
      ]);
    });

    it('are tried again after an unknown outcome, and are there once', async () => {
      const { neighbour, journals, lane } = withNeighbour(perPolicy('react'));
      await neighbour.add(0);
      journals.faults.arm('crash_after_commit');
      lane.touch('policy', 0n);
      await until(() => lane.isIdle && lane.current().state.reacted === 1);
      await turns();
      expect(journals.store.head('decisions-acme')).toBe(0n);
    });

    it('that cannot be decided wait for the next tick instead of spinning, and hold up nobody', async () => {
      const { neighbour, journals, add, lane } = withNeighbour(perPolicy('throw'));
      await neighbour.add(0);
      lane.touch('policy', 0n);
      await until(() => lane.isIdle);
      const calls = journals.calls.length;
      await turns(50);
      expect(journals.calls).toHaveLength(calls);
      expect(await add(1)).toMatchObject({ kind: 'committed' });
    });

    it.each([
      ['throw', 'a defect'],
      ['large', 'at most'],
    ] as const)('that are defective (%s) are reported, at each try anew', async (kind, message) => {
      const { neighbour, add, lane, failures } = withNeighbour(perPolicy(kind));
      await neighbour.add(0);
      await lane.caughtUp();
      const reported = failures.length;
      expect(reported).toBeGreaterThan(0);
      for (const failure of failures)
        expect(failure).toMatchObject({ service: 'adding', tenantId: 'acme', error: { message: stringWith(message) } });
      lane.tick();
      await until(() => lane.isIdle);
      expect(failures.length).toBeGreaterThan(reported);
      expect(await add(1)).toMatchObject({ kind: 'committed' });
    });

    it('that cannot even be told are reported, and neither a command nor the clock fails for it', async () => {
      let isDefective = true;
      const { add, lane, failures } = open({
        service: adding(() => {
          if (isDefective) throw new TypeError('a defect');
          return [];
        }),
      });
      expect(await add(1)).toMatchObject({ kind: 'committed', answer: 1 });
      lane.tick();
      await until(() => lane.isIdle);
      expect(failures.map(({ error }) => error)).toEqual(failures.map(() => new TypeError('a defect')));
      const reported = failures.length;
      expect(reported).toBeGreaterThanOrEqual(2);
      isDefective = false;
      lane.tick();
      expect(await add(1)).toMatchObject({ kind: 'committed', answer: 2 });
      expect(failures).toHaveLength(reported);
    });

    it('whose cause cannot be read harm nobody, and are no defect', async () => {
      const { neighbour, journals, add, lane, failures } = withNeighbour(perPolicy('react'));
      await neighbour.add(0);
      await lane.caughtUp();
      const { read } = journals;
      journals.read = () => {
        throw new Error('the log is away');
      };
      expect(await add(1)).toMatchObject({ kind: 'committed' });
      journals.read = read.bind(journals);
      lane.tick();
      await until(() => lane.isIdle && lane.current().state.reacted === 1);
      expect(failures).toEqual([]);
    });
  });

  describe('what was acknowledged before a command', () => {
    it('is in its decision, though no hint has come of it', async () => {
      const store = new MemoryStore();
      const [lane, rival] = [open({ store }), open({ store })];
      await lane.add(1);
      await rival.add(10);
      expect(await lane.add(100)).toMatchObject({ kind: 'committed', answer: 111 });
    });

    it('is in an answer that writes nothing', async () => {
      const store = new MemoryStore();
      const [lane, rival] = [open({ store }), open({ store })];
      await lane.add(1);
      await rival.add(10);
      expect(await lane.run({ kind: 'refuse' })).toMatchObject({ kind: 'committed', answer: 11 });
    });

    it('is not guessed when the heads cannot be read', async () => {
      const { journals, run, add } = open();
      await add(1);
      await add(1);
      journals.isAway = true;
      expect(await run({ kind: 'refuse' })).toEqual({ kind: 'unavailable' });
      journals.isAway = false;
      expect(await run({ kind: 'refuse' })).toMatchObject({ kind: 'committed', answer: 2 });
    });
  });

  it('is not starved by a neighbour that writes again whenever it has caught up', async () => {
    const store = new MemoryStore();
    const neighbour = open({ store, service: { ...adding(), own: ['policy'], journalOf: () => 'policy' } });
    const { journals, add } = open({ store });
    await neighbour.add(0);
    await add(1);
    journals.onHeads = () => {
      setImmediate(() => void neighbour.add(0)); // Lands between the look at the heads and the append.
    };
    await neighbour.add(0);
    for (let amount = 0; amount < 10; amount += 1) expect(await add(1)).toMatchObject({ kind: 'committed' });
  });
});

describe('a lane whose log sees the other journals as it appends', () => {
  it('asks for no heads as long as nothing else moves', async () => {
    const { journals, add } = openOn(true);
    await add(1);
    journals.calls.length = 0;
    await add(2);
    await add(3);
    expect(journals.calls).toEqual(['append', 'append']);
  });

  it('folds hints of one moment together, and a command does not wait for that moment', async () => {
    const store = new MemoryStore();
    const neighbour = openOn(true, { store, service: { ...adding(), own: ['policy'], journalOf: () => 'policy' } });
    const { journals, lane, add } = openOn(true, { store });
    await add(1);
    await Promise.all([neighbour.add(0), neighbour.add(0), neighbour.add(0)]);
    journals.calls.length = 0;
    for (const head of [0n, 1n, 2n]) lane.touch('policy', head);
    expect(lane.isIdle).toBe(false);
    await until(() => lane.isIdle);
    expect(journals.calls.filter((call) => call === 'read')).toHaveLength(1);
    expect(lane.current().state.policies).toBe(3);
    await neighbour.add(0);
    lane.touch('policy', 3n);
    expect(await add(1)).toMatchObject({ kind: 'committed', observed: { policy: 3n } });
  });

  it('folds what a hint told of without a question, and asks the log once it is in doubt', async () => {
    const store = new MemoryStore();
    const neighbour = openOn(true, { store, service: { ...adding(), own: ['policy'], journalOf: () => 'policy' } });
    const { journals, lane, add } = openOn(true, { store });
    await add(1);
    await neighbour.add(0);
    journals.calls.length = 0;
    lane.touch('policy', 0n);
    await until(() => lane.isIdle);
    expect(journals.calls).toEqual(['read']);
    lane.touch('policy', 5n); // What is not there: only the log can say so.
    expect(await add(1)).toMatchObject({ kind: 'committed', observed: { policy: 0n } });
    expect(journals.calls).toContain('heads');
  });
});
