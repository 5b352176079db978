import type {
  ArrivedRunTask,
  HeldRunTask,
  NextAttempt,
  RunTaskClaim,
  RunTaskInbox,
  RunTaskKey,
  RunTaskLane,
} from '@verdict/application';

export interface MemoryRunTaskInboxOptions {
  /** Unix milliseconds; a test passes its own clock. */
  readonly nowMs: () => number;
}

interface Kept {
  readonly task: ArrivedRunTask;
  readonly result: string | null;
  readonly holder: string | null;
  /** Nobody else may take it before. */
  readonly untilMs: number;
  readonly lane: RunTaskLane;
  readonly attempt: number;
  readonly claimedAtMs: number;
  readonly finishedAtMs: number | null;
}

const ARRIVED: Omit<Kept, 'task'> = {
  ...{ result: null, holder: null, untilMs: -Infinity, lane: 'quick', attempt: 0, claimedAtMs: -Infinity },
  finishedAtMs: null,
};

/** A task that may be taken, and how many of its tenant the holder would have with it. */
interface Due {
  readonly kept: Kept;
  readonly slot: number;
  readonly servedAtMs: number;
}

const inTurn = (one: Due, other: Due): number =>
  one.slot - other.slot ||
  compared(one.servedAtMs, other.servedAtMs) ||
  compared(one.kept.untilMs, other.kept.untilMs) ||
  one.kept.task.arrivedAtMs - other.kept.task.arrivedAtMs;

/** A difference of two infinities would be no number. */
const compared = (one: number, other: number): number => (one === other ? 0 : one < other ? -1 : 1);

const keyOf = ({ tenantId, integrationId, taskResultId }: RunTaskKey): string =>
  JSON.stringify([tenantId, integrationId, taskResultId]);

const dueOf = (
  ofTenant: readonly Kept[],
  { holder, lane, nowMs }: { readonly holder: string; readonly lane: RunTaskLane; readonly nowMs: number },
): readonly Due[] => {
  const servedAtMs = Math.max(...ofTenant.map(({ claimedAtMs }) => claimedAtMs));
  const open = ofTenant.filter((kept) => kept.finishedAtMs === null && kept.lane === lane);
  const had = open.filter((kept) => kept.holder === holder && kept.untilMs > nowMs).length;
  return open
    .filter(({ untilMs }) => untilMs <= nowMs)
    .map((kept) => ({ kept, slot: 0, servedAtMs }))
    .sort(inTurn)
    .map((due, index) => ({ ...due, slot: had + index + 1 }));
};

/** The RunTaskInbox port in memory, shared by all workers that it is given to. */
export class MemoryRunTaskInbox implements RunTaskInbox {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly options: MemoryRunTaskInboxOptions) {}

  put(task: ArrivedRunTask): Promise<boolean> {
    const key = keyOf(task);
    const isNew = !this.kept.has(key);
    if (isNew) this.kept.set(key, { ...ARRIVED, task });
    return Promise.resolve(isNew);
  }

  claim({ holder, ttlMs, lane, limit, tenantMax }: RunTaskClaim): Promise<readonly HeldRunTask[]> {
    const nowMs = this.options.nowMs();
    const all = [...this.kept.values()];
    const tenants = new Set(all.map(({ task }) => task.tenantId));
    const taken = [...tenants]
      .flatMap((tenantId) =>
        dueOf(
          all.filter(({ task }) => task.tenantId === tenantId),
          { holder, lane, nowMs },
        ),
      )
      .filter(({ slot }) => slot <= tenantMax)
      .sort(inTurn)
      .slice(0, limit);
    for (const { kept } of taken)
      this.kept.set(keyOf(kept.task), { ...kept, holder, untilMs: nowMs + ttlMs, claimedAtMs: nowMs });
    return Promise.resolve(taken.map(({ kept: { task, result, attempt } }) => ({ ...task, result, lane, attempt })));
  }

  prolong(key: RunTaskKey, holder: string, ttlMs: number): Promise<boolean> {
    const kept = this.heldBy(key, holder);
    if (kept !== undefined) this.kept.set(keyOf(key), { ...kept, untilMs: this.options.nowMs() + ttlMs });
    return Promise.resolve(kept !== undefined);
  }

  release(key: RunTaskKey, holder: string, { lane, afterMs, attempt }: NextAttempt): Promise<void> {
    const kept = this.heldBy(key, holder);
    const untilMs = this.options.nowMs() + afterMs;
    if (kept !== undefined) this.kept.set(keyOf(key), { ...kept, holder: null, untilMs, lane, attempt });
    return Promise.resolve();
  }

  keepResult(key: RunTaskKey, result: string): Promise<string> {
    const kept = this.kept.get(keyOf(key));
    if (kept === undefined) return Promise.reject(new Error('no such task'));
    const first = kept.result ?? result;
    this.kept.set(keyOf(key), { ...kept, result: first });
    return Promise.resolve(first);
  }

  finish(key: RunTaskKey): Promise<void> {
    const kept = this.kept.get(keyOf(key));
    if (kept?.finishedAtMs === null) {
      const task = { ...kept.task, sealedToken: '' };
      this.kept.set(keyOf(key), { ...kept, task, holder: null, finishedAtMs: this.options.nowMs() });
    }
    return Promise.resolve();
  }

  forget(finishedBeforeMs: number): Promise<void> {
    for (const [key, { finishedAtMs }] of this.kept)
      if (finishedAtMs !== null && finishedAtMs < finishedBeforeMs) this.kept.delete(key);
    return Promise.resolve();
  }

  /** Everything that is kept, for tests. */
  dump(): string {
    return JSON.stringify([...this.kept.values()]);
  }

  private heldBy(key: RunTaskKey, holder: string): Kept | undefined {
    const kept = this.kept.get(keyOf(key));
    return kept?.holder === holder && kept.finishedAtMs === null ? kept : undefined;
  }
}
