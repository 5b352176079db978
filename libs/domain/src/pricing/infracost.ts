import type { Completeness } from '../decisions/decisions.entries.js';
import {
  formatUsd6,
  hourlyOfMonthly,
  isMoney,
  type MicroUsd,
  microUsd,
  parseUsd,
  roundHalfEven,
} from '../shared/money.js';
import { isRawList, isRawObject, memberOf, NumberToken, textMemberOf, type RawJson } from '../shared/raw-json.js';
import { readReportLines, type ReportLines } from './infracost-lines.js';
import { recordedLines } from './lines.js';
import type { PricedLine } from './priced-line.js';

/** What a report of Infracost says about a change. Monthly in micro-USD, a multiple of 100; null: it knows nothing. */
export interface InfracostEvidence {
  readonly monthlyDelta: MicroUsd | null;
  readonly hourlyDelta: MicroUsd | null;
  readonly completeness: Completeness;
  readonly priced: number;
  readonly unpriced: number;
  readonly lines: readonly PricedLine[];
  /** Types of what changes, sorted. */
  readonly resourceTypes: readonly string[];
  readonly isDestructive: boolean;
}

/** Why a report is no evidence. A currency is refused, never converted; the rest means that the cost is unknown. */
export interface InfracostProblem {
  readonly kind: 'problem';
  readonly code: 'currency_unsupported' | 'report_malformed' | 'report_version_unsupported';
  readonly pointer: string;
  readonly detail: string;
}
export type InfracostReading = { readonly kind: 'report'; readonly evidence: InfracostEvidence } | InfracostProblem;

const problem = (code: InfracostProblem['code'], pointer: string, detail: string): InfracostProblem => ({
  kind: 'problem',
  code,
  pointer,
  detail,
});

const DECIMAL = /^(-?)(0|[1-9][0-9]{0,30})(?:\.([0-9]+))?$/;
const PLACES_READ = 64;

/** Of places beyond those read it only matters whether there is anything: that is what tells a tie from more than one. */
const readPlaces = (fraction: string): string =>
  fraction.length > PLACES_READ
    ? `${fraction.slice(0, PLACES_READ)}${/[1-9]/.test(fraction.slice(PLACES_READ)) ? '1' : ''}`
    : fraction;

/** A decimal text of any number of places, half-even to `places`; undefined when it is no such text, or out of range. */
export const roundedUsd = (text: string, places: 4 | 6): MicroUsd | undefined => {
  const [, sign = '', whole, sent = ''] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const fraction = readPlaces(sent);
  const exact = BigInt(whole + fraction.padEnd(places, '0'));
  const beyond = Math.max(0, fraction.length - places);
  const units = roundHalfEven(sign === '-' ? -exact : exact, 10n ** BigInt(beyond));
  const amount = microUsd(units * 10n ** BigInt(6 - places));
  return isMoney(parseUsd(formatUsd6(amount), 6)) ? amount : undefined;
};

type Amount = { readonly kind: 'amount'; readonly value: MicroUsd | null } | InfracostProblem;

const amountAt = (report: RawJson, name: string, places: 4 | 6): Amount => {
  const member = memberOf(report, name) ?? null;
  if (member === null) return { kind: 'amount', value: null };
  const value = typeof member === 'string' ? roundedUsd(member, places) : undefined;
  if (value !== undefined) return { kind: 'amount', value };
  return problem('report_malformed', `/${name}`, 'must be a decimal text within 10^12, or null');
};

const countOf = (owner: RawJson | undefined, name: string): number => {
  const member = memberOf(memberOf(owner, 'summary'), name);
  return member instanceof NumberToken && /^[0-9]{1,9}$/.test(member.text) ? Number(member.text) : 0;
};

const hasErrors = (project: RawJson): boolean => {
  const errors = memberOf(memberOf(project, 'metadata'), 'errors');
  return isRawList(errors) && errors.length > 0;
};

const evidenceOf = (
  report: RawJson,
  projects: readonly RawJson[],
  read: ReportLines,
  amounts: { readonly monthly: MicroUsd | null; readonly hourly: MicroUsd | null },
): InfracostEvidence => {
  const { monthly, hourly } = amounts;
  const unsupported = Math.max(
    countOf(report, 'totalUnsupportedResources'),
    projects.reduce<number>((sum, project) => sum + countOf(project, 'totalUnsupportedResources'), 0),
  );
  const isPartial = unsupported + read.unpriced > 0 || projects.some(hasErrors);
  return {
    monthlyDelta: monthly,
    hourlyDelta: monthly === null ? null : (hourly ?? hourlyOfMonthly(monthly)),
    completeness: monthly === null ? 'unknown' : isPartial ? 'partial' : 'complete',
    priced: read.priced,
    unpriced: read.unpriced + unsupported,
    lines: recordedLines(read.lines),
    resourceTypes: [...new Set(read.lines.map(({ type }) => type))].sort(),
    isDestructive: read.lines.some(({ action }) => action === 'delete'),
  };
};

/**
 * Reads what `infracost diff --format json` prints, version 0.2. Unknown members are ignored; names are hashed, metadata
 * and URLs are not kept.
 *
 * @param report what the strict reader yields.
 * @returns evidence, unknown where the total is null: an amount is never guessed from the parts. A report in another
 *   currency, of another version or shape is a problem.
 * @source protocols section 3.3
 */
export const readInfracost = (report: RawJson): InfracostReading => {
  if (!isRawObject(report)) return problem('report_malformed', '', 'must be an object');
  const version = textMemberOf(report, 'version');
  if (version === undefined) return problem('report_malformed', '/version', 'is missing: this is no report');
  if (!/^0\.2(\.|$)/.test(version)) return problem('report_version_unsupported', '/version', 'must be 0.2');
  const currency = memberOf(report, 'currency');
  if (currency !== 'USD') return problem('currency_unsupported', '/currency', 'must be USD: nothing is converted');
  const projects = memberOf(report, 'projects');
  if (!isRawList(projects)) return problem('report_malformed', '/projects', 'must be a list');
  const monthly = amountAt(report, 'diffTotalMonthlyCost', 4);
  if (monthly.kind === 'problem') return monthly;
  const hourly = amountAt(report, 'diffTotalHourlyCost', 6);
  if (hourly.kind === 'problem') return hourly;
  const read = readReportLines(projects);
  if ('pointer' in read) return problem('report_malformed', read.pointer, read.detail);
  const amounts = { monthly: monthly.value, hourly: hourly.value };
  return { kind: 'report', evidence: evidenceOf(report, projects, read, amounts) };
};
