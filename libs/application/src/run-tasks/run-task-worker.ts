import type { HeldRunTask, RunTaskInbox, RunTaskLane } from '../ports/run-task-inbox.js';
import { Rest } from '../projections/rest.js';
import { AGAIN_AFTER_MS, type AnswerObserver, AnswerRunTask, type AnswerRunTaskDeps } from './answer-run-task.js';

/** Told what operators want to know of; no secret is ever in it. */
export interface RunTaskObserver extends AnswerObserver {
  failed(task: { readonly tenantId: string; readonly taskResultId: string; readonly error: unknown }): void;
  unavailable(error: unknown): void;
}

export interface RunTaskWorkerDeps extends AnswerRunTaskDeps {
  readonly inbox: RunTaskInbox;
  readonly observer: RunTaskObserver;
  /** Names this process among those that share the inbox. */
  readonly holder: string;
}

interface Lane {
  readonly lane: RunTaskLane;
  readonly slots: number;
  /** A tenant chooses how long its own addresses take to answer, so none may have them all. */
  readonly tenantMax: number;
}
const LANES: readonly Lane[] = [
  { lane: 'quick', slots: 16, tenantMax: 4 }, // So that everybody hears at once that work has begun, whatever plans take.
  { lane: 'plan', slots: 4, tenantMax: 2 }, // More would hold as many plans in memory.
];

/** A process that dies gives its tasks back after this; the peer waits minutes. */
const LEASE_MS = 6_000;
const PROLONG_EVERY_MS = 2_000;
const REST_MS = 500;
const FORGET_AFTER_MS = 7 * 86_400_000;
const FORGET_EVERY_MS = 3_600_000;

/**
 * Answers the tasks of the inbox step by step, giving each tenant its turn; whatever a process before left is there at the
 * start. A slot is taken for as long as a step takes: waiting is the inbox's.
 * @source protocols section 2 (T7); architecture G9
 */
export class RunTaskWorker {
  private readonly rest = new Rest();
  private readonly running = new Map<Promise<void>, RunTaskLane>();
  private readonly answer: AnswerRunTask;
  private isStopping = false;
  private wakes = 0;
  private loop: Promise<void> = Promise.resolve();
  private forgottenAtMs = 0;

  constructor(private readonly deps: RunTaskWorkerDeps) {
    this.answer = new AnswerRunTask(deps);
  }

  start(): void {
    this.loop = this.run();
  }

  /** A task has arrived. */
  wake(): void {
    this.wakes += 1; // Also while the inbox is being asked, which may not have seen it.
    this.rest.end();
  }

  /** Lets the steps that are being taken end; what is unfinished stays in the inbox, with the time of its next attempt. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.wake();
    await this.loop;
    await Promise.all(this.running.keys());
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      const wakes = this.wakes;
      const taken = await this.takeMore();
      if (taken === 0 && wakes === this.wakes) await this.rest.take(REST_MS);
    }
  }

  private async takeMore(): Promise<number> {
    try {
      await this.forget();
      let taken = 0;
      for (const lane of LANES) taken += await this.takeFrom(lane);
      return taken;
    } catch (error) {
      this.deps.observer.unavailable(error);
      return 0;
    }
  }

  private async takeFrom({ lane, slots, tenantMax }: Lane): Promise<number> {
    const limit = slots - [...this.running.values()].filter((each) => each === lane).length;
    if (limit <= 0) return 0;
    const tasks = await this.deps.inbox.claim({ holder: this.deps.holder, ttlMs: LEASE_MS, lane, limit, tenantMax });
    for (const held of tasks) {
      const work = this.work(held).finally(() => {
        this.running.delete(work);
        this.wake();
      });
      this.running.set(work, lane);
    }
    return tasks.length;
  }

  private async forget(): Promise<void> {
    const nowMs = this.deps.clock.nowMs();
    if (nowMs - this.forgottenAtMs < FORGET_EVERY_MS) return;
    this.forgottenAtMs = nowMs;
    await this.deps.inbox.forget(nowMs - FORGET_AFTER_MS);
  }

  /** Never rejects: a task that could not be answered now is given back. */
  private async work(held: HeldRunTask): Promise<void> {
    const { inbox, holder, observer } = this.deps;
    const prolonging = setInterval(() => {
      void inbox.prolong(held, holder, LEASE_MS).catch(() => false);
    }, PROLONG_EVERY_MS);
    try {
      const next = await this.answer.step(held);
      if (next === 'done') await inbox.finish(held);
      else await inbox.release(held, holder, next);
    } catch (error) {
      const { tenantId, taskResultId, lane, attempt } = held;
      observer.failed({ tenantId, taskResultId, error });
      await inbox.release(held, holder, { lane, afterMs: AGAIN_AFTER_MS, attempt }).catch(() => undefined);
    } finally {
      clearInterval(prolonging);
    }
  }
}
