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

/** `quick`: a few words to the peer, and decisions without a plan. `plan`: work that has a whole plan in memory. */
export type RunTaskLane = 'quick' | 'plan';

/** A task that its holder works on now. */
export interface HeldRunTask extends ArrivedRunTask {
  /** The final answer, if one was made before: it is sent as it is. */
  readonly result: string | null;
  /** Where it was claimed; a new task waits in `quick`. */
  readonly lane: RunTaskLane;
  /** As `release` told it; 0 at first. */
  readonly attempt: number;
}

/** What a holder asks for. */
export interface RunTaskClaim {
  readonly holder: string;
  /** How long nobody else may have what is taken, unless the holder prolongs it. */
  readonly ttlMs: number;
  readonly lane: RunTaskLane;
  /** So many at most. */
  readonly limit: number;
  /** So many of one tenant at most, with those of this lane that the holder has already. */
  readonly tenantMax: number;
}

/** What is to be done with a task next. It survives the process, so whoever takes the task goes on from there. */
export interface NextAttempt {
  readonly lane: RunTaskLane;
  /** Milliseconds from now, by the store's clock. */
  readonly afterMs: number;
  readonly attempt: number;
}

/**
 * Run tasks that were answered 200 and are still owed a verdict. What `put` took survives the process, and a task has at
 * most one holder at a time, by the store's own clock.
 *
 * Every method rejects with RunTaskInboxUnavailable while the store cannot be reached; repeating the call is safe.
 * @source protocols section 2 (T4, T7, T10); architecture G9
 */
export interface RunTaskInbox {
  /** Durable once it resolves. False: a task of this key is there, done or not; nothing was changed. */
  put(task: ArrivedRunTask): Promise<boolean>;
  /**
   * Takes unfinished tasks that nobody holds and whose time has come. First the tenants of whom the holder has fewest,
   * among them whoever was served least recently, whatever waits behind; of one tenant what was due first, then the oldest.
   * It may take fewer than there are while others claim at the same time.
   */
  claim(claim: RunTaskClaim): Promise<readonly HeldRunTask[]>;
  /** False: the holder has lost the task, or it is done. */
  prolong(key: RunTaskKey, holder: string, ttlMs: number): Promise<boolean>;
  /** Gives an unfinished task back, so that it can be claimed again when its time has come. */
  release(key: RunTaskKey, holder: string, next: NextAttempt): Promise<void>;
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
