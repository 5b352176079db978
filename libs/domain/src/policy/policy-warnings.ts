import { jcsText } from '../shared/jcs.js';
import type { PolicyDocument, RoutingMatch, RoutingRule } from './policy.document.js';

/** Something in a legal document that its author may not have meant. */
export interface PolicyWarning {
  readonly pointer: string;
  readonly detail: string;
}

const membersOf = (match: RoutingMatch): readonly (readonly [string, string])[] =>
  Object.entries({ ...match }).map(([name, value]) => [name, jcsText(value)]);

/** Whether whatever the later rule matches is matched by the earlier one: all its conditions are there, unchanged. */
const isShadowedBy = (later: RoutingRule, earlier: RoutingRule): boolean => {
  const wanted = new Map(membersOf(later.match));
  return earlier.enabled && membersOf(earlier.match).every(([name, value]) => wanted.get(name) === value);
};

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

/**
 * What is legal and probably not meant: a route that another shadows, a rule that repeats another.
 *
 * @source contract section 8.6
 */
export const policyWarnings = (document: PolicyDocument): readonly PolicyWarning[] => [
  ...shadowedRoutes(document),
  ...repeatedConditions(document),
];
