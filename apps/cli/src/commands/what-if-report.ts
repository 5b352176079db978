import type { OutcomeCount, OutcomeFlip, WhatIfReport } from '@verdict/application';
import { table } from '../output/table.js';

/** Over all tenants. */
export type WhatIfTotals = Pick<WhatIfReport, 'decisions' | 'unchanged' | 'changed' | 'hidden' | 'outcomes'>;

const merged = (lists: readonly (readonly OutcomeCount[])[]): readonly OutcomeCount[] => {
  const cells = new Map<string, OutcomeCount>();
  for (const cell of lists.flat()) {
    const key = `${cell.from} ${cell.to}`;
    cells.set(key, { ...cell, count: cell.count + (cells.get(key)?.count ?? 0) });
  }
  return [...cells.values()];
};

export const whatIfTotals = (reports: readonly WhatIfReport[]): WhatIfTotals => {
  const sum = (member: Exclude<keyof WhatIfTotals, 'outcomes'>): number =>
    reports.reduce((total, report) => total + report[member], 0);
  const counts = { decisions: sum('decisions'), unchanged: sum('unchanged'), changed: sum('changed') };
  return { ...counts, hidden: sum('hidden'), outcomes: merged(reports.map(({ outcomes }) => outcomes)) };
};

const flipBody = ({ revision, decisionId, from, to, reasonCodes }: OutcomeFlip): object => ({
  ...{ revision: Number(revision), decision_id: decisionId, from, to, cause: 'direct', reason_codes: reasonCodes },
});

export const whatIfBody = (report: WhatIfReport): object => {
  const { tenantId, entries, decisions, unchanged, changed, hidden, outcomes, flips, isCut } = report;
  return {
    ...{ tenant: tenantId, entries, decisions, unchanged, changed, hidden, outcomes },
    ...{ flips: flips.map(flipBody), is_cut: isCut },
  };
};

export const hiddenText = (hidden: number): string =>
  hidden === 0 ? '' : `, ${String(hidden)} hold too little to be decided again`;

export const outcomesText = (outcomes: readonly OutcomeCount[]): string =>
  table<OutcomeCount>(
    [
      { title: 'FROM', value: ({ from }) => from },
      { title: 'TO', value: ({ to }) => to },
      { title: 'DECISIONS', value: ({ count }) => String(count), isNumber: true },
    ],
    outcomes,
  );

interface Row extends OutcomeFlip {
  readonly tenantId: string;
}

export const flipsText = (reports: readonly WhatIfReport[]): string => {
  const rows = reports.flatMap(({ tenantId, flips }) => flips.map((flip): Row => ({ ...flip, tenantId })));
  if (rows.length === 0) return '';
  const rest = reports.some(({ isCut }) => isCut) ? 'more are not listed\n' : '';
  return `\n${table<Row>(
    [
      { title: 'TENANT', value: ({ tenantId }) => tenantId },
      { title: 'REVISION', value: ({ revision }) => revision.toString(), isNumber: true },
      { title: 'DECISION', value: ({ decisionId }) => decisionId },
      { title: 'FROM', value: ({ from }) => from },
      { title: 'TO', value: ({ to }) => to },
      { title: 'REASONS', value: ({ reasonCodes }) => reasonCodes.join(', ') },
    ],
    rows,
  )}${rest}`;
};
