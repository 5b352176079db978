import type { ReasonCode } from './reason-codes.js';

/** One thing that speaks against a change, or for asking somebody: its code, and the rule it came from, if any. */
export interface FindingItem {
  readonly strength: 'approval' | 'violation';
  readonly code: ReasonCode;
  readonly ruleId: string | null;
}

export const violation = (code: ReasonCode, ruleId: string | null = null): FindingItem => ({
  strength: 'violation',
  code,
  ruleId,
});
export const approval = (code: ReasonCode, ruleId: string | null = null): FindingItem => ({
  strength: 'approval',
  code,
  ruleId,
});

/** The codes of a strength, in the order they were found. */
export const codesOf = (
  items: readonly FindingItem[],
  strength: FindingItem['strength'],
): readonly FindingItem['code'][] => items.filter((item) => item.strength === strength).map(({ code }) => code);
