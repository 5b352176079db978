import type { RawJson } from '@verdict/domain';
import type { HeldRunTask, RunTaskInbox } from '../ports/run-task-inbox.js';
import type { Clock, Sealer } from '../ports/system.js';
import type { PeerAddress, TerraformPeer } from '../ports/terraform-peer.js';
import { Rest } from '../projections/rest.js';
import type { DecideRunTask, RunTaskDecision } from './decide-run-task.js';
import { openToken } from './receive-run-task.js';
import { readRunTask } from './run-task.codec.js';
import type { RunTask } from './run-task.js';
import { plainVerdict, resultBody, RUNNING } from './task-result.js';

/** Told what operators want to know of; no secret is ever in it. */
export interface RunTaskObserver {
  answered(task: { readonly stage: string; readonly status: string; readonly seconds: number }): void;
  /** The peer took no answer: its run ends as `errored`. */
  unanswered(task: { readonly tenantId: string; readonly taskResultId: string; readonly reason: string }): void;
  failed(task: { readonly tenantId: string; readonly taskResultId: string; readonly error: unknown }): void;
  unavailable(error: unknown): void;
}

export interface RunTaskWorkerDeps {
  readonly inbox: RunTaskInbox;
  readonly peer: TerraformPeer;
  readonly decide: DecideRunTask;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** The strict reader; undefined for what is not JSON. */
  readonly readJson: (bytes: Uint8Array) => RawJson | undefined;
  readonly observer: RunTaskObserver;
  /** Names this process among those that share the inbox. */
  readonly holder: string;
}

/** One answer after another; more would hold as many plans in memory. */
const CONCURRENCY = 4;
/** A process that dies gives its tasks back after this; the peer waits minutes. */
const LEASE_MS = 6_000;
const PROLONG_EVERY_MS = 2_000;
const REST_MS = 500;
const AGAIN_AFTER_MS = 1_000;

/** @source contract section 16 */
export const PLAN_BYTES_MAX = 10 * 1024 * 1024;
const ATTEMPT_MS = 20_000;
const RESULT_ATTEMPT_MS = 10_000;
/**
 * We finish within 2 minutes: the last attempt at the plan begins by the first and ends by the second of these, which leaves
 * time for the verdict, and for one attempt at sending it. @source protocols section 2 (T7)
 */
const DECIDE_WITHIN_MS = 100_000;
const PLAN_WITHIN_MS = 105_000;
const FINISH_WITHIN_MS = 120_000;
/** The oldest peers wait 10 minutes in all. */
const SEND_WITHIN_MS = 10 * 60_000;
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 15_000] as const;
const FORGET_AFTER_MS = 7 * 86_400_000;
const FORGET_EVERY_MS = 3_600_000;

const waitMs = (attempt: number): number => WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)] ?? REST_MS;

/** `plan` undefined: nothing can be known of it, so its cost is unknown. */
interface PlanRead {
  readonly plan: RawJson | undefined;
}
const NO_PLAN: PlanRead = { plan: undefined };

interface Work {
  readonly held: HeldRunTask;
  readonly task: RunTask;
  readonly peer: PeerAddress;
  readonly token: string;
}

/** Answers the tasks of the inbox, oldest first; whatever a process before left is there at the start. */
export class RunTaskWorker {
  private readonly rest = new Rest();
  private readonly running = new Set<Promise<void>>();
  private readonly pauses = new Set<Rest>();
  private isStopping = false;
  private loop: Promise<void> = Promise.resolve();
  private forgottenAtMs = 0;

  constructor(private readonly deps: RunTaskWorkerDeps) {}

  start(): void {
    this.loop = this.run();
  }

  /** A task has arrived. */
  wake(): void {
    this.rest.end();
  }

  /** Lets running answers come to their next pause; what is unfinished stays in the inbox. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.rest.end();
    for (const pause of this.pauses) pause.end();
    await this.loop;
    await Promise.all(this.running);
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      const taken = await this.takeMore();
      if (taken === 0) await this.rest.take(REST_MS);
    }
  }

  private async takeMore(): Promise<number> {
    const room = CONCURRENCY - this.running.size;
    if (room <= 0) return 0;
    try {
      await this.forget();
      const tasks = await this.deps.inbox.claim(this.deps.holder, LEASE_MS, room);
      for (const held of tasks) {
        const work = this.work(held).finally(() => {
          this.running.delete(work);
          this.rest.end();
        });
        this.running.add(work);
      }
      return tasks.length;
    } catch (error) {
      this.deps.observer.unavailable(error);
      return 0;
    }
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
      if (await this.answer(held)) await inbox.finish(held);
      else await inbox.release(held, holder, this.isStopping ? 0 : AGAIN_AFTER_MS);
    } catch (error) {
      observer.failed({ tenantId: held.tenantId, taskResultId: held.taskResultId, error });
      await inbox.release(held, holder, AGAIN_AFTER_MS).catch(() => undefined);
    } finally {
      clearInterval(prolonging);
    }
  }

  /** True once there is nothing more to do. */
  private async answer(held: HeldRunTask): Promise<boolean> {
    const task = readRunTask(held.task);
    const peer = await this.deps.decide.peerOf(held);
    const token = openToken(this.deps.sealer, held);
    if (peer === undefined || token === undefined) return this.giveUp(held, 'the integration is revoked');
    if (this.isPast(held, SEND_WITHIN_MS)) return this.giveUp(held, 'nobody waits any more');
    const work = { held, task, peer, token };
    const body = held.result ?? (await this.decideBody(work));
    return body === 'again' ? false : this.send(work, body);
  }

  private async decideBody(work: Work): Promise<string> {
    const { held, task } = work;
    await this.deps.peer.sendResult({ ...this.callback(work), body: RUNNING }); // For people who watch; nothing rests on it.
    const decision = await this.decideInTime(work);
    if (decision === 'again') return 'again';
    return this.deps.inbox.keepResult(held, resultBody(decision, task));
  }

  private async decideInTime(work: Work): Promise<RunTaskDecision> {
    const { held, task } = work;
    const isAboutPlan = task.stage === 'post_plan' || task.stage === 'pre_apply';
    const read = isAboutPlan ? await this.fetchPlan(work) : NO_PLAN;
    if (read === undefined) return 'again';
    const decision = await this.deps.decide.decide(held, task, read.plan);
    if (decision !== 'again' || !this.isPast(held, DECIDE_WITHIN_MS)) return decision;
    return plainVerdict('failed', 'There is no verdict: it could not be made durable in time. Start the run again.');
  }

  /** undefined: this process stops. @source protocols section 2 (T5) */
  private async fetchPlan({ held, task, peer, token }: Work): Promise<PlanRead | undefined> {
    if (task.planUrl === null) return NO_PLAN;
    for (let attempt = 0; ; attempt += 1) {
      const timeoutMs = Math.min(ATTEMPT_MS, this.leftMs(held, PLAN_WITHIN_MS));
      if (timeoutMs <= 0) return NO_PLAN;
      const asked = { peer, url: task.planUrl, token, timeoutMs, bytesMax: PLAN_BYTES_MAX };
      const answer = await this.deps.peer.fetchPlan(asked);
      if (answer.kind === 'plan') return { plan: this.deps.readJson(answer.bytes) };
      if (answer.kind !== 'not_ready' && answer.kind !== 'unreachable') return NO_PLAN;
      const leftMs = this.leftMs(held, DECIDE_WITHIN_MS);
      if (leftMs <= 0) return NO_PLAN;
      await this.pause(Math.min(waitMs(attempt), leftMs));
      if (this.isStopping) return undefined;
    }
  }

  /** The same body until it is taken, refused, or nobody waits any more. @source protocols section 2 (T6) */
  private async send(work: Work, body: string): Promise<boolean> {
    const { held, task } = work;
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.deps.peer.sendResult({ ...this.callback(work), body });
      if (answer === 'taken') {
        const seconds = (this.deps.clock.nowMs() - held.arrivedAtMs) / 1000;
        this.deps.observer.answered({ stage: task.stage, status: statusIn(body), seconds });
        return true;
      }
      if (answer !== 'unreachable') return this.giveUp(held, `the peer's answer was: ${answer}`);
      if (this.isPast(held, SEND_WITHIN_MS)) return this.giveUp(held, 'the peer could not be reached');
      await this.pause(waitMs(attempt));
      if (this.isStopping) return false;
    }
  }

  private callback({ held, task, peer, token }: Work) {
    const leftMs = this.leftMs(held, FINISH_WITHIN_MS);
    const timeoutMs = leftMs > 0 ? Math.min(RESULT_ATTEMPT_MS, leftMs) : RESULT_ATTEMPT_MS; // Late is better than never.
    return { peer, url: task.callbackUrl, token, timeoutMs };
  }

  private giveUp({ tenantId, taskResultId }: HeldRunTask, reason: string): true {
    this.deps.observer.unanswered({ tenantId, taskResultId, reason });
    return true;
  }

  private leftMs({ arrivedAtMs }: HeldRunTask, withinMs: number): number {
    return arrivedAtMs + withinMs - this.deps.clock.nowMs();
  }

  private isPast(held: HeldRunTask, withinMs: number): boolean {
    return this.leftMs(held, withinMs) <= 0;
  }

  private async pause(ms: number): Promise<void> {
    if (this.isStopping) return;
    const rest = new Rest();
    this.pauses.add(rest);
    await rest.take(ms);
    this.pauses.delete(rest);
  }
}

const statusIn = (body: string): string => (/"status":"(passed|failed)"/.exec(body) ?? [])[1] ?? 'unknown';
