/** Names one task of one Terraform installation: ids of installations may collide, so all three count. */
export interface RunTaskKey {
  readonly tenantId: string;
  readonly integrationId: string;
  readonly taskResultId: string;
}

/** A task as it arrived. */
export interface ArrivedRunTask extends RunTaskKey {
  /** JSON text of what the worker needs to know, without any secret. */
  readonly task: string;
  /** The peer's access token, sealed; never stored in the clear. */
  readonly sealedToken: string;
  /** Unix milliseconds. */
  readonly arrivedAtMs: number;
}

/** A task that its holder works on now. */
export interface HeldRunTask extends ArrivedRunTask {
  /** The final answer, if one was made before: it is sent as it is. */
  readonly result: string | null;
}

/**
 * Run tasks that were answered 200 and are still owed a verdict. What `put` took survives the process, and a task has at
 * most one holder at a time, by the store's own clock.
 *
 * Every method rejects with RunTaskInboxUnavailable while the store cannot be reached; repeating the call is safe.
 * @source protocols section 2 (T4, T7, T10)
 */
export interface RunTaskInbox {
  /** Durable once it resolves. False: a task of this key is there, done or not; nothing was changed. */
  put(task: ArrivedRunTask): Promise<boolean>;
  /** Takes up to `limit` unfinished tasks that nobody holds, oldest first, for `ttlMs`. */
  claim(holder: string, ttlMs: number, limit: number): Promise<readonly HeldRunTask[]>;
  /** False: the holder has lost the task, or it is done. */
  prolong(key: RunTaskKey, holder: string, ttlMs: number): Promise<boolean>;
  /** Gives an unfinished task back, so that it can be claimed again after `afterMs`. */
  release(key: RunTaskKey, holder: string, afterMs: number): Promise<void>;
  /** Keeps the final answer before it is sent. The first one kept stands, and is what this resolves with. */
  keepResult(key: RunTaskKey, result: string): Promise<string>;
  /** The final answer was given, or nobody waits for it any more: the sealed token is dropped. */
  finish(key: RunTaskKey): Promise<void>;
  /** Forgets tasks that were finished before a time (Unix milliseconds); until then their keys are known. */
  forget(finishedBeforeMs: number): Promise<void>;
}

/** The store is away: nothing was taken, and the peer sends again. */
export class RunTaskInboxUnavailable extends Error {
  override readonly name = 'RunTaskInboxUnavailable';
}
