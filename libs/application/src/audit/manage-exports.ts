import { canonicalText, type JsonObject } from '@verdict/ledger';
import { instantOf } from '@verdict/domain';
import { type Folded, NOTHING_FOLDED } from '../journals/fold-in-order.js';
import { JOURNAL_KINDS, journalName } from '../journals/kinds.js';
import type { EntryLog } from '../journals/entry-log.js';
import type { AuditObserver, ExportContent, ExportFiles, ExportJob, ExportPage, ExportStore } from '../ports/audit.js';
import type { Clock, Ids } from '../ports/system.js';
import { done, problemOf, type UseCaseResult } from '../shared/refusal.js';
import type { RequestMeta } from '../shared/request.js';
import { readWalkCursor, walkCursor, type WalkPoint } from '../shared/walk.js';
import { type ExportScope, fixRanges } from './export-ranges.js';

export interface ManageExportsDeps {
  readonly log: EntryLog;
  readonly store: ExportStore;
  readonly files: ExportFiles;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly observer: AuditObserver;
  /** Called when there is a job to run. */
  readonly onCreated: () => void;
}

export interface ExportInput extends ExportScope {
  readonly series: string;
}
export interface CreatedExport {
  readonly job: ExportJob;
  readonly isReplayed: boolean;
}
export interface ExportsPage {
  readonly jobs: readonly ExportJob[];
  readonly nextCursor: string | null;
  /** Where the journals ended when the walk began: no export of it goes further. */
  readonly asOf: Folded;
}

export const EXPORTS_RUNNING_MAX = 2;
const BUSY_RETRY_SECONDS = 5;

const askedOf = ({ series, journals, revisions, entriesMax }: ExportInput): JsonObject => ({
  series,
  ...(journals === undefined ? {} : { journals: [...new Set(journals)].sort() }),
  revisions: Object.fromEntries(Object.entries(revisions).map(([kind, [from, to]]) => [kind, [from, to]])),
  max_entries: entriesMax,
});

const differing = (first: string, again: string): readonly string[] => {
  const [before, now] = [JSON.parse(first), JSON.parse(again)].map((asked: Record<string, unknown>) => asked);
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(now ?? {})]);
  return [...names]
    .filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(now?.[name]))
    .map((name) => `/${name}`);
};

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const placeOf = ([createdAt = '', exportId = '']: readonly string[]): ExportPage['after'] =>
  INSTANT.test(createdAt) && UUID.test(exportId) ? { createdAt, exportId } : undefined;

/** Exports as their callers see them: ordered, listed, downloaded. @source contract section 14.3 */
export class ManageExports {
  constructor(private readonly deps: ManageExportsDeps) {}

  /** Fixes the ranges and stores the job; the same key gives the same job. Rejects with AuditStoreUnavailable. */
  async create(input: ExportInput, meta: RequestMeta): Promise<UseCaseResult<CreatedExport>> {
    const { tenantId, subject } = meta.caller;
    const asked = canonicalText(askedOf(input));
    const known = meta.key === null ? undefined : await this.deps.store.findExportByKey(tenantId, meta.key);
    if (known !== undefined) return this.again(known, asked);
    const fixed = fixRanges(input, await this.heads(tenantId));
    if (fixed.kind === 'problem') {
      if (fixed.problem.code === 'quota_exceeded')
        this.deps.observer.exported({ exportId: '', outcome: 'rejected_limit' });
      return fixed;
    }
    const job: ExportJob = {
      ...{ tenantId, exportId: this.deps.ids.uuid(), series: input.series, ranges: fixed.ranges, total: fixed.total },
      ...{ status: 'queued', progress: 0, result: null, failure: null, attempt: 0, createdBy: subject },
      createdAt: new Date(this.deps.clock.nowMs()).toISOString(),
    };
    const created = await this.deps.store.createExport({ job, key: meta.key, asked }, EXPORTS_RUNNING_MAX);
    if (created.kind === 'known') return this.again(created, asked);
    if (created.kind === 'busy') return this.busy();
    this.deps.onCreated();
    return done({ job: created.job, isReplayed: false });
  }

  find(tenantId: string, exportId: string): Promise<ExportJob | undefined> {
    return this.deps.store.findExport(tenantId, exportId);
  }

  /** Newest first. */
  async list(
    tenantId: string,
    { limit, cursor }: { readonly limit: number; readonly cursor: string | undefined },
  ): Promise<UseCaseResult<ExportsPage>> {
    const walk = ['exports', tenantId];
    const read = cursor === undefined ? undefined : readWalkCursor(walk, cursor);
    const after = read === undefined ? undefined : placeOf(read.place);
    if (cursor !== undefined && after === undefined) return problemOf('cursor_invalid');
    const point = read?.point ?? (await this.walkPoint(tenantId));
    const jobs = await this.deps.store.listExports(tenantId, { limit: limit + 1, after });
    const shown = jobs.slice(0, limit);
    const last = jobs.length > limit ? shown.at(-1) : undefined;
    return done({
      jobs: shown,
      nextCursor: last === undefined ? null : walkCursor(walk, point, [last.createdAt, last.exportId]),
      asOf: point.folded,
    });
  }

  /** The finished bundle. Problems: not_found, export_not_ready, export_expired. */
  async content(
    tenantId: string,
    exportId: string,
  ): Promise<UseCaseResult<{ readonly contentSha256: string; readonly content: ExportContent }>> {
    const job = await this.deps.store.findExport(tenantId, exportId);
    if (job === undefined) return problemOf('not_found');
    if (job.status === 'expired') return problemOf('export_expired');
    if (job.result === null) return problemOf('export_not_ready', { detail: `the export is ${job.status}` });
    const content = await this.deps.files.open(tenantId, exportId);
    // The job says ready and the file is gone: it has just expired, or somebody has removed it.
    return content === undefined
      ? problemOf('export_expired')
      : done({ contentSha256: job.result.contentSha256, content });
  }

  private again(
    { job, asked: first }: { readonly job: ExportJob; readonly asked: string },
    asked: string,
  ): UseCaseResult<CreatedExport> {
    if (first === asked) return done({ job, isReplayed: true });
    return problemOf('idempotency_conflict', { extra: { differing_fields: differing(first, asked) } });
  }

  private busy(): UseCaseResult<CreatedExport> {
    this.deps.observer.exported({ exportId: '', outcome: 'rejected_limit' });
    const detail = `${EXPORTS_RUNNING_MAX.toString()} exports of this tenant are running`;
    return problemOf('rate_limited', {
      detail,
      extra: { limit: EXPORTS_RUNNING_MAX },
      retryAfterSeconds: BUSY_RETRY_SECONDS,
    });
  }

  private async walkPoint(tenantId: string): Promise<WalkPoint> {
    const heads = await this.heads(tenantId);
    const folded = { ...NOTHING_FOLDED, ...Object.fromEntries(heads) };
    return { now: instantOf(this.deps.clock.nowMs()), folded };
  }

  private async heads(tenantId: string) {
    const heads = await this.deps.log.heads(JOURNAL_KINDS.map((kind) => journalName(kind, tenantId)));
    return new Map(JOURNAL_KINDS.map((kind, index) => [kind, heads[index] ?? -1n]));
  }
}
