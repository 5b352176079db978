import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ArrivedRunTask, HeldRunTask, RunTaskClaim, RunTaskInbox, RunTaskKey } from '@verdict/application';

/** An inbox and its clock. The tests claim whatever is there, so they share it with nobody. */
export interface RunTaskInboxUnderTest {
  readonly inbox: RunTaskInbox;
  /** Lets `ms` pass on the store's clock. */
  pass(ms: number): Promise<void>;
  /** Everything that is stored, as text. */
  dump(): Promise<string>;
}

const TTL_MS = 60_000;
const START_MS = Date.UTC(2026, 10, 23);

const arrived = (more: Partial<ArrivedRunTask> = {}): ArrivedRunTask => ({
  tenantId: 'acme',
  integrationId: 'i-1',
  taskResultId: `taskrs-${randomUUID()}`,
  task: '{"stage":"post_plan"}',
  sealedToken: `sealed-${randomUUID()}`,
  arrivedAtMs: START_MS,
  ...more,
});
/** All that there is, in the lane of new tasks. */
const claimBy = (holder: string, more: Partial<RunTaskClaim> = {}): RunTaskClaim => ({
  ...{ holder, ttlMs: TTL_MS, lane: 'quick', limit: 1_000, tenantMax: 1_000 },
  ...more,
});
const NOW = { lane: 'quick', afterMs: 0, attempt: 0 } as const;
const idsOf = (tasks: readonly RunTaskKey[]): readonly string[] => tasks.map(({ taskResultId }) => taskResultId);

/** The contract of the RunTaskInbox port. */
export const describeRunTaskInbox = (adapter: string, open: () => RunTaskInboxUnderTest): void => {
  const claimAll = async (inbox: RunTaskInbox, holder = 'me'): Promise<readonly HeldRunTask[]> =>
    inbox.claim(claimBy(holder));
  /** Every test leaves nothing unfinished behind. */
  const finishAll = async (inbox: RunTaskInbox, tasks: readonly RunTaskKey[]): Promise<void> => {
    for (const task of tasks) await inbox.finish(task);
  };

  describe(`RunTaskInbox contract: ${adapter}`, () => {
    it('gives back what it took, exactly', async () => {
      const { inbox } = open();
      const task = arrived({ task: '{"text":"größe \\" \\n"}', arrivedAtMs: START_MS + 1 });
      expect(await inbox.put(task)).toBe(true);
      expect(await claimAll(inbox)).toEqual([{ ...task, result: null, lane: 'quick', attempt: 0 }]);
      await finishAll(inbox, [task]);
    });

    it('takes a task once, also when it is done, and another installation with the same id apart', async () => {
      const { inbox } = open();
      const task = arrived();
      const others = [
        { ...task, integrationId: 'i-2' },
        { ...task, tenantId: 'other' },
      ];
      expect(await inbox.put(task)).toBe(true);
      expect(await inbox.put({ ...task, task: '{}', sealedToken: 'other' })).toBe(false);
      for (const other of others) expect(await inbox.put(other)).toBe(true);
      expect(await claimAll(inbox)).toHaveLength(3);
      await finishAll(inbox, [task, ...others]);
      expect(await inbox.put(task)).toBe(false);
      expect(await claimAll(inbox)).toEqual([]);
    });

    it('takes one of many that arrive at once', async () => {
      const { inbox } = open();
      const task = arrived();
      const taken = await Promise.all(Array.from({ length: 12 }, () => inbox.put(task)));
      expect(taken.filter(Boolean)).toHaveLength(1);
      await finishAll(inbox, [task]);
    });

    it('gives the oldest first, and no more than asked for', async () => {
      const { inbox } = open();
      const tasks = [3, 1, 2].map((order) => arrived({ arrivedAtMs: START_MS + order }));
      for (const task of tasks) await inbox.put(task);
      expect(idsOf(await inbox.claim(claimBy('me', { limit: 2 })))).toEqual(idsOf([tasks[1]!, tasks[2]!]));
      expect(idsOf(await claimAll(inbox, 'you'))).toEqual(idsOf([tasks[0]!]));
      await finishAll(inbox, tasks);
    });

    it('gives a task to one of many holders that ask at once', async () => {
      const { inbox } = open();
      const tasks = Array.from({ length: 20 }, () => arrived());
      for (const task of tasks) await inbox.put(task);
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, index) => inbox.claim(claimBy(`h-${String(index)}`, { limit: 10 }))),
      );
      const ids = claims.flatMap(idsOf);
      expect(new Set(ids).size).toBe(ids.length);
      await finishAll(inbox, tasks);
    });

    it('lets another take a task over when its holder has not prolonged it, and not before', async () => {
      const { inbox, pass } = open();
      const task = arrived();
      await inbox.put(task);
      await inbox.claim(claimBy('first', { ttlMs: 400 }));
      expect(await inbox.prolong(task, 'first', 800)).toBe(true);
      await pass(500);
      expect(await claimAll(inbox, 'second')).toEqual([]);
      await pass(400);
      expect(idsOf(await claimAll(inbox, 'second'))).toEqual(idsOf([task]));
      expect(await inbox.prolong(task, 'first', 800)).toBe(false);
      expect(await inbox.prolong(task, 'second', 800)).toBe(true);
      await finishAll(inbox, [task]);
      expect(await inbox.prolong(task, 'second', 800)).toBe(false);
    });

    it('gives a released task again after the wait, and only its holder may release it', async () => {
      const { inbox, pass } = open();
      const task = arrived();
      await inbox.put(task);
      await claimAll(inbox, 'first');
      await inbox.release(task, 'second', NOW);
      expect(await claimAll(inbox, 'second')).toEqual([]);
      await inbox.release(task, 'first', { ...NOW, afterMs: 300 });
      expect(await claimAll(inbox, 'second')).toEqual([]);
      await pass(400);
      expect(idsOf(await claimAll(inbox, 'second'))).toEqual(idsOf([task]));
      await finishAll(inbox, [task]);
    });

    it('gives a released task in the lane, and with the attempt, that it was released with, and to nobody else', async () => {
      const { inbox } = open();
      const task = arrived();
      await inbox.put(task);
      await claimAll(inbox);
      await inbox.release(task, 'me', { lane: 'plan', afterMs: 0, attempt: 3 });
      expect(await claimAll(inbox)).toEqual([]);
      const inPlan = claimBy('you', { lane: 'plan' });
      expect(await inbox.claim(inPlan)).toEqual([{ ...task, result: null, lane: 'plan', attempt: 3 }]);
      await finishAll(inbox, [task]);
    });

    it('serves the tenant first that was served least recently, however much older the tasks of another are', async () => {
      const { inbox, pass } = open();
      const [busy, calm] = [`busy-${randomUUID()}`, `calm-${randomUUID()}`];
      const old = [1, 2, 3, 4].map((order) => arrived({ tenantId: busy, arrivedAtMs: START_MS + order }));
      const young = [5, 6].map((order) => arrived({ tenantId: calm, arrivedAtMs: START_MS + order }));
      for (const task of [...old, ...young]) await inbox.put(task);
      const served: RunTaskKey[] = [];
      for (let turn = 0; turn < 6; turn += 1) {
        const [task] = await inbox.claim(claimBy('me', { limit: 1 }));
        if (task !== undefined) served.push(task);
        await finishAll(inbox, served); // Nobody holds any when the next is taken.
        await pass(5);
      }
      expect(idsOf(served)).toEqual(idsOf([old[0]!, young[0]!, old[1]!, young[1]!, old[2]!, old[3]!]));
    });

    it('gives each tenant one before it gives any a second', async () => {
      const { inbox } = open();
      const [busy, calm] = [`busy-${randomUUID()}`, `calm-${randomUUID()}`];
      const old = [1, 2, 3].map((order) => arrived({ tenantId: busy, arrivedAtMs: START_MS + order }));
      const young = arrived({ tenantId: calm, arrivedAtMs: START_MS + 9 });
      for (const task of [...old, young]) await inbox.put(task);
      expect(idsOf(await inbox.claim(claimBy('me', { limit: 2 })))).toEqual(idsOf([old[0]!, young]));
      expect(idsOf(await inbox.claim(claimBy('me', { limit: 1 })))).toEqual(idsOf([old[1]!]));
      await finishAll(inbox, [...old, young]);
    });

    it('lets a holder have so many tasks of one tenant in a lane and no more, with those that it has already', async () => {
      const { inbox } = open();
      const tasks = [1, 2, 3, 4, 5].map((order) => arrived({ arrivedAtMs: START_MS + order }));
      for (const task of tasks) await inbox.put(task);
      const twoOf = (holder: string, more: Partial<RunTaskClaim> = {}) =>
        inbox.claim(claimBy(holder, { tenantMax: 2, ...more }));
      expect(await twoOf('me', { limit: 1 })).toHaveLength(1);
      expect(await twoOf('me')).toHaveLength(1);
      expect(await twoOf('me')).toEqual([]);
      expect(await twoOf('you')).toHaveLength(2);
      await inbox.finish(tasks[0]!);
      await inbox.release(tasks[1]!, 'me', { lane: 'plan', afterMs: 0, attempt: 0 });
      expect(await twoOf('me', { lane: 'plan' })).toHaveLength(1); // Lanes are apart.
      expect(idsOf(await twoOf('me'))).toEqual(idsOf([tasks[4]!]));
      await finishAll(inbox, tasks);
    });

    it('keeps the first final answer, and gives it to whoever takes the task over', async () => {
      const { inbox } = open();
      const task = arrived();
      await inbox.put(task);
      await claimAll(inbox, 'first');
      expect(await inbox.keepResult(task, '{"status":"passed"}')).toBe('{"status":"passed"}');
      expect(await inbox.keepResult(task, '{"status":"failed"}')).toBe('{"status":"passed"}');
      await inbox.release(task, 'first', NOW);
      expect(await claimAll(inbox, 'second')).toMatchObject([{ result: '{"status":"passed"}' }]);
      await finishAll(inbox, [task]);
    });

    it('drops the sealed token with the end of the task', async () => {
      const { inbox, dump } = open();
      const task = arrived();
      await inbox.put(task);
      expect(await dump()).toContain(task.sealedToken);
      await inbox.finish(task);
      const left = await dump();
      expect(left).toContain(task.taskResultId);
      expect(left).not.toContain(task.sealedToken);
    });

    it('forgets finished tasks in time, and never an unfinished one', async () => {
      const { inbox, dump } = open();
      const [done, open_] = [arrived(), arrived()];
      await inbox.put(done);
      await inbox.put(open_);
      await inbox.finish(done);
      await inbox.forget(START_MS - 1_000_000_000_000);
      expect(await dump()).toContain(done.taskResultId);
      await inbox.forget(START_MS + 100_000_000_000_000);
      expect(await dump()).not.toContain(done.taskResultId);
      expect(idsOf(await claimAll(inbox))).toEqual(idsOf([open_]));
      await finishAll(inbox, [open_]);
    });
  });
};
