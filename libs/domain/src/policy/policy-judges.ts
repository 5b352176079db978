import {
  type Judge,
  lessIsLooser,
  moreIsLooser,
  moreNamesAreStricter,
  patternIsStricter,
  ranked,
} from './directions.js';
import {
  aliases,
  all,
  type ApprovalTerm,
  approvalTrees,
  byStrength,
  byValue,
  environmentClasses,
  failSafe,
  modes,
  overriding,
  type PlaceJudge,
  routes,
  whereItRestricts,
} from './place-judges.js';

/** How a member is judged, or why it is not: what it says lets neither more pass nor less, or only a person can tell. */
export type Judgement =
  { readonly kind: 'judged'; readonly judge: PlaceJudge } | { readonly kind: 'neither'; readonly reason: string };

const at = (judge: PlaceJudge): Judgement => ({ kind: 'judged', judge });
const of = (judge: Judge): Judgement => at(byValue(judge));
const neither = (reason: string): Judgement => ({ kind: 'neither', reason });

const yesIsStricter = ranked([false, true]);
const PERSON = 'only a person can compare two conditions';

const TERMS_OF_CLASSES: readonly ApprovalTerm[] = [
  [['separation'], yesIsStricter],
  [['justification', 'required'], yesIsStricter],
];
/** Longer clocks let what was approved pass for longer. */
const TERMS_OF_ALL: readonly ApprovalTerm[] = [
  [['approve_by_seconds'], moreIsLooser],
  [['use_by_seconds'], moreIsLooser],
  [['token_ttl_seconds'], moreIsLooser],
  [['justification', 'min_length'], lessIsLooser],
  [['justification', 'ticket_pattern'], patternIsStricter],
];
/** What a route may say otherwise than the document. */
const OVERRIDES = '/approval/routing/*/overrides';
const overridden = [...TERMS_OF_CLASSES, ...TERMS_OF_ALL].map(([names, judge]) => ({
  place: `${OVERRIDES}/${names.join('/')}`,
  judge: overriding(names, judge),
}));
const ROUTE = routes([...TERMS_OF_CLASSES, ...TERMS_OF_ALL]);
const justification = overridden.filter(({ place }) => place.startsWith(`${OVERRIDES}/justification/`));

/**
 * Every member of a policy document, by its path: `*` is any name, `**` whatever lies below. The first row that fits
 * judges.
 *
 * @source contract sections 8.2, 8.6
 */
const MEMBERS: readonly (readonly [place: string, Judgement])[] = [
  ['/format', neither('there is one')],
  ['/mode_matrix/*/*', at(modes)],
  ['/environments/classes/*', at(environmentClasses)],
  ['/environments/classes/*/aliases', at(aliases)],
  ['/environments/classes/*/behaves_as', of(ranked(['nonprod', 'prod']))],

  ['/approval/required/*', of(yesIsStricter)],
  ...TERMS_OF_CLASSES.map(([names, judge]) => [`/approval/${names.join('/')}/*`, of(judge)] as const),
  ...TERMS_OF_ALL.map(([names, judge]) => [`/approval/${names.join('/')}`, of(judge)] as const),
  ['/approval/consumer', of(ranked(['member', 'project', 'creator']))],
  ['/approval/replan_tolerance/*', of(moreIsLooser)],
  ['/approval/grants/max_uses', of(moreIsLooser)],
  ['/approval/grants/denied_cooldown_seconds', of(lessIsLooser)],
  [
    '/approval/routing',
    neither('the first route that matches wins: only a person can tell what another order decides'),
  ],
  ['/approval/routing/*', at(ROUTE)],
  ['/approval/routing/*/id', neither('a name')],
  ['/approval/routing/*/effect', at(ROUTE)],
  ['/approval/routing/*/enabled', at(ROUTE)],
  ['/approval/routing/*/match/**', neither(PERSON)],
  ['/approval/routing/*/require', at(approvalTrees)],
  ['/approval/routing/*/require/**', at(approvalTrees)],
  [`${OVERRIDES}/justification`, at(all(justification.map(({ judge }) => judge)))],
  ...overridden.map(({ place, judge }) => [place, at(judge)] as const),

  ['/entitlements/require_budget/*', of(yesIsStricter)],
  ['/entitlements/auto_approve/*', of(moreIsLooser)],
  ['/entitlements/plan_ceiling_monthly_usd', of(moreIsLooser)],
  ['/entitlements/enterprise_ceiling_monthly_usd', of(moreIsLooser)],
  ['/entitlements/hard_deny_above_monthly_usd', of(moreIsLooser)],

  ['/rules', neither('all rules are evaluated, whatever their order')],
  ['/rules/*', at(byStrength('rules'))],
  ['/rules/*/id', neither('a name')],
  ['/rules/*/effect', at(byStrength('rules'))],
  ['/rules/*/enabled', at(byStrength('rules'))],
  ['/rules/*/condition', neither(PERSON)],
  ['/rules/*/message', neither('text for the caller')],
  ['/rules/*/obligation', neither('is passed on to the caller')],
  ['/rules/*/obligation/*', neither('is passed on to the caller')],
  ['/rules/*/cost_budget', at(whereItRestricts(moreIsLooser))], // One that is spent counts as a match.

  ['/pricing/price_book', neither('another book has higher and lower prices')],
  ['/pricing/declared/*', of(ranked(['accept', 'flag', 'refuse']))],
  ['/pricing/unknown/*', of(ranked(['approval', 'violation']))],
  ['/pricing/mismatch_percent', of(moreIsLooser)],

  // Risk decides by rules and routes alone, which ask for more where there is more of it.
  ['/risk/project_criticality/*', of((from = 'low', to = 'low') => ranked(['low', 'medium', 'high'])(from, to))],
  ['/risk/high_impact_types', of(moreNamesAreStricter)],
  ['/context/spike_absolute_usd', of(moreIsLooser)],
  ['/context/spike_percent', of(moreIsLooser)],
  ['/context/max_data_age_days', of(moreIsLooser)],

  ['/fail_safe/*/*', at(failSafe)],
  ['/execution/decision_ttl_seconds', of(moreIsLooser)],
  ['/execution/hold_overdue_seconds', of(lessIsLooser)], // What nobody settles takes headroom until then.
  ['/reconciliation/tolerance_absolute_usd', of(moreIsLooser)],
  ['/reconciliation/tolerance_percent', of(moreIsLooser)],
  ['/reconciliation/savings_exception_usd', of(moreIsLooser)],
  ['/reconciliation/exception_due_seconds', of(moreIsLooser)],
  ['/reconciliation/default_owner', neither('a name')],
  ['/reconciliation/overdue_action', of(ranked(['release', 'settle']))],
  ['/rate_limits/*', of(moreIsLooser)],
];

const fits = (pattern: readonly string[], place: readonly string[]): boolean => {
  const isOpen = pattern.at(-1) === '**';
  const fixed = isOpen ? pattern.slice(0, -1) : pattern;
  const isLongEnough = isOpen ? place.length > fixed.length : place.length === fixed.length;
  return isLongEnough && fixed.every((token, index) => token === '*' || token === place[index]);
};
const PATTERNS = MEMBERS.map(([place, judgement]) => [place.split('/').slice(1), judgement] as const);

/** How the member at a path (its tokens) is judged; undefined: there is no such member. */
export const judgementAt = (place: readonly string[]): Judgement | undefined =>
  PATTERNS.find(([pattern]) => fits(pattern, place))?.[1];
