import { formatUsd4 } from '../shared/money.js';
import { sha256Hex } from '../shared/sha256.js';
import { addExact, toMonthly, type ExactUsd } from './exact.js';
import type { LineStatus, PricedLine, UnpricedReason } from './priced-line.js';

/** A line before rounding. null: unknown. */
export interface ExactLine {
  readonly identity: string;
  readonly type: string;
  readonly action: PricedLine['action'];
  readonly entryId: string | null;
  readonly status: LineStatus;
  readonly reason: UnpricedReason | null;
  readonly before: ExactUsd | null;
  readonly after: ExactUsd | null;
  readonly delta: ExactUsd | null;
}
interface Group {
  readonly line: ExactLine;
  readonly count: number;
}

export const LINES_MAX = 1000;
/** Characters of all lines together: an entry's payload holds 256 KiB, and the caller's metadata may take half of it. */
export const LINES_TEXT_MAX = 96 * 1024;
/** Kept free for what is merged across types: at most 72 lines, one per action and reason. */
const MERGED_TEXT_MAX = 20 * 1024;

const usdText = (amount: ExactUsd | null) => (amount === null ? null : formatUsd4(toMonthly(amount)));

const printed = ({ line, count }: Group, identity: string | null): PricedLine => ({
  // Members in canonical order, so that sealing has nothing to sort.
  action: line.action,
  address_sha256: identity === null ? null : sha256Hex(identity),
  after_usd: usdText(line.after),
  before_usd: usdText(line.before),
  count,
  delta_usd: usdText(line.delta),
  entry_id: line.entryId,
  reason: line.reason,
  status: line.status,
  type: line.type,
});

const sumOf = (a: ExactUsd | null, b: ExactUsd | null): ExactUsd | null =>
  a === null || b === null ? null : addExact(a, b);

const merged = (a: Group, b: Group): Group => ({
  line: {
    ...a.line,
    before: sumOf(a.line.before, b.line.before),
    after: sumOf(a.line.after, b.line.after),
    delta: sumOf(a.line.delta, b.line.delta),
  },
  count: a.count + b.count,
});

/** Sums of lines that have the same key, in the order in which the keys first come. */
const groupedBy = (groups: readonly Group[], keyOf: (line: ExactLine) => string): readonly Group[] => {
  const sums = new Map<string, Group>();
  for (const group of groups) {
    const key = keyOf(group.line);
    const earlier = sums.get(key);
    sums.set(key, earlier === undefined ? group : merged(earlier, group));
  }
  return [...sums.values()];
};

const lengthOf = (line: PricedLine): number => JSON.stringify(line).length + 1;

/** How many of the lines fit, from the first. */
const fittingCount = (lines: readonly PricedLine[], textMax: number): number => {
  let length = 0;
  const over = lines.findIndex((line) => {
    length += lengthOf(line);
    return length > textMax;
  });
  return Math.min(over < 0 ? lines.length : over, LINES_MAX);
};

const anyType = ({ line, count }: Group): Group => ({ line: { ...line, type: '*', entryId: null }, count });

/** Groups by (type, action, entry, reason); those beyond the limits by (action, reason), as type `*`. */
const summarised = (lines: readonly ExactLine[]): readonly PricedLine[] => {
  const groups = groupedBy(
    lines.map((line) => ({ line, count: 1 })),
    ({ type, action, entryId, status, reason }) => JSON.stringify([type, action, entryId, status, reason]),
  );
  const all = groups.map((group) => printed(group, null));
  if (fittingCount(all, LINES_TEXT_MAX) === all.length) return all;
  const kept = Math.min(fittingCount(all, LINES_TEXT_MAX - MERGED_TEXT_MAX), LINES_MAX - 100);
  const rest = groupedBy(groups.slice(kept).map(anyType), ({ action, status, reason }) =>
    JSON.stringify([action, status, reason]),
  );
  return [...all.slice(0, kept), ...rest.map((group) => printed(group, null))];
};

/**
 * What the ledger keeps of the lines: one each while they fit (1,000 lines, 96 KiB of text), else sums of equal ones.
 * Addresses are hashed and left out of sums.
 *
 * @source protocols section 3.2, "Line"; ledger-format section 1 for the size of a payload
 */
export const recordedLines = (lines: readonly ExactLine[]): readonly PricedLine[] => {
  if (lines.length > LINES_MAX) return summarised(lines);
  const single = lines.map((line) => printed({ line, count: 1 }, line.identity));
  return fittingCount(single, LINES_TEXT_MAX) === single.length ? single : summarised(lines);
};
