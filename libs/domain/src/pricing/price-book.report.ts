import { isRawObject, pointerTo, type RawJson, type RawObject } from '../shared/raw-json.js';

export type PriceBookProblemCode =
  | 'validation_failed'
  | 'unknown_field'
  | 'currency_unsupported'
  | 'money_invalid'
  | 'money_too_precise'
  | 'money_out_of_range';

/** One thing that is wrong, as `errors[]` of a problem document shows it. `detail` quotes nothing that was sent. */
export interface PriceBookProblem {
  readonly pointer: string;
  readonly code: PriceBookProblemCode;
  readonly detail: string;
}
export type Report = (pointer: string, code: PriceBookProblemCode, detail: string) => void;

const PROBLEMS_MAX = 1000;

/** Collects what is wrong, so that a publisher sees all of it at once. */
export const createReport = (): { readonly report: Report; readonly problems: readonly PriceBookProblem[] } => {
  const problems: PriceBookProblem[] = [];
  const report: Report = (pointer, code, detail) => {
    if (problems.length < PROBLEMS_MAX) problems.push({ pointer, code, detail });
  };
  return { report, problems };
};

const EMPTY: RawObject = {};

/** An object with no members but those `known` (undefined: any). What is none is reported and read as empty. */
export const readObject = (
  raw: RawJson,
  pointer: string,
  known: readonly string[] | undefined,
  report: Report,
): RawObject => {
  if (!isRawObject(raw)) {
    report(pointer, 'validation_failed', 'must be an object');
    return EMPTY;
  }
  for (const member of Object.keys(raw))
    if (known?.includes(member) === false) report(pointerTo(pointer, member), 'unknown_field', 'is not a member here');
  return raw;
};

const LABEL = /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/;

/** 1 to 128 printable ASCII characters; reported and read as '' otherwise. */
export const readLabel = (raw: RawJson | undefined, pointer: string, report: Report): string => {
  if (typeof raw === 'string' && LABEL.test(raw)) return raw;
  report(pointer, 'validation_failed', 'must be text of 1 to 128 printable ASCII characters');
  return '';
};
