import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MemoryRunTaskInbox } from '@verdict/adapter-memory';
import type { PlanAnswer, ResultAnswer, TerraformPeer } from '../ports/terraform-peer.js';
import type { DecideRunTask, RunTaskDecision } from './decide-run-task.js';
import { runTaskText } from './run-task.codec.js';
import type { RunStage } from './run-task.js';
import { RunTaskWorker } from './run-task-worker.js';
import { plainVerdict } from './task-result.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const START = Date.parse('2026-11-28T00:00:00.000Z');
const PEER = 'tfe.example.com';
const OTHER = 'slow.example.com';

/** A peer, an inbox and a gate on one simulated clock; what happens is noted with its second. */
const world = (holder = 'gate-1', inbox = new MemoryRunTaskInbox({ nowMs: () => Date.now() })) => {
  const happened: (readonly [second: number, what: string])[] = [];
  const note = (what: string, url = ''): void => {
    const of = url === '' || url.includes(PEER) ? '' : `${new URL(url).hostname}: `;
    happened.push([(Date.now() - START) / SECOND, `${of}${what}`]);
  };
  /** Whether something that takes `ms` is done before it is cut off. */
  const takes = async (url: string, ms: number, timeoutMs: number): Promise<boolean> => {
    const isSlow = url.includes(says.slowPeer);
    if (isSlow && ms > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(ms, timeoutMs)));
    return !isSlow || ms <= timeoutMs;
  };
  const says = {
    slowPeer: '',
    planTakesMs: 0,
    resultTakesMs: 0,
    plan: (): PlanAnswer => ({ kind: 'plan', bytes: Buffer.from('{}') }),
    result: (_isFinal: boolean, _url: string): ResultAnswer => 'taken',
    decision: (): RunTaskDecision => plainVerdict('passed', 'fine'),
  };
  const peer: TerraformPeer = {
    isSigned: () => true,
    fetchPlan: async ({ url, timeoutMs }) => {
      const answer = (await takes(url, says.planTakesMs, timeoutMs)) ? says.plan() : { kind: 'unreachable' as const };
      note(`plan ${answer.kind}`, url);
      return answer;
    },
    sendResult: async ({ url, body, timeoutMs }) => {
      const [, status = ''] = /"status":"(\w+)"/.exec(body) ?? [];
      const answer = (await takes(url, says.resultTakesMs, timeoutMs))
        ? says.result(status !== 'running', url)
        : 'unreachable';
      note(`${status} ${answer}`, url);
      return answer;
    },
  };
  const decide = {
    peerOf: () => Promise.resolve({ address: 'https://tfe.example.com', isPrivateAllowed: false }),
    decide: () => {
      const decision = says.decision();
      note(decision === 'again' ? 'no verdict' : `verdict ${decision.status}`);
      return Promise.resolve(decision);
    },
  } as unknown as DecideRunTask;
  const worker = new RunTaskWorker({
    ...{ inbox, peer, decide, holder },
    sealer: { seal: () => ({ kid: '', iv: '', ct: '', tag: '' }), open: () => 'token' },
    clock: { nowMs: () => Date.now() },
    readJson: () => ({}),
    observer: {
      answered: ({ status, seconds }) => {
        note(`answered ${status} after ${String(seconds)}`);
      },
      unanswered: ({ reason }) => {
        note(`given up: ${reason}`);
      },
      failed: () => {
        note('failed');
      },
      unavailable: () => {
        note('unavailable');
      },
    },
  });
  const arrive = (stage: RunStage = 'post_plan', { tenantId = 'acme', host = PEER, taskResultId = 'taskrs-1' } = {}) =>
    inbox.put({
      ...{ tenantId, integrationId: 'tfe', taskResultId },
      task: runTaskText({
        ...{ taskResultId, stage, callbackUrl: `https://${host}/r`, hasOutcomes: false },
        planUrl: stage === 'pre_plan' ? null : `https://${host}/p`,
        ...{ isSpeculative: false, isMandatory: true, organization: 'o', project: '', workspaceId: 'ws-1' },
        ...{ workspace: 'shop', runId: 'run-1', runUrl: null, createdBy: null },
      }),
      sealedToken: JSON.stringify({ kid: 'k', iv: 'i', ct: 'c', tag: 't' }),
      arrivedAtMs: Date.now(),
    });
  /** Tasks of another tenant, at an address of its own. */
  const flood = async (count: number, stage: RunStage = 'post_plan'): Promise<void> => {
    for (let order = 0; order < count; order += 1)
      await arrive(stage, { tenantId: 'other', host: OTHER, taskResultId: `taskrs-${String(order)}` });
  };
  return { worker, inbox, says, happened, arrive, flood };
};
const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
const at = (happened: readonly (readonly [number, string])[], what: string): readonly number[] =>
  happened.filter(([, each]) => each === what).map(([second]) => second);

describe('the clocks of a run task', () => {
  const workers: RunTaskWorker[] = [];
  const open = (...terms: Parameters<typeof world>) => {
    const made = world(...terms);
    workers.push(made.worker);
    made.worker.start();
    return made;
  };
  beforeEach(() => {
    jest.useFakeTimers({ now: START });
  });
  afterEach(async () => {
    const stopping = workers.splice(0).map((worker) => worker.stop());
    await pass(20 * SECOND);
    await Promise.all(stopping);
    jest.useRealTimers();
  });

  it('say at once that it is running, and end it with the verdict', async () => {
    const { worker, arrive, happened } = open();
    await pass(100);
    await arrive();
    worker.wake();
    await pass(0);
    expect(happened).toEqual([
      [0.1, 'running taken'],
      [0.1, 'plan plan'],
      [0.1, 'verdict passed'],
      [0.1, 'passed taken'],
      [0.1, 'answered passed after 0'],
    ]);
    await pass(MINUTE);
    expect(happened).toHaveLength(5);
  });

  it('ask for a plan that is not ready after 1, 2, 4, 8 and then every 15 s, and decide without it at 100 s', async () => {
    const { arrive, happened, says } = open();
    says.plan = () => ({ kind: 'not_ready' });
    await arrive();
    await pass(2 * MINUTE);
    expect(at(happened, 'plan not_ready')).toEqual([0, 1, 3, 7, 15, 30, 45, 60, 75, 90, 100]);
    expect(at(happened, 'passed taken')).toEqual([100]);
  });

  it.each([
    [1, 0],
    [7, 9],
    [13, 10],
    [20, 9],
    [100, 10],
  ])(
    'end a task within 2 minutes where each attempt at its plan would take %i s, and each at its result %i s',
    async (planSeconds, resultSeconds) => {
      const { arrive, happened, says } = open();
      says.plan = () => ({ kind: 'unreachable' });
      says.planTakesMs = planSeconds * SECOND;
      says.resultTakesMs = resultSeconds * SECOND;
      await arrive();
      await pass(3 * MINUTE);
      const [answered = 0] = at(happened, 'passed taken');
      expect([answered >= 100, answered <= 120]).toEqual([true, true]);
    },
  );

  it('use a plan as soon as it is there', async () => {
    const { arrive, happened, says } = open();
    says.plan = () =>
      Date.now() - START < 5 * SECOND ? { kind: 'unreachable' } : { kind: 'plan', bytes: Buffer.from('{}') };
    await arrive();
    await pass(MINUTE);
    expect(at(happened, 'plan unreachable')).toEqual([0, 1, 3]);
    expect(at(happened, 'passed taken')).toEqual([7]);
  });

  it('ask no further where the answer about the plan is definite', async () => {
    const { arrive, happened, says } = open();
    says.plan = () => ({ kind: 'unsupported' });
    await arrive();
    await pass(MINUTE);
    expect(at(happened, 'plan unsupported')).toEqual([0]);
    expect(at(happened, 'verdict passed')).toEqual([0]);
  });

  it('come back every second while no verdict is durable, saying each time that it is running, and fail it at 100 s', async () => {
    const { arrive, happened, says } = open();
    says.decision = () => 'again';
    await arrive('pre_plan');
    await pass(99.9 * SECOND);
    expect(at(happened, 'failed taken')).toEqual([]);
    const running = at(happened, 'running taken');
    const gaps = running.slice(1).map((second, index) => second - (running[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2); // The peer hears something at least every 10 minutes.
    await pass(3 * SECOND);
    const [failed = 0, ...more] = at(happened, 'failed taken');
    expect([more, failed >= 100, failed < 102]).toEqual([[], true, true]);
  });

  it('send the same answer after 1, 2, 4, 8 and then every 15 s until it is taken', async () => {
    const { arrive, happened, says } = open();
    says.result = (isFinal) => (isFinal && Date.now() - START < 40 * SECOND ? 'unreachable' : 'taken');
    await arrive();
    await pass(5 * MINUTE);
    expect(at(happened, 'passed unreachable')).toEqual([0, 1, 3, 7, 15, 30]);
    expect(at(happened, 'passed taken')).toEqual([45]);
    expect(at(happened, 'verdict passed')).toEqual([0]); // Decided once.
    expect(at(happened, 'answered passed after 45')).toEqual([45]);
  });

  it('give up 10 minutes after it arrived, when no peer waits any more, and not before', async () => {
    const { arrive, happened, says } = open();
    says.result = (isFinal) => (isFinal ? 'unreachable' : 'taken');
    await arrive();
    await pass(10 * MINUTE - 1);
    expect(at(happened, 'given up: the peer could not be reached')).toEqual([]);
    await pass(16 * SECOND);
    expect(at(happened, 'given up: the peer could not be reached')).toEqual([600]);
    await pass(5 * MINUTE);
    expect(happened.at(-1)).toEqual([600, 'given up: the peer could not be reached']);
  });

  it('give up at once where the peer refuses the answer', async () => {
    const { arrive, happened, says } = open();
    says.result = (isFinal) => (isFinal ? 'refused' : 'taken');
    await arrive();
    await pass(MINUTE);
    expect(at(happened, "given up: the peer's answer was: refused")).toEqual([0]);
    expect(at(happened, 'passed refused')).toEqual([0]);
  });

  it('answer nobody about a task that waited 10 minutes in the inbox', async () => {
    const { arrive, happened, worker } = world();
    await arrive();
    await pass(10 * MINUTE);
    workers.push(worker);
    worker.start();
    await pass(SECOND);
    expect(happened).toEqual([[600, 'given up: nobody waits any more']]);
  });

  it('keep a task with its holder for as long as a step takes, and give it to another 6 s after he is gone', async () => {
    const first = open('gate-1');
    first.says.planTakesMs = 19 * SECOND;
    await first.arrive();
    await pass(SECOND);
    const second = open('gate-2', first.inbox);
    await pass(11 * SECOND);
    expect(second.happened).toEqual([]);
    const { inbox } = first;
    const { prolong, claim } = MemoryRunTaskInbox.prototype;
    // Gone without a word: from now on its holder neither prolongs nor claims.
    inbox.prolong = (key, holder, ttl) =>
      holder === 'gate-1' ? Promise.resolve(false) : prolong.call(inbox, key, holder, ttl);
    inbox.claim = (asked) => (asked.holder === 'gate-1' ? Promise.resolve([]) : claim.call(inbox, asked));
    await pass(6.6 * SECOND);
    const [taken = 0] = at(second.happened, 'plan plan');
    expect([taken >= 18, taken < 19]).toEqual([true, true]); // It had prolonged last at 12 s.
    expect(at(second.happened, 'passed taken')).toHaveLength(1);
  });

  it('leave the time of the next attempt, and how many there were, to whoever takes a task after a restart', async () => {
    const first = open('gate-1');
    first.says.plan = () => ({ kind: 'not_ready' });
    await first.arrive();
    await pass(8 * SECOND);
    expect(at(first.happened, 'plan not_ready')).toEqual([0, 1, 3, 7]);
    await first.worker.stop();
    const second = open('gate-2', first.inbox);
    second.says.plan = first.says.plan;
    await pass(23 * SECOND);
    expect(second.happened).toEqual([
      [15, 'plan not_ready'],
      [30, 'plan not_ready'],
    ]);
  });

  it.each<readonly [string, RunStage]>([
    ['callbacks and plans', 'post_plan'],
    ['callbacks', 'pre_plan'],
  ])('are kept for one tenant whatever the %s of another take, however many and however old', async (_what, stage) => {
    const { arrive, flood, happened, says } = open();
    Object.assign(says, { slowPeer: OTHER, planTakesMs: MINUTE, resultTakesMs: MINUTE });
    await flood(40, stage);
    await pass(30 * SECOND);
    await arrive();
    await pass(SECOND);
    expect(at(happened, 'running taken').map(Math.floor)).toEqual([30]);
    expect(at(happened, 'passed taken').map(Math.floor)).toEqual([30]);
  });

  it('are kept while no callback of another tenant is taken', async () => {
    const { arrive, flood, happened, says } = open();
    says.result = (_isFinal, url) => (url.includes(OTHER) ? 'unreachable' : 'taken');
    await flood(200);
    await pass(5 * SECOND);
    await arrive('pre_plan');
    await pass(SECOND);
    expect(at(happened, 'running taken').map(Math.floor)).toEqual([5]);
    expect(at(happened, 'passed taken').map(Math.floor)).toEqual([5]);
  });

  it('say at once that a task is running, also while all that look at plans are busy', async () => {
    const { arrive, flood, happened, says } = open();
    Object.assign(says, { slowPeer: 'example.com', planTakesMs: 15 * SECOND });
    await flood(2);
    await arrive();
    await arrive('post_plan', { taskResultId: 'taskrs-2' });
    await pass(SECOND);
    await arrive('post_plan', { taskResultId: 'taskrs-3' });
    await pass(SECOND);
    expect(at(happened, `${OTHER}: running taken`)).toEqual([0, 0]);
    expect(at(happened, 'running taken').map(Math.floor)).toEqual([0, 0, 1]);
    expect(at(happened, 'plan plan')).toEqual([]);
  });
});
