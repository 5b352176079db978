import type {
  ExportJob,
  ExportRange,
  ExportRanges,
  ExportResult,
  ExportStatus,
  ExportTerms,
} from '@verdict/application';
import { canonicalText, type JsonValue, sha256Hex } from '@verdict/ledger';

export interface JobRow {
  readonly tenant: string;
  readonly export_id: string;
  readonly series: string;
  readonly ranges: RangesJson;
  readonly status: ExportStatus;
  readonly progress: string;
  readonly total: string;
  readonly result: ExportResult | null;
  readonly failure: string | null;
  readonly created_at: Date;
  readonly created_by: string;
  readonly attempt: number;
}
type RangesJson = Readonly<Record<string, readonly [string, string]>>;
type TermsJson = Omit<ExportTerms, 'previous'> & {
  readonly previous: { readonly manifestSha256: string; readonly ranges: RangesJson } | null;
};

export const JOB_COLUMNS =
  'tenant, export_id, series, ranges, status, progress, total, result, failure, created_at, created_by, attempt';

/** Decimal text: revisions are 64 bits wide. Sorted, so that equal ranges are equal texts. */
const rangesJson = (ranges: ExportRanges): RangesJson =>
  Object.fromEntries(
    Object.entries(ranges)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([kind, { from, to }]) => [kind, [from.toString(), to.toString()]]),
  );
const rangesOf = (json: RangesJson): ExportRanges =>
  Object.fromEntries(
    Object.entries(json).map(([kind, [from, to]]): [string, ExportRange] => [
      kind,
      { from: BigInt(from), to: BigInt(to) },
    ]),
  );

export const rangesText = (ranges: ExportRanges): string => canonicalText(rangesJson(ranges));
export const rangesSha256 = (ranges: ExportRanges): string => sha256Hex(rangesText(ranges));

export const jobOf = (row: JobRow): ExportJob => ({
  tenantId: row.tenant,
  exportId: row.export_id,
  series: row.series,
  ranges: rangesOf(row.ranges),
  status: row.status,
  progress: Number(row.progress),
  total: Number(row.total),
  result: row.result,
  failure: row.failure,
  createdAt: row.created_at.toISOString(),
  createdBy: row.created_by,
  attempt: row.attempt,
});

export const termsText = (terms: ExportTerms): string => {
  const previous = terms.previous === null ? null : { ...terms.previous, ranges: rangesJson(terms.previous.ranges) };
  return canonicalText({ ...terms, previous } as unknown as JsonValue);
};
export const termsOf = (json: TermsJson): ExportTerms => ({
  ...json,
  previous: json.previous === null ? null : { ...json.previous, ranges: rangesOf(json.previous.ranges) },
});
export interface TermsRow {
  readonly terms: TermsJson;
}
