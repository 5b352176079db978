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

interface Under {
  readonly document: PolicyDocument;
  readonly rules: RuleEngine;
  /** Decides the question itself; absent: the document, as it did what was asked before. */
  readonly last?: PolicyDocument;
}

const decided = ({ document, rules, last }: Under, { now, given, ask }: PolicyCase) => {
  const world = new CaseWorld(document, now, rules);
  world.give(given);
  for (const question of given.asked) {
    const before = world.decide(question);
    if (before.kind === 'problem') return before;
  }
  if (last !== undefined) world.publish(last);
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

const run = (under: Under, each: PolicyCase): Run => {
  const outcome = decided(under, each);
  if (outcome.kind === 'problem') return undecided(each, outcome.problem);
  const recorded = outcome.value;
  if (recorded === undefined) return undecided(each, 'it is not decided');
  const failures = CHECKS.flatMap((check) => check(each.expect, recorded));
  const { decision, reason_codes: reasonCodes } = recorded;
  return { result: { name: each.name, failures, decision, reasonCodes }, recorded };
};

/** A waiving route leaves no name behind: it is the first that waives alone what was waived. */
const waivedBy = ({ document, rules }: Under, each: PolicyCase): string | undefined =>
  document.approval.routing.find((route) => {
    if (!route.enabled || route.effect !== 'waive') return false;
    const alone = { ...document, approval: { ...document.approval, routing: [route] } };
    return run({ document: alone, rules }, each).recorded?.reason_codes.includes('approval_waived_by_route') === true;
  })?.id;

type Row = PolicyDocument['mode_matrix']['terraform'];
const enforced = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).map(([name, mode]) => [name, mode === 'shadow' ? 'hard' : mode]));

/** Nobody is asked in shadow mode or about a dry run: the route that would say who has to agree decides all the same. */
const wouldBeRoute = ({ document, rules }: Under, each: PolicyCase): string | null | undefined => {
  const { terraform, k8s_admission, cloud_event } = document.mode_matrix;
  const modes = {
    terraform: enforced(terraform),
    k8s_admission: enforced(k8s_admission),
    cloud_event: enforced(cloud_event),
  };
  const asked = { ...each, ask: { ...each.ask, isDryRun: false } };
  return run({ document, rules, last: { ...document, mode_matrix: modes } }, asked).recorded?.approval?.routing_rule;
};

const routeOf = (under: Under, each: PolicyCase, recorded: DecisionRecorded): string | undefined => {
  if (recorded.reason_codes.includes('approval_waived_by_route')) return waivedBy(under, each);
  const isAsked = recorded.mode !== 'shadow' && !recorded.dry_run;
  return (isAsked ? recorded.approval?.routing_rule : wouldBeRoute(under, each)) ?? undefined;
};

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
    const { result, recorded } = run({ document, rules }, each);
    if (recorded === null) return result;
    for (const id of recorded.rules_matched ?? []) met.rules.add(id);
    const route = routeOf({ document, rules }, each, recorded);
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
