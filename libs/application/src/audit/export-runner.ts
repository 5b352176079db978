import type { AuditObserver, ExportEnd, ExportJob } from '../ports/audit.js';
import type { Clock } from '../ports/system.js';
import { Rest } from '../projections/rest.js';
import { ExportImpossible, isFinal, runExport, type RunExportDeps } from './run-export.js';

export interface RunnerOptions {
  readonly observer: AuditObserver;
  readonly clock: Clock;
  /** How often jobs are looked for that another process left behind, and files that are past their time. */
  readonly pollEveryMs?: number;
  /** A worker that does not prolong its lease in time is taken for dead. */
  readonly leaseMs?: number;
  readonly keepDays?: number;
  /** Jobs at the same time. */
  readonly workers?: number;
}

const POLL_EVERY_MS = 2_000;
const LEASE_MS = 15_000;
const KEEPS_PER_LEASE = 3;
const KEEP_DAYS = 30;
const WORKERS = 2;
const ATTEMPTS_MAX = 5;
const DAY_MS = 86_400_000;
const FAILURE_CHARACTERS_MAX = 500;

/** Nobody waits for what is being written any more. */
class Abandoned extends Error {
  override readonly name = 'Abandoned';
}

/**
 * Runs export jobs in the background, each from scratch until it is whole. A job whose process died is taken up by
 * whoever notices first: its lease runs out, and its worker's later words count for nothing.
 */
export class ExportRunner {
  private readonly rest = new Rest();
  private readonly running = new Set<Promise<void>>();
  private readonly workersMax: number;
  private readonly leaseMs: number;
  private loop: Promise<void> | undefined;
  private isStopping = false;
  private isWoken = false;

  constructor(
    private readonly deps: RunExportDeps,
    private readonly options: RunnerOptions,
  ) {
    this.workersMax = options.workers ?? WORKERS;
    this.leaseMs = options.leaseMs ?? LEASE_MS;
  }

  start(): void {
    this.loop ??= this.run();
  }

  /** There may be a job. */
  wake(): void {
    this.isWoken = true;
    this.rest.end();
  }

  /** Gives up what is being written; it is taken up again by the next process. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.rest.end();
    await this.loop;
    await Promise.all(this.running);
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      this.isWoken = false;
      try {
        await this.expire();
        await this.claimAll();
      } catch (error) {
        this.options.observer.unavailable(error);
      }
      // A call that came while we looked must not wait for the next look.
      if (!this.isAwake()) await this.rest.take(this.options.pollEveryMs ?? POLL_EVERY_MS);
    }
  }

  private isAwake(): boolean {
    return this.isWoken || this.isStopping;
  }

  private async claimAll(): Promise<void> {
    while (this.running.size < this.workersMax && !this.isStopping) {
      const nowMs = this.options.clock.nowMs();
      const job = await this.deps.store.claimExport({ nowMs, untilMs: nowMs + this.leaseMs });
      if (job === undefined) return;
      const work: Promise<void> = this.work(job).finally(() => {
        this.running.delete(work);
        this.wake();
      });
      this.running.add(work);
    }
  }

  private async work(job: ExportJob): Promise<void> {
    const { observer } = this.options;
    const progress = { entries: 0, isLost: false };
    const keeper = setInterval(() => {
      void this.keep(job, progress);
    }, this.leaseMs / KEEPS_PER_LEASE);
    try {
      const { written, hasParity } = await runExport(this.deps, job, () => {
        if (this.isStopping || progress.isLost) throw new Abandoned(job.exportId);
        progress.entries += 1;
      });
      const ended = await this.deps.store.endExport(job, this.readyOf(written));
      if (ended) observer.exported({ exportId: job.exportId, outcome: hasParity ? 'success' : 'mismatch' });
    } catch (error) {
      await this.giveUp(job, error);
    } finally {
      clearInterval(keeper);
    }
  }

  private async keep(job: ExportJob, progress: { readonly entries: number; isLost: boolean }): Promise<void> {
    try {
      const isMine = await this.deps.store.keepExport(job, progress.entries, this.options.clock.nowMs() + this.leaseMs);
      if (!isMine) progress.isLost = true;
    } catch (error) {
      this.options.observer.unavailable(error); // The lease is longer than one answer that does not come.
    }
  }

  private async giveUp(job: ExportJob, error: unknown): Promise<void> {
    const end = this.endAfter(job, error);
    try {
      const ended = await this.deps.store.endExport(job, end);
      if (ended && end.kind === 'failed')
        this.options.observer.exported({ exportId: job.exportId, outcome: 'error', error });
      else if (!(error instanceof Abandoned)) this.options.observer.unavailable(error);
    } catch (storeError) {
      this.options.observer.unavailable(storeError); // The lease runs out, and somebody takes the job up again.
    }
  }

  private endAfter({ attempt }: ExportJob, error: unknown): ExportEnd {
    const endedAt = new Date(this.options.clock.nowMs()).toISOString();
    if (isFinal(error)) return { kind: 'failed', endedAt, failure: failureOf(error) };
    if (error instanceof Abandoned || attempt < ATTEMPTS_MAX) return { kind: 'queued' };
    return {
      kind: 'failed',
      endedAt,
      failure: `given up after ${attempt.toString()} attempts; the service's log has the cause`,
    };
  }

  private readyOf({
    contentSha256,
    manifestSha256,
    size,
    counts,
  }: Awaited<ReturnType<typeof runExport>>['written']): ExportEnd {
    const nowMs = this.options.clock.nowMs();
    return {
      kind: 'ready',
      result: { contentSha256, manifestSha256, size, counts },
      endedAt: new Date(nowMs).toISOString(),
      expiresAt: new Date(nowMs + (this.options.keepDays ?? KEEP_DAYS) * DAY_MS).toISOString(),
    };
  }

  private async expire(): Promise<void> {
    for (const { tenantId, exportId } of await this.deps.store.expireExports(this.options.clock.nowMs())) {
      await this.deps.files.remove(tenantId, exportId);
    }
  }
}

const failureOf = (error: Error): string =>
  (error instanceof ExportImpossible ? error.message : `${error.name}: ${error.message}`).slice(
    0,
    FAILURE_CHARACTERS_MAX,
  );
