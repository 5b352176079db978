import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryStore } from '@verdict/adapter-memory';
import { type BatchMember, journalName, type UseCaseResult } from '@verdict/application';
import type { Memory } from '../support/remembering.js';
import { changeOf, codeOf, MONEY_ONLY, ServiceWorld, valueOf } from '../support/service-world.js';

const member = (amount: string, key: string | null = null, resource = amount): BatchMember => ({
  request: { ...changeOf(amount), resourceReference: `stack:${resource}` },
  key,
});
const MEMBERS = [member('10'), member('20', 'own-key'), member('30')];

describe('the key of a batch', () => {
  const worlds: ServiceWorld[] = [];
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.stop(); // Derives every decision again (G7).
  });

  const open = async (store: MemoryStore, like?: ServiceWorld, memory: Memory = {}): Promise<ServiceWorld> => {
    const options = like === undefined ? { store } : { store, clock: like.clock, idsFrom: worlds.length * 1_000_000 };
    const world = await new ServiceWorld({ ...options, ...memory }).start();
    worlds.push(world);
    return world;
  };
  const first = async () => {
    const store = new MemoryStore();
    const world = await open(store);
    await world.policy(MONEY_ONLY);
    await world.budget('1000');
    const answers = await put(world, MEMBERS);
    return { store, world, ids: idsOf(answers) };
  };
  const put = (
    world: ServiceWorld,
    members: readonly BatchMember[],
    isAtomic = false,
    key: string | null = 'nightly',
  ) => world.decideChanges({ members, isAtomic }, world.meta('dev-1', key));
  const idsOf = (answers: Awaited<ReturnType<typeof put>>) =>
    valueOf(answers).map((each) => valueOf(each).recorded.decision_id);
  const replaysOf = (answers: Awaited<ReturnType<typeof put>>) =>
    valueOf(answers).map((each) => valueOf(each).isReplayed);
  const differingIn = (result: UseCaseResult<unknown>) =>
    result.kind === 'problem' ? [result.problem.code, result.problem.extra?.['differing_fields']] : result.kind;

  it('gets the first answer again, also from a process that was started since, and writes nothing', async () => {
    const { store, world, ids } = await first();
    const head = store.head(journalName('decisions', 'acme'));
    for (const process of [world, await open(store, world)]) {
      const again = await put(process, MEMBERS);
      expect([idsOf(again), replaysOf(again)]).toEqual([ids, [true, true, true]]);
    }
    expect(store.head(journalName('decisions', 'acme'))).toBe(head);
  });

  it('keys the members that have no key of their own by their places, and in no other batch', async () => {
    const { world } = await first();
    const keys = valueOf(await put(world, MEMBERS)).map((each) => valueOf(each).recorded.key.text);
    expect(keys).toEqual(['batch:nightly:0', 'own-key', 'batch:nightly:2']);
    expect(replaysOf(await put(world, MEMBERS, false, 'weekly'))).toEqual([false, true, false]);
    const alone = await world.decideChange(MEMBERS[1]!.request, world.meta('dev-1', 'own-key'));
    expect(valueOf(alone).isReplayed).toBe(true);
  });

  it.each<[string, readonly BatchMember[], boolean, readonly string[]]>([
    [
      'another amount',
      [member('10'), member('20', 'own-key'), member('31', null, '30')],
      false,
      ['/items/2/estimated_monthly_delta_usd'],
    ],
    [
      'another key of a member',
      [member('10'), member('20', 'other-key'), member('30')],
      false,
      ['/items/1/idempotency_key'],
    ],
    [
      'another order',
      [member('30'), member('20', 'own-key'), member('10')],
      false,
      [
        '/items/0/resource_reference',
        '/items/0/estimated_monthly_delta_usd',
        '/items/2/resource_reference',
        '/items/2/estimated_monthly_delta_usd',
      ],
    ],
    ['a member less', MEMBERS.slice(0, 2), false, ['/items']],
    ['a member more', [...MEMBERS, member('40')], false, ['/items']],
    ['all of them or none', MEMBERS, true, ['/atomic']],
  ])(
    'stands for one batch: %s is refused whole, named, and nothing is decided',
    async (_, members, isAtomic, fields) => {
      const { store, world } = await first();
      const head = store.head(journalName('decisions', 'acme'));
      for (const process of [world, await open(store, world)])
        expect(differingIn(await put(process, members, isAtomic))).toEqual(['idempotency_conflict', fields]);
      expect(store.head(journalName('decisions', 'acme'))).toBe(head);
    },
  );

  describe('when it has left memory', () => {
    /** A process that remembers few answers, after so many other questions that it has forgotten the batch. */
    const forgotten = async () => {
      const store = new MemoryStore();
      const world = await open(store, undefined, { answersKept: 2 });
      await world.policy(MONEY_ONLY);
      await world.budget('1000');
      const ids = idsOf(await put(world, MEMBERS));
      for (let other = 0; other < 8; other += 1) valueOf(await world.ask('1'));
      const { answers } = (await world.gate.current('acme')).state;
      const keys = [...answers.recent.keys(), ...answers.older.keys()];
      expect(keys.filter((key) => /nightly|own-key/.test(key))).toEqual([]);
      return { store, world, ids };
    };
    /** The process itself, and one that begins with its snapshot. */
    const processes = async (store: MemoryStore, world: ServiceWorld): Promise<readonly ServiceWorld[]> => {
      await world.gate.stop();
      return [world, await open(store, world, { answersKept: 2 })];
    };

    it('gets the first answer again, and writes nothing', async () => {
      const { store, world, ids } = await forgotten();
      const head = store.head(journalName('decisions', 'acme'));
      for (const process of await processes(store, world)) {
        const again = await put(process, MEMBERS);
        expect([idsOf(again), replaysOf(again)]).toEqual([ids, [true, true, true]]);
      }
      expect(store.head(journalName('decisions', 'acme'))).toBe(head);
    });

    it.each<[string, readonly BatchMember[], readonly string[]]>([
      ['a member less', MEMBERS.slice(0, 2), ['/items']],
      [
        'another key of a member',
        [member('10'), member('20', 'other-key'), member('30')],
        ['/items/1/idempotency_key'],
      ],
    ])('stands for one batch: %s', async (_, members, fields) => {
      const { store, world } = await forgotten();
      const head = store.head(journalName('decisions', 'acme'));
      for (const process of await processes(store, world))
        expect(differingIn(await put(process, members))).toEqual(['idempotency_conflict', fields]);
      expect(store.head(journalName('decisions', 'acme'))).toBe(head);
    });
  });

  it('is not bound by a batch that was refused for a member: the same key may ask again', async () => {
    const { store, world } = await first();
    const head = store.head(journalName('decisions', 'acme'));
    const members = [member('10'), member('99', 'own-key')];
    const refused = await put(world, members, false, 'second');
    expect(codeOf(refused)).toBe('idempotency_conflict');
    expect(differingIn(refused)).toEqual([
      'idempotency_conflict',
      ['/items/1/resource_reference', '/items/1/estimated_monthly_delta_usd'],
    ]);
    expect(store.head(journalName('decisions', 'acme'))).toBe(head);
    expect(replaysOf(await put(world, [member('10')], false, 'second'))).toEqual([false]);
  });

  it('has one outcome when it is used twice at once', async () => {
    const { world } = await first();
    // What `own-key` answered was no member of an atomic batch: under that key these would ask something else.
    const members = [member('10'), member('20', 'atomic-key'), member('30')];
    const both = await Promise.all([1, 2].map(() => put(world, members, true, 'race-1')));
    expect(new Set(both.map((answers) => idsOf(answers).join())).size).toBe(1);
  });
});
