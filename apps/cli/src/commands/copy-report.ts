import type { CopiedJournal, CopyReport } from '@verdict/application';
import { table } from '../output/table.js';

const sumOf = (journals: readonly CopiedJournal[], of: (journal: CopiedJournal) => bigint | number): bigint =>
  journals.reduce((sum, journal) => sum + BigInt(of(journal)), 0n);

export interface CopyTotals {
  readonly entries: bigint;
  readonly copied: bigint;
  readonly left: bigint;
  /** Journals whose newest signed checkpoint both sides have met. */
  readonly checkpoints: number;
  readonly different: readonly CopiedJournal[];
}

export const totalsOf = ({ journals }: CopyReport): CopyTotals => ({
  entries: sumOf(journals, ({ entries }) => entries),
  copied: sumOf(journals, ({ copied }) => copied),
  left: sumOf(journals, ({ left }) => left),
  checkpoints: journals.filter(({ checkpoint }) => checkpoint !== null).length,
  different: journals.filter(({ difference }) => difference !== null),
});

/** As in the checkpoints, so that both can be laid side by side. */
const base64 = (root: Uint8Array): string => Buffer.from(root).toString('base64');

/** The report as scripts read it. */
export const copyBody = (report: CopyReport, sides: { readonly from: string; readonly to: string }) => {
  const { entries, copied, left, checkpoints } = totalsOf(report);
  return {
    ...{ schema: 'verdict.journals.copy.v1', outcome: report.outcome, ...sides, entries, copied, left, checkpoints },
    journals: report.journals.map((each) => ({
      ...{ journal: each.journal, entries: each.entries, copied: each.copied, left: each.left },
      ...{ root: base64(each.sourceRoot), target_root: base64(each.targetRoot) },
      ...{ checkpoint_size: each.checkpoint, difference: each.difference },
    })),
  };
};

const headline = (report: CopyReport): string => {
  const { entries, copied, left, checkpoints, different } = totalsOf(report);
  const journals = `${String(report.journals.length)} journals`;
  const counts = `${entries.toString()} entries, ${copied.toString()} copied, ${String(checkpoints)} checkpoints hold`;
  switch (report.outcome) {
    case 'equal':
      return `${journals}, roots equal: ${counts}`;
    case 'incomplete':
      return `${journals}, ${left.toString()} entries LEFT: ${counts}`;
    case 'refused':
      return `${String(different.length)} of ${journals} DIFFERENT: nothing was written`;
    case 'different':
      return `${String(different.length)} of ${journals} DIFFERENT: ${counts}`;
  }
};

const stateOf = ({ difference, left }: CopiedJournal): string => {
  if (difference !== null) return `${difference.kind} at revision ${difference.revision.toString()}`;
  return left > 0n ? 'behind' : 'equal';
};

/** The report for people. */
export const copyText = (report: CopyReport): string =>
  `${headline(report)}\n${table<CopiedJournal>(
    [
      { title: 'JOURNAL', value: ({ journal }) => journal },
      { title: 'ENTRIES', value: ({ entries }) => entries.toString(), isNumber: true },
      { title: 'COPIED', value: ({ copied }) => String(copied), isNumber: true },
      { title: 'LEFT', value: ({ left }) => left.toString(), isNumber: true },
      { title: 'SIGNED', value: ({ checkpoint }) => checkpoint?.toString() ?? '-', isNumber: true },
      { title: 'ROOT', value: ({ sourceRoot }) => base64(sourceRoot) },
      { title: 'STATE', value: stateOf },
    ],
    report.journals,
  )}`;
