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
const fault = (kind: string, detail: string): WireFault => ({ pointer: `/revisions/${kind}`, code: 'validation_failed', detail });

const faultOf = (kind: JournalKind, [from, to]: readonly [number, number], size: bigint): WireFault | undefined => {
  if (from >= to) return fault(kind, 'a range is half-open: its first revision is below its end');
  if (BigInt(to) > size) return fault(kind, `the journal has ${size.toString()} entries`);
  return undefined;
};

/**
 * Fixes the ranges of an export against the heads of this moment: what is appended later is not part of it.
 * Journals without entries are left out.
 * @source contract section 14.3
 */
export const fixRanges = (scope: ExportScope, heads: ReadonlyMap<JournalKind, Revision>): FixedRanges => {
  const kinds = scope.journals ?? JOURNAL_KINDS;
  const faults: WireFault[] = [];
  const ranges: Partial<Record<JournalKind, ExportRange>> = {};
  for (const kind of JOURNAL_KINDS) {
    const size = (heads.get(kind) ?? -1n) + 1n;
    const asked = scope.revisions[kind];
    if (asked !== undefined && !kinds.includes(kind)) faults.push(fault(kind, 'this journal is not among those to export'));
    else if (asked !== undefined) faults.push(...[faultOf(kind, asked, size)].filter((each) => each !== undefined));
    if (!kinds.includes(kind) || size === 0n) continue;
    const [from, to] = asked ?? [0, size];
    ranges[kind] = { from: BigInt(from), to: BigInt(to) };
  }
  if (faults.length > 0) return { kind: 'problem', problem: { code: 'validation_failed', errors: faults } };
  const total = Object.values(ranges).reduce((sum, { from, to }) => sum + Number(to - from), 0);
  if (total === 0) return { kind: 'problem', problem: { code: 'validation_failed', detail: 'none of these journals has an entry yet' } };
  if (total <= scope.entriesMax) return { kind: 'fixed', ranges, total };
  return {
    kind: 'problem',
    problem: {
      code: 'quota_exceeded',
      detail: `the export would have ${total.toString()} entries, at most ${scope.entriesMax.toString()} are allowed; ask for revision ranges`,
      extra: { limit: scope.entriesMax },
    },
  };
};
