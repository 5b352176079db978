import { JOURNAL_KINDS, type JournalKind } from '../journals/kinds.js';
import type { ExportRange, ExportRanges } from '../ports/audit.js';
import type { Revision } from '../ports/journals.js';
import type { WireProblem } from '../shared/wire-problem.js';

/** What a caller asks to be exported. Ranges are half-open; a journal without one is exported whole. */
export interface ExportScope {
  readonly journals: readonly JournalKind[] | undefined;
  readonly revisions: Readonly<Partial<Record<JournalKind, readonly [number, number]>>>;
  readonly entriesMax: number;
}

export type FixedRanges =
  | { readonly kind: 'fixed'; readonly ranges: ExportRanges; readonly total: number }
  | { readonly kind: 'problem'; readonly problem: WireProblem };

type WireFault = NonNullable<WireProblem['errors']>[number];
const fault = (kind: string, detail: string): WireFault => ({
  pointer: `/revisions/${kind}`,
  code: 'validation_failed',
  detail,
});

const faultsOf = (kind: JournalKind, [from, to]: readonly [number, number], size: bigint): readonly WireFault[] => {
  if (from >= to) return [fault(kind, 'a range is half-open: its first revision is below its end')];
  return BigInt(to) > size ? [fault(kind, `the journal has ${size.toString()} entries`)] : [];
};

/**
 * Fixes the ranges of an export against the heads of this moment: what is appended later is not part of it.
 * Journals without entries are left out.
 * @source contract section 14.3
 */
export const fixRanges = (scope: ExportScope, heads: ReadonlyMap<JournalKind, Revision>): FixedRanges => {
  const sizeOf = (kind: JournalKind): bigint => (heads.get(kind) ?? -1n) + 1n;
  const kinds = scope.journals ?? JOURNAL_KINDS;
  const faults = JOURNAL_KINDS.flatMap((kind) => {
    const asked = scope.revisions[kind];
    if (asked === undefined) return [];
    return kinds.includes(kind)
      ? faultsOf(kind, asked, sizeOf(kind))
      : [fault(kind, 'this journal is not among those to export')];
  });
  if (faults.length > 0) return { kind: 'problem', problem: { code: 'validation_failed', errors: faults } };
  const ranges: Partial<Record<JournalKind, ExportRange>> = {};
  for (const kind of kinds) {
    const [from, to] = scope.revisions[kind] ?? [0, sizeOf(kind)];
    if (sizeOf(kind) > 0n) ranges[kind] = { from: BigInt(from), to: BigInt(to) };
  }
  return limited(ranges, scope.entriesMax);
};

const limited = (ranges: ExportRanges, entriesMax: number): FixedRanges => {
  const total = Object.values(ranges).reduce((sum, { from, to }) => sum + Number(to - from), 0);
  if (total === 0)
    return {
      kind: 'problem',
      problem: { code: 'validation_failed', detail: 'none of these journals has an entry yet' },
    };
  if (total <= entriesMax) return { kind: 'fixed', ranges, total };
  return {
    kind: 'problem',
    problem: {
      code: 'quota_exceeded',
      detail: `the export would have ${total.toString()} entries, at most ${entriesMax.toString()} are allowed; ask for revision ranges`,
      extra: { limit: entriesMax },
    },
  };
};
