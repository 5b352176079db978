import { type ApprovalStage, type ApprovalTree, stagesOf } from '../approvals/approval-tree.js';
import { type Ballots, isFulfilled } from '../approvals/tally.js';
import { REASON_CODES } from '../decisions/reason-codes.js';
import type { Instant } from '../shared/brand.js';
import { usdOf } from '../shared/money.js';
import type { PolicyDocument, RoutingMatch, RoutingRule } from './policy.document.js';
import type { PolicyState } from './policy.state.js';
import { type VersionStatus, versionStatus } from './versions.js';

/** Something in a legal document that its author may not have meant. */
export interface PolicyWarning {
  readonly pointer: string;
  readonly detail: string;
}

const LISTS = [
  'environments',
  'projects',
  'sources',
  'action_prefixes',
  'resource_types',
  'risk',
  'requesters',
] as const satisfies readonly (keyof RoutingMatch)[];

/** Whatever is in the narrow range is in the wide one; a cost that is not known is in neither. */
const isInRange = (
  narrow: RoutingMatch['monthly_delta_usd'],
  wide: NonNullable<RoutingMatch['monthly_delta_usd']>,
): boolean => {
  if (narrow === undefined) return false;
  const isAbove = wide.min === null || (narrow.min !== null && usdOf(narrow.min) >= usdOf(wide.min));
  return isAbove && (wide.max === null || (narrow.max !== null && usdOf(narrow.max) <= usdOf(wide.max)));
};

/** Whether whatever the narrow conditions match is matched by the wide ones, as far as names and ranges tell. */
const isWithin = (narrow: RoutingMatch, wide: RoutingMatch): boolean =>
  LISTS.every((name) => {
    const among: readonly string[] | undefined = wide[name];
    return among === undefined || (narrow[name]?.every((each) => among.includes(each)) ?? false);
  }) &&
  (wide.monthly_delta_usd === undefined || isInRange(narrow.monthly_delta_usd, wide.monthly_delta_usd));

/** Whether a rule leaves nothing to a later one. Who agrees to a violation is never waived, and comes to one that requires. */
const isShadowedBy = (later: RoutingRule, earlier: RoutingRule): boolean =>
  earlier.enabled && (earlier.effect === 'require' || later.effect === 'waive') && isWithin(later.match, earlier.match);

const shadowedRoutes = ({ approval }: PolicyDocument): readonly PolicyWarning[] =>
  approval.routing.flatMap((rule, index) => {
    const before = approval.routing.slice(0, index).find((earlier) => isShadowedBy(rule, earlier));
    return rule.enabled && before !== undefined
      ? [
          {
            pointer: `/approval/routing/${String(index)}`,
            detail: `never decides: ${before.id} comes first and matches`,
          },
        ]
      : [];
  });

const repeatedConditions = ({ rules }: PolicyDocument): readonly PolicyWarning[] =>
  rules.flatMap((rule, index) => {
    const before = rules
      .slice(0, index)
      .find(({ enabled, condition, effect }) => enabled && condition === rule.condition && effect === rule.effect);
    return rule.enabled && before !== undefined
      ? [{ pointer: `/rules/${String(index)}`, detail: `says what ${before.id} says already` }]
      : [];
  });

const isClosed = ({ roles, groups, subjects }: ApprovalStage): boolean =>
  subjects.length > 0 && roles.length + groups.length === 0;

/** As if all who are named had agreed, and of those who are not as many as a stage asks for. */
const everybodyOf = (stages: readonly ApprovalStage[]): Ballots => {
  const ballot = (ids: readonly string[]) => ({ vote: 'approve' as const, stages: ids });
  const named = new Set(stages.flatMap(({ subjects }) => subjects));
  const ofNames = [...named].map((subject) => {
    const ids = stages.filter(({ subjects }) => subjects.includes(subject)).map(({ id }) => id);
    return [subject, ballot(ids)] as const;
  });
  const others = stages
    .filter((stage) => !isClosed(stage))
    .flatMap(({ id, quorum }) =>
      Array.from({ length: quorum }, (_, index) => [`\n${id}\n${String(index)}`, ballot([id])] as const),
    );
  return [...ofNames, ...others];
};
const canBeFulfilled = (tree: ApprovalTree): boolean => isFulfilled(tree, everybodyOf(stagesOf(tree)));

const unfulfillable = ({ approval }: PolicyDocument): readonly PolicyWarning[] =>
  approval.routing.flatMap(({ enabled, require }, index) =>
    enabled && require !== null && !canBeFulfilled(require)
      ? [
          {
            pointer: `/approval/routing/${String(index)}/require`,
            detail: 'nobody can fulfil it: a person counts in one stage only, and too few are named',
          },
        ]
      : [],
  );

/**
 * What is legal and probably not meant: a route that another shadows or that nobody can fulfil, a rule that repeats another.
 *
 * @source contract section 8.6
 */
export const policyWarnings = (document: PolicyDocument): readonly PolicyWarning[] => [
  ...shadowedRoutes(document),
  ...unfulfillable(document),
  ...repeatedConditions(document),
];

const CODES: ReadonlySet<string> = new Set(REASON_CODES);
const OVER: ReadonlySet<VersionStatus> = new Set(['superseded', 'cancelled']);

/**
 * What a waiver names that it cannot waive yet: ids of rules that no version has which is in force, waits, is rolled out or
 * is a challenger. It may name them before their policy is published; more often the id is misspelt.
 *
 * @param waives rule ids and codes, as granted.
 * @param now the time that tells which versions those are.
 * @returns a warning for each, with its pointer into the body of POST /exceptions.
 * @source contract section 8.5
 */
export const waiverWarnings = (
  waives: readonly string[],
  policy: PolicyState,
  now: Instant,
): readonly PolicyWarning[] => {
  const standing = policy.versions.filter((version) => !OVER.has(versionStatus(policy, version, now)));
  const ids = new Set(standing.flatMap(({ document }) => document.rules.map(({ id }) => id)));
  return waives.flatMap((name, index) =>
    CODES.has(name) || ids.has(name)
      ? []
      : [{ pointer: `/waives/${String(index)}`, detail: `no policy in force or to come has a rule ${name}` }],
  );
};
