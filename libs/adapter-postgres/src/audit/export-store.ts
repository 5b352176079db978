import type { ExportEnd, ExportJob, ExportStore } from '@verdict/application';
import type { Ask, AuditConnections } from './audit-connections.js';
import {
  JOB_COLUMNS,
  jobOf,
  type JobRow,
  rangesSha256,
  rangesText,
  termsOf,
  type TermsRow,
  termsText,
} from './export-rows.js';

const BY_KEY = `SELECT ${JOB_COLUMNS}, asked FROM audit.export_jobs WHERE tenant = $1 AND idempotency_key = $2`;
/** Also when there is no key: the number of open exports is counted and used by one call at a time. */
const LOCK_TENANT = `SELECT pg_advisory_xact_lock(hashtextextended('verdict export ' || $1, 0))`;
const OPEN_COUNT = `SELECT count(*)::int4 AS open FROM audit.export_jobs WHERE tenant = $1 AND status IN ('queued', 'running')`;
const ADD = `INSERT INTO audit.export_jobs
  (tenant, export_id, series, ranges, ranges_sha256, status, progress, total, created_at, created_by, idempotency_key, asked, attempt)
VALUES ($1, $2, $3, $4, $5, 'queued', 0, $6, $7, $8, $9, $10, 0) RETURNING ${JOB_COLUMNS}`;
const FIND = `SELECT ${JOB_COLUMNS} FROM audit.export_jobs WHERE tenant = $1 AND export_id = $2`;
const LIST = `SELECT ${JOB_COLUMNS} FROM audit.export_jobs WHERE tenant = $1 AND (created_at, export_id) < ($2::timestamptz, $3::uuid)
ORDER BY created_at DESC, export_id DESC LIMIT $4`;
const EARLIER = `SELECT ${JOB_COLUMNS} FROM audit.export_jobs
WHERE tenant = $1 AND series = $2 AND (created_at, export_id) < ($3::timestamptz, $4::uuid) AND status IN ('ready', 'expired')
ORDER BY created_at DESC, export_id DESC LIMIT $5`;
const CLAIM = `UPDATE audit.export_jobs SET status = 'running', attempt = attempt + 1, progress = 0, lease_until = $2
WHERE (tenant, export_id) = (
  SELECT tenant, export_id FROM audit.export_jobs
   WHERE status IN ('queued', 'running') AND (status = 'queued' OR lease_until <= $1)
   ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING ${JOB_COLUMNS}`;
const MINE = `tenant = $1 AND export_id = $2 AND attempt = $3 AND status = 'running'`;
const KEEP = `UPDATE audit.export_jobs SET progress = $4, lease_until = $5 WHERE ${MINE} RETURNING 1`;
const READY = `UPDATE audit.export_jobs SET status = 'ready', result = $4, progress = total, ended_at = $5, expires_at = $6, lease_until = NULL
WHERE ${MINE} RETURNING 1`;
const FAILED = `UPDATE audit.export_jobs SET status = 'failed', failure = $4, ended_at = $5, lease_until = NULL WHERE ${MINE} RETURNING 1`;
const QUEUED = `UPDATE audit.export_jobs SET status = 'queued', progress = 0, lease_until = NULL WHERE ${MINE} RETURNING 1`;
const EXPIRE = `UPDATE audit.export_jobs SET status = 'expired' WHERE status = 'ready' AND expires_at <= $1 RETURNING ${JOB_COLUMNS}`;
const FIND_TERMS = 'SELECT terms FROM audit.export_terms WHERE tenant = $1 AND series = $2 AND ranges_sha256 = $3';
const SAVE_TERMS = `INSERT INTO audit.export_terms (tenant, series, ranges_sha256, terms, is_signed) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, series, ranges_sha256) DO UPDATE SET terms = excluded.terms, is_signed = excluded.is_signed
WHERE NOT export_terms.is_signed`;

const NEVER = 'infinity';
const LAST_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const at = (ms: number): string => new Date(ms).toISOString();
const isMine = (rows: readonly unknown[]): boolean => rows.length > 0;
const nameOf = ({ tenantId, series, ranges }: ExportJob): readonly string[] => [tenantId, series, rangesSha256(ranges)];

const endOn = (ask: Ask, { tenantId, exportId, attempt }: ExportJob, end: ExportEnd): Promise<readonly unknown[]> => {
  const mine = [tenantId, exportId, attempt];
  switch (end.kind) {
    case 'ready':
      return ask(READY, [...mine, JSON.stringify(end.result), end.endedAt, end.expiresAt]);
    case 'failed':
      return ask(FAILED, [...mine, end.failure, end.endedAt]);
    case 'queued':
      return ask(QUEUED, mine);
  }
};

const findByKey = async (ask: Ask, tenantId: string, key: string) => {
  const [row] = await ask<JobRow & { readonly asked: string }>(BY_KEY, [tenantId, key]);
  return row === undefined ? undefined : { job: jobOf(row), asked: row.asked };
};

type Jobs = Pick<ExportStore, 'createExport' | 'findExportByKey' | 'findExport' | 'listExports' | 'earlierExports'>;
type Work = Omit<ExportStore, keyof Jobs>;

const jobs = ({ ask, transaction }: AuditConnections): Jobs => ({
  createExport: ({ job, key, asked }, runningMax) =>
    transaction(async (inside) => {
      const { tenantId, exportId, series, ranges, total, createdAt, createdBy } = job;
      await inside(LOCK_TENANT, [tenantId]);
      const known = key === null ? undefined : await findByKey(inside, tenantId, key);
      if (known !== undefined) return { kind: 'known', ...known };
      const [count] = await inside<{ open: number }>(OPEN_COUNT, [tenantId]);
      if ((count?.open ?? 0) >= runningMax) return { kind: 'busy' };
      const values = [
        tenantId,
        exportId,
        series,
        rangesText(ranges),
        rangesSha256(ranges),
        total,
        createdAt,
        createdBy,
        key,
        asked,
      ];
      const [row] = await inside<JobRow>(ADD, values);
      return { kind: 'created', job: row === undefined ? job : jobOf(row) };
    }),
  findExportByKey: (tenantId, key) => findByKey(ask, tenantId, key),
  findExport: async (tenantId, exportId) => {
    const [row] = await ask<JobRow>(FIND, [tenantId, exportId]);
    return row === undefined ? undefined : jobOf(row);
  },
  listExports: async (tenantId, { limit, after }) =>
    (await ask<JobRow>(LIST, [tenantId, after?.createdAt ?? NEVER, after?.exportId ?? LAST_UUID, limit])).map(jobOf),
  earlierExports: async ({ tenantId, series, createdAt, exportId }, limit) =>
    (await ask<JobRow>(EARLIER, [tenantId, series, createdAt, exportId, limit])).map(jobOf),
});

const work = ({ ask }: AuditConnections): Work => ({
  claimExport: async ({ nowMs, untilMs }) => {
    const [row] = await ask<JobRow>(CLAIM, [at(nowMs), at(untilMs)]);
    return row === undefined ? undefined : jobOf(row);
  },
  keepExport: async ({ tenantId, exportId, attempt }, progress, untilMs) =>
    isMine(await ask(KEEP, [tenantId, exportId, attempt, progress, at(untilMs)])),
  endExport: async (job, end) => isMine(await endOn(ask, job, end)),
  expireExports: async (nowMs) => (await ask<JobRow>(EXPIRE, [at(nowMs)])).map(jobOf),
  findTerms: async (job) => {
    const [row] = await ask<TermsRow>(FIND_TERMS, nameOf(job));
    return row === undefined ? undefined : termsOf(row.terms);
  },
  saveTerms: async (job, terms) => {
    await ask(SAVE_TERMS, [...nameOf(job), termsText(terms), terms.signature !== null]);
    const [row] = await ask<TermsRow>(FIND_TERMS, nameOf(job));
    return row === undefined ? terms : termsOf(row.terms);
  },
});

/** Export jobs in the schema `audit`. */
export const postgresExportStore = (connections: AuditConnections): ExportStore => ({
  ...jobs(connections),
  ...work(connections),
});
