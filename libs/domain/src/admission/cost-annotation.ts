import { isMoney, parseUsd, type MicroUsd } from '../shared/money.js';
import type { RawJson } from '../shared/raw-json.js';
import { annotationOf, type AdmissionRequest } from './review.js';

/** What the requester says a change costs. */
export interface CostAnnotation {
  readonly monthly: MicroUsd | null;
  readonly hourly: MicroUsd | null;
  /** An amount was given that is none. */
  readonly isInvalid: boolean;
}

export const NO_ANNOTATION: CostAnnotation = { monthly: null, hourly: null, isInvalid: false };

const firstOf = (object: RawJson, prefixes: readonly string[], name: string): string | undefined =>
  prefixes.map((prefix) => annotationOf(object, `${prefix}/${name}`)).find((text) => text !== undefined);

type Read = MicroUsd | null | 'invalid';
const amountOf = (text: string | undefined, places: 4 | 6): Read => {
  if (text === undefined) return null;
  const amount = parseUsd(text, places);
  return isMoney(amount) ? amount : 'invalid';
};

const MONTHLY = 'estimated-monthly-delta-usd';
const HOURLY = 'estimated-hourly-delta-usd';

const readClaim = (request: AdmissionRequest, prefixes: readonly string[]) => {
  const [monthly, hourly] = [MONTHLY, HOURLY].map((name) => firstOf(request.object, prefixes, name));
  const [storedMonthly, storedHourly] = [MONTHLY, HOURLY].map((name) => firstOf(request.oldObject, prefixes, name));
  return {
    monthly: amountOf(monthly, 4),
    hourly: amountOf(hourly, 6),
    isNew: monthly !== storedMonthly || hourly !== storedHourly,
  };
};

/**
 * The claim in an object's annotations: of the prefixes, the first that has the key counts.
 *
 * It speaks of the change that brought it: it says nothing on DELETE, and nothing on an UPDATE where the stored object
 * has the same texts already. An amount that cannot be read is named when it is new, and whenever money is at stake.
 *
 * @param isCostly false when the change costs exactly nothing, whatever anybody claims.
 * @source protocols section 1.3, "claim"; contract section 3 (`cost_annotation_invalid`)
 */
export const costAnnotation = (
  request: AdmissionRequest,
  prefixes: readonly string[],
  isCostly: boolean,
): CostAnnotation => {
  if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return NO_ANNOTATION;
  const { monthly, hourly, isNew } = readClaim(request, prefixes);
  if (monthly === 'invalid' || hourly === 'invalid') return { ...NO_ANNOTATION, isInvalid: isNew || isCostly };
  return isNew && isCostly ? { monthly, hourly, isInvalid: false } : NO_ANNOTATION;
};
