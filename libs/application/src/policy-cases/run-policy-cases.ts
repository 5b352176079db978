import { type DecisionRecorded, formatUsd4, type PolicyDocument, type RuleEngine, usdOf } from '@verdict/domain';
import { CaseWorld } from './case-world.js';
import type { CaseExpectation, CaseFailure, CaseResult, CasesReport, PolicyCase } from './policy-case.js';

const sorted = (texts: readonly string[]): string => [...texts].sort().join('\n');

type Check = (expected: CaseExpectation, recorded: DecisionRecorded) => readonly CaseFailure[];

const unless = (holds: boolean, failure: CaseFailure): readonly CaseFailure[] => (holds ? [] : [failure]);

/** One check per member that may be expected; one that is not given holds. */
const CHECKS: readonly Check[] = [
  ({ decision: expected }, { decision: actual }) =>
    unless(expected === undefined || expected === actual, { what: 'decision', expected, actual }),
  ({ finding: expected }, { finding: actual }) =>
    unless(expected === undefined || expected === actual, { what: 'finding', expected, actual }),
  ({ reasonCodes: expected }, { reason_codes: actual }) =>
    unless(expected?.every((code) => actual.includes(code)) ?? true, { what: 'reasonCodes', expected, actual }),
  ({ withoutReasonCodes: expected }, { reason_codes: actual }) =>
    unless(expected?.every((code) => !actual.includes(code)) ?? true, { what: 'withoutReasonCodes', expected, actual }),
  ({ rulesMatched: expected }, { rules_matched: actual = [] }) =>
    unless(expected === undefined || sorted(expected) === sorted(actual), { what: 'rulesMatched', expected, actual }),
  ({ route: expected }, { approval }) => {
    const actual = approval?.routing_rule ?? null;
    return unless(expected === undefined || expected === actual, { what: 'route', expected, actual });
  },
  ({ hold: expected }, { hold: { total_usd: actual } }) =>
    unless(expected === undefined || expected === usdOf(actual), {
      what: 'hold',
      expected: expected === undefined ? undefined : formatUsd4(expected),
      actual,
    }),
  ({ obligations: expected }, { obligations: actual = [] }) =>
    unless(expected === undefined || textOf(expected) === textOf(actual), { what: 'obligations', expected, actual }),
];

const textOf = (obligations: NonNullable<CaseExpectation['obligations']>): string =>
  sorted(obligations.map(({ key, value }) => `${key}=${value}`));

const decided = (document: PolicyDocument, { now, given, ask }: PolicyCase, rules: RuleEngine) => {
  const world = new CaseWorld(document, now, rules);
  world.give(given);
  for (const question of given.asked) {
    const before = world.decide(question);
    if (before.kind === 'problem') return before;
  }
  return world.decide(ask);
};

interface Run {
  readonly result: CaseResult;
  readonly recorded: DecisionRecorded | null;
}

const undecided = ({ name }: PolicyCase, why: unknown): Run => ({
  result: {
    name,
    decision: null,
    reasonCodes: [],
    failures: [{ what: 'question', expected: 'a decision', actual: why }],
  },
  recorded: null,
});

const run = (document: PolicyDocument, each: PolicyCase, rules: RuleEngine): Run => {
  const outcome = decided(document, each, rules);
  if (outcome.kind === 'problem') return undecided(each, outcome.problem);
  const recorded = outcome.value;
  if (recorded === undefined) return undecided(each, 'it is not decided');
  const failures = CHECKS.flatMap((check) => check(each.expect, recorded));
  const { decision, reason_codes: reasonCodes } = recorded;
  return { result: { name: each.name, failures, decision, reasonCodes }, recorded };
};

/** A waiving route leaves no name behind: it is the first that waives alone what was waived. */
const waivedBy = (document: PolicyDocument, each: PolicyCase, rules: RuleEngine): string | undefined =>
  document.approval.routing.find((route) => {
    if (!route.enabled || route.effect !== 'waive') return false;
    const alone = { ...document, approval: { ...document.approval, routing: [route] } };
    return run(alone, each, rules).recorded?.reason_codes.includes('approval_waived_by_route') === true;
  })?.id;

const routeOf = (document: PolicyDocument, each: PolicyCase, rules: RuleEngine, recorded: DecisionRecorded) =>
  recorded.reason_codes.includes('approval_waived_by_route')
    ? waivedBy(document, each, rules)
    : (recorded.approval?.routing_rule ?? undefined);

/**
 * Decides the cases of a policy's author with the policy, each on its own clock and state: nothing is asked, nothing
 * written. Enabled rules that matched in no case, and routes that decided in none, are named: nobody has looked at them.
 *
 * @source operations section 11, `policy test`
 */
export const runPolicyCases = (
  document: PolicyDocument,
  cases: readonly PolicyCase[],
  rules: RuleEngine,
): CasesReport => {
  const met = { rules: new Set<string>(), routes: new Set<string>() };
  const results = cases.map((each) => {
    const { result, recorded } = run(document, each, rules);
    if (recorded === null) return result;
    for (const id of recorded.rules_matched ?? []) met.rules.add(id);
    const route = routeOf(document, each, rules, recorded);
    if (route !== undefined) met.routes.add(route);
    return result;
  });
  const missing = (all: readonly { readonly id: string; readonly enabled: boolean }[], seen: ReadonlySet<string>) =>
    all.filter(({ id, enabled }) => enabled && !seen.has(id)).map(({ id }) => id);
  return {
    results,
    failed: results.filter(({ failures }) => failures.length > 0).length,
    uncovered: {
      rules: missing(document.rules, met.rules),
      routes: missing(document.approval.routing, met.routes),
    },
  };
};
