import type { EntryLog } from '../journals/entry-log.js';
import { JOURNAL_KINDS, journalName } from '../journals/kinds.js';
import type { AuditObserver, ExportRange, ExportRanges, ExportStore } from '../ports/audit.js';
import type { ReadBarrier } from '../ports/platform.js';
import type { ReadModels } from '../ports/read-models.js';
import { done, problemOf, type UseCaseResult } from '../shared/refusal.js';
import { rangesInOrder } from './export-bundle.js';
import { compareRanges, type Parity } from './parity.js';

export interface CheckParityDeps {
  readonly log: EntryLog;
  readonly readModels: ReadModels;
  readonly barrier: ReadBarrier;
  readonly store: Pick<ExportStore, 'findExport'>;
  readonly observer: AuditObserver;
}

const BARRIER_MS = 2_000;
const RETRY_SECONDS = 5;

/** Do the read models, and a bundle, say what the journals say? One comparison at a time per tenant: each reads it all. */
export class CheckParity {
  private readonly running = new Set<string>();

  constructor(private readonly deps: CheckParityDeps) {}

  /** Everything that the journals hold now. Problems: read_model_behind, rate_limited. */
  async ofTenant(tenantId: string): Promise<UseCaseResult<Parity>> {
    return this.alone(tenantId, async () => {
      const heads = await this.deps.log.heads(JOURNAL_KINDS.map((kind) => journalName(kind, tenantId)));
      const whole = JOURNAL_KINDS.flatMap((kind, index): [string, ExportRange][] => {
        const size = (heads[index] ?? -1n) + 1n;
        return size === 0n ? [] : [[kind, { from: 0n, to: size }]];
      });
      return this.compare(tenantId, { ranges: Object.fromEntries(whole) });
    });
  }

  /** The ranges of an export that is or was ready. Problems: also not_found, export_not_ready, export_expired. */
  async ofExport(tenantId: string, exportId: string): Promise<UseCaseResult<Parity>> {
    const job = await this.deps.store.findExport(tenantId, exportId);
    if (job === undefined) return problemOf('not_found');
    if (job.status === 'expired') return problemOf('export_expired');
    const { result, ranges } = job;
    if (result === null) return problemOf('export_not_ready', { detail: `the export is ${job.status}` });
    return this.alone(tenantId, () => this.compare(tenantId, { ranges, exported: result.counts }));
  }

  private async compare(tenantId: string, what: Parameters<typeof compareRanges>[2]): Promise<UseCaseResult<Parity>> {
    if (!(await haveRanges(this.deps.barrier, { tenantId, ranges: what.ranges, timeoutMs: BARRIER_MS })))
      return problemOf('read_model_behind');
    const parity = await compareRanges(
      { journals: this.deps.log.journals, readModels: this.deps.readModels },
      tenantId,
      what,
    );
    this.deps.observer.compared(parity.isEqual ? 'success' : 'mismatch');
    return done(parity);
  }

  private async alone(tenantId: string, work: () => Promise<UseCaseResult<Parity>>): Promise<UseCaseResult<Parity>> {
    if (this.running.has(tenantId)) {
      return problemOf('rate_limited', {
        detail: 'a comparison of this tenant is running',
        extra: { limit: 1 },
        retryAfterSeconds: RETRY_SECONDS,
      });
    }
    this.running.add(tenantId);
    try {
      return await work();
    } catch (error) {
      this.deps.observer.compared('error');
      throw error;
    } finally {
      this.running.delete(tenantId);
    }
  }
}

/** Whether the read models hold all of these ranges, at once or within the time. */
export const haveRanges = async (
  barrier: ReadBarrier,
  {
    tenantId,
    ranges,
    timeoutMs,
  }: { readonly tenantId: string; readonly ranges: ExportRanges; readonly timeoutMs: number },
): Promise<boolean> => {
  const found = await Promise.all(
    rangesInOrder(ranges).map(([kind, { to }]) => barrier.waitFor(tenantId, kind, to - 1n, timeoutMs)),
  );
  return found.every(Boolean);
};
