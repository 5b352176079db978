import type { ArrivedRunTask, HeldRunTask, RunTaskInbox, RunTaskKey } from '@verdict/application';

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
  readonly finishedAtMs: number | null;
}

const keyOf = ({ tenantId, integrationId, taskResultId }: RunTaskKey): string =>
  JSON.stringify([tenantId, integrationId, taskResultId]);

/** The RunTaskInbox port in memory, shared by all workers that it is given to. */
export class MemoryRunTaskInbox implements RunTaskInbox {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly options: MemoryRunTaskInboxOptions) {}

  put(task: ArrivedRunTask): Promise<boolean> {
    const key = keyOf(task);
    const isNew = !this.kept.has(key);
    if (isNew) this.kept.set(key, { task, result: null, holder: null, untilMs: 0, finishedAtMs: null });
    return Promise.resolve(isNew);
  }

  claim(holder: string, ttlMs: number, limit: number): Promise<readonly HeldRunTask[]> {
    const nowMs = this.options.nowMs();
    const free = [...this.kept.entries()]
      .filter(([, { finishedAtMs, untilMs }]) => finishedAtMs === null && untilMs <= nowMs)
      .sort(([, a], [, b]) => a.task.arrivedAtMs - b.task.arrivedAtMs)
      .slice(0, limit);
    for (const [key, kept] of free) this.kept.set(key, { ...kept, holder, untilMs: nowMs + ttlMs });
    return Promise.resolve(free.map(([, { task, result }]) => ({ ...task, result })));
  }

  prolong(key: RunTaskKey, holder: string, ttlMs: number): Promise<boolean> {
    const kept = this.heldBy(key, holder);
    if (kept !== undefined) this.kept.set(keyOf(key), { ...kept, untilMs: this.options.nowMs() + ttlMs });
    return Promise.resolve(kept !== undefined);
  }

  release(key: RunTaskKey, holder: string, afterMs: number): Promise<void> {
    const kept = this.heldBy(key, holder);
    if (kept !== undefined)
      this.kept.set(keyOf(key), { ...kept, holder: null, untilMs: this.options.nowMs() + afterMs });
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
