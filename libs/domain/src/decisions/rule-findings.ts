import { type PolicyRule, RULES_COST_MAX } from '../rules/policy-rule.js';
import type { RuleTrace } from '../rules/rule-trace.js';
import type { RuleVariables } from '../rules/rules.js';
import type { AskForChange } from './ask-for-change.js';
import { approval, type FindingItem, violation } from './findings.js';
import type { ReasonCode } from './reason-codes.js';

/** What the rules of a policy said. */
export interface RuleFindings {
  readonly items: readonly FindingItem[];
  readonly notes: readonly ReasonCode[];
  readonly warnings: readonly string[];
  readonly obligations: readonly { readonly key: string; readonly value: string }[];
  readonly traces: readonly RuleTrace[];
  /** Ids of rules that matched, or whose error counts as a match. */
  readonly matched: readonly string[];
}
export const NO_RULE_FINDINGS: RuleFindings = {
  items: [],
  notes: [],
  warnings: [],
  obligations: [],
  traces: [],
  matched: [],
};

type Said = Pick<RuleFindings, 'items' | 'notes' | 'warnings' | 'obligations'>;
const said = (part: Partial<Said>): Said => ({ items: [], notes: [], warnings: [], obligations: [], ...part });

/** A rule that cannot be evaluated counts as a match where it restricts, and as a warning where it does not. */
const ofError = (rule: PolicyRule, error: string): Said => {
  const text = `rule ${rule.id} could not be evaluated: ${error}`;
  switch (rule.effect) {
    case 'deny':
      return said({
        items: [violation('rule_denied', rule.id), violation('rule_evaluation_error', rule.id)],
        warnings: [text],
      });
    case 'require_approval':
      return said({
        items: [approval('rule_approval_required', rule.id), approval('rule_evaluation_error', rule.id)],
        warnings: [text],
      });
    case 'warn':
    case 'add_obligation':
      return said({ notes: ['rule_warned'], warnings: [text] });
  }
};

const ofMatch = (rule: PolicyRule): Said => {
  switch (rule.effect) {
    case 'deny':
      return said({ items: [violation('rule_denied', rule.id)], warnings: [rule.message] });
    case 'require_approval':
      return said({ items: [approval('rule_approval_required', rule.id)], warnings: [rule.message] });
    case 'warn':
      return said({ notes: ['rule_warned'], warnings: [rule.message] });
    case 'add_obligation':
      return said({ obligations: rule.obligation === null ? [] : [rule.obligation] });
  }
};

const countsAsMatch = (rule: PolicyRule, { matched, error }: RuleTrace): boolean =>
  matched || (error !== null && (rule.effect === 'deny' || rule.effect === 'require_approval'));

/** A rule that has something to say: it matched, or could not be evaluated. */
interface Told {
  readonly rule: PolicyRule;
  readonly trace: RuleTrace;
  readonly text: Said;
}
const tellingOf = (rules: readonly PolicyRule[], traces: readonly RuleTrace[]): readonly Told[] => {
  const told: Told[] = [];
  let next = 0;
  for (const rule of rules) {
    if (!rule.enabled) continue;
    const trace = traces[next]; // One per enabled rule, in the order of the rules.
    next += 1;
    if (trace === undefined) continue;
    if (trace.error !== null) told.push({ rule, trace, text: ofError(rule, trace.error) });
    else if (trace.matched) told.push({ rule, trace, text: ofMatch(rule) });
  }
  return told;
};

/**
 * Evaluates every enabled rule, in order, and says what follows from each.
 *
 * @source contract section 8.4
 */
export const ruleFindings = (
  rules: readonly PolicyRule[],
  engine: AskForChange['rules'],
  variables: RuleVariables,
): RuleFindings => {
  if (rules.length === 0) return NO_RULE_FINDINGS;
  const traces = engine.evaluate(rules, variables, RULES_COST_MAX);
  const told = tellingOf(rules, traces);
  if (told.length === 0) return { ...NO_RULE_FINDINGS, traces };
  return {
    items: told.flatMap(({ text }) => text.items),
    notes: told.flatMap(({ text }) => text.notes),
    warnings: told.flatMap(({ text }) => text.warnings).filter((text) => text !== ''),
    obligations: told.flatMap(({ text }) => text.obligations),
    traces,
    matched: told.filter(({ rule, trace }) => countsAsMatch(rule, trace)).map(({ rule }) => rule.id),
  };
};
