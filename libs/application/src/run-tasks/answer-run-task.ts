import type { RawJson } from '@verdict/domain';
import type { HeldRunTask, NextAttempt, RunTaskInbox } from '../ports/run-task-inbox.js';
import type { Clock, Sealer } from '../ports/system.js';
import type { PeerAddress, TerraformPeer } from '../ports/terraform-peer.js';
import type { DecideRunTask, FetchedPlan } from './decide-run-task.js';
import { openToken } from './receive-run-task.js';
import { readRunTask } from './run-task.codec.js';
import type { RunTask } from './run-task.js';
import { plainVerdict, resultBody, RUNNING } from './task-result.js';

/** Told what becomes of tasks; no secret is ever in it. */
export interface AnswerObserver {
  answered(task: { readonly stage: string; readonly status: string; readonly seconds: number }): void;
  /** The peer took no answer: its run ends as `errored`. */
  unanswered(task: { readonly tenantId: string; readonly taskResultId: string; readonly reason: string }): void;
}

export interface AnswerRunTaskDeps {
  readonly inbox: Pick<RunTaskInbox, 'keepResult'>;
  readonly peer: TerraformPeer;
  readonly decide: DecideRunTask;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** The strict reader; undefined for what is not JSON. */
  readonly readJson: (bytes: Uint8Array) => RawJson | undefined;
  readonly observer: AnswerObserver;
}

export const AGAIN_AFTER_MS = 1_000;

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
const WAIT_MS_MAX = 15_000;

const waitMs = (attempt: number): number => WAITS_MS[attempt] ?? WAIT_MS_MAX;

interface Work {
  readonly held: HeldRunTask;
  readonly task: RunTask;
  readonly peer: PeerAddress;
  readonly token: string;
}

/** One step of a task after another. None waits for a peer that is not ready: what has to wait is to be given back. */
export class AnswerRunTask {
  constructor(private readonly deps: AnswerRunTaskDeps) {}

  /**
   * Takes the next step: says that the task is running, asks for its plan, decides, or sends the answer that was kept.
   *
   * @returns what is left to do, or `done`.
   * @throws RunTaskInboxUnavailable, LogUnreadable while a store is away: the same step is to be taken again.
   * @source protocols section 2 (T5, T6, T7)
   */
  async step(held: HeldRunTask): Promise<NextAttempt | 'done'> {
    const task = readRunTask(held.task);
    const peer = await this.deps.decide.peerOf(held);
    const token = openToken(this.deps.sealer, held);
    if (peer === undefined || token === undefined) return this.giveUp(held, 'the integration is revoked');
    if (this.isPast(held, SEND_WITHIN_MS))
      return this.giveUp(held, held.result === null ? 'nobody waits any more' : 'the peer could not be reached');
    const work = { held, task, peer, token };
    if (held.result !== null) return this.send(work, held.result, held.attempt);
    return held.lane === 'plan' ? this.askForPlan(work) : this.begin(work);
  }

  /** Says that it is running, for people who watch; nothing rests on it. */
  private async begin(work: Work): Promise<NextAttempt | 'done'> {
    const { stage, planUrl } = work.task;
    await this.deps.peer.sendResult({ ...this.callback(work), body: RUNNING });
    const isAboutPlan = (stage === 'post_plan' || stage === 'pre_apply') && planUrl !== null;
    return isAboutPlan ? { lane: 'plan', afterMs: 0, attempt: 0 } : this.decide(work, undefined);
  }

  /** One attempt; without a plan nothing can be known of it, so its cost is unknown. */
  private async askForPlan(work: Work): Promise<NextAttempt | 'done'> {
    const { held, task, peer, token } = work;
    const timeoutMs = Math.min(ATTEMPT_MS, this.leftMs(held, PLAN_WITHIN_MS));
    if (timeoutMs <= 0) return this.decide(work, undefined);
    const asked = { peer, url: task.planUrl ?? '', token, timeoutMs, bytesMax: PLAN_BYTES_MAX };
    const answer = await this.deps.peer.fetchPlan(asked);
    if (answer.kind === 'plan') {
      const { bytes } = answer;
      return this.decide(work, { bytes, json: this.deps.readJson(bytes) });
    }
    const leftMs = this.leftMs(held, DECIDE_WITHIN_MS);
    const isDefinite = answer.kind !== 'not_ready' && answer.kind !== 'unreachable';
    if (isDefinite || leftMs <= 0) return this.decide(work, undefined);
    return { lane: 'plan', afterMs: Math.min(waitMs(held.attempt), leftMs), attempt: held.attempt + 1 };
  }

  private async decide(work: Work, plan: FetchedPlan | undefined): Promise<NextAttempt | 'done'> {
    const { held, task } = work;
    const decision = await this.deps.decide.decide(held, task, plan);
    if (decision === 'again' && !this.isPast(held, DECIDE_WITHIN_MS))
      return { lane: held.lane, afterMs: AGAIN_AFTER_MS, attempt: held.attempt };
    const verdict = decision === 'again' ? NOT_DURABLE : decision;
    return this.send(work, await this.deps.inbox.keepResult(held, resultBody(verdict, task)), 0);
  }

  /** The same body until it is taken, refused, or nobody waits any more. */
  private async send(work: Work, body: string, attempt: number): Promise<NextAttempt | 'done'> {
    const { held, task } = work;
    const answer = await this.deps.peer.sendResult({ ...this.callback(work), body });
    if (answer === 'unreachable') return { lane: 'quick', afterMs: waitMs(attempt), attempt: attempt + 1 };
    if (answer !== 'taken') return this.giveUp(held, `the peer's answer was: ${answer}`);
    const seconds = (this.deps.clock.nowMs() - held.arrivedAtMs) / 1000;
    this.deps.observer.answered({ stage: task.stage, status: statusIn(body), seconds });
    return 'done';
  }

  private callback({ held, task, peer, token }: Work) {
    const leftMs = this.leftMs(held, FINISH_WITHIN_MS);
    const timeoutMs = leftMs > 0 ? Math.min(RESULT_ATTEMPT_MS, leftMs) : RESULT_ATTEMPT_MS; // Late is better than never.
    return { peer, url: task.callbackUrl, token, timeoutMs };
  }

  private giveUp({ tenantId, taskResultId }: HeldRunTask, reason: string): 'done' {
    this.deps.observer.unanswered({ tenantId, taskResultId, reason });
    return 'done';
  }

  private leftMs({ arrivedAtMs }: HeldRunTask, withinMs: number): number {
    return arrivedAtMs + withinMs - this.deps.clock.nowMs();
  }

  private isPast(held: HeldRunTask, withinMs: number): boolean {
    return this.leftMs(held, withinMs) <= 0;
  }
}

const NOT_DURABLE = plainVerdict(
  'failed',
  'There is no verdict: it could not be made durable in time. Start the run again.',
);

const statusIn = (body: string): string => (/"status":"(passed|failed)"/.exec(body) ?? [])[1] ?? 'unknown';
