import { APPROVAL_STAGES_MAX, type ApprovalStage, type ApprovalTree } from '../approvals/approval-tree.js';
import type { RuleEngine } from '../rules/rules.js';
import type { Outcome } from '../decisions/decisions.entries.js';
import { outcomeOf } from '../decisions/outcome.js';
import { pointerTo } from '../shared/raw-json.js';
import { usdOf } from '../shared/money.js';
import type { FailSafeOutcome, PolicyDocument, RoutingRule } from './policy.document.js';
import { ticketPatternDefect } from './ticket-pattern.js';

/** A place in a policy document and what is wrong with it. */
export interface PolicyDefect {
  readonly pointer: string;
  readonly detail: string;
  /** Places that it would not be a defect without, other than by what they say: where one could not be read, it is open. */
  readonly restsOn: readonly string[];
}
const defect = (pointer: string, detail: string, ...restsOn: readonly string[]): PolicyDefect => ({
  pointer,
  detail,
  restsOn,
});

const aliasesInTwoClasses = ({ environments: { classes } }: PolicyDocument): readonly PolicyDefect[] => {
  const homes = new Map<string, string>();
  return Object.entries(classes).flatMap(([className, { aliases }]) =>
    aliases.flatMap((alias) => {
      const other = homes.get(alias);
      homes.set(alias, className);
      return other === undefined || other === className
        ? []
        : [
            defect(
              `/environments/classes/${className}/aliases`,
              `the alias ${alias} is in ${other} too`,
              ...[className, other].map((name) => `/environments/classes/${name}/aliases`),
            ),
          ];
    }),
  );
};

const thresholds = ({ entitlements }: PolicyDocument): readonly PolicyDefect[] => {
  const { auto_approve: auto, hard_deny_above_monthly_usd: hardDeny } = entitlements;
  const [limit, below] = ['/entitlements/hard_deny_above_monthly_usd', '/entitlements/auto_approve/below_monthly_usd'];
  return usdOf(hardDeny) < usdOf(auto.below_monthly_usd)
    ? [defect(limit, 'lies below auto_approve.below_monthly_usd', limit, below)]
    : [];
};

const repeatedIds = (base: string, ids: readonly string[]): readonly PolicyDefect[] => {
  const seen = new Set<string>();
  return ids.flatMap((id, index) => {
    const name = id.toLowerCase();
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [defect(`${pointerTo(base, index)}/id`, `the id ${id} is there already (case does not matter)`)];
  });
};

interface PlacedStage {
  readonly pointer: string;
  readonly stage: ApprovalStage;
}
const stagesOf = (tree: ApprovalTree, pointer: string): readonly PlacedStage[] => {
  if ('id' in tree) return [{ pointer, stage: tree }];
  const name = 'all' in tree ? 'all' : 'any';
  const branches = 'all' in tree ? tree.all : tree.any;
  return branches.flatMap((branch, index) => stagesOf(branch, `${pointer}/${name}/${String(index)}`));
};

const quorumDefects = ({ pointer, stage }: PlacedStage): readonly PolicyDefect[] => {
  const isClosed = stage.roles.length === 0 && stage.groups.length === 0 && stage.subjects.length > 0;
  const named = new Set(stage.subjects).size;
  return isClosed && stage.quorum > named
    ? [defect(`${pointer}/quorum`, `needs ${String(stage.quorum)} persons and names ${String(named)}`)]
    : [];
};

const rangeDefects = ({ match }: RoutingRule, pointer: string): readonly PolicyDefect[] => {
  const { min = null, max = null } = match.monthly_delta_usd ?? {};
  return min !== null && max !== null && usdOf(min) > usdOf(max)
    ? [defect(`${pointer}/match/monthly_delta_usd`, 'min is above max')]
    : [];
};

const patternDefects = (pattern: string | null | undefined, pointer: string): readonly PolicyDefect[] => {
  const found = pattern === null || pattern === undefined ? null : ticketPatternDefect(pattern);
  return found === null ? [] : [defect(pointer, found)];
};

const routeDefects = (rule: RoutingRule, pointer: string): readonly PolicyDefect[] => {
  const stages = rule.require === null ? [] : stagesOf(rule.require, `${pointer}/require`);
  return [
    ...rangeDefects(rule, pointer),
    ...(rule.effect === 'require' && stages.length === 0
      ? [
          defect(
            `${pointer}/require`,
            'a rule that requires says who has to agree',
            `${pointer}/require`,
            `${pointer}/effect`,
          ),
        ]
      : []),
    ...(stages.length > APPROVAL_STAGES_MAX
      ? [defect(`${pointer}/require`, `at most ${String(APPROVAL_STAGES_MAX)} stages, not ${String(stages.length)}`)]
      : []),
    ...repeatedStageIds(stages),
    ...stages.flatMap(quorumDefects),
    ...patternDefects(
      rule.overrides.justification?.ticket_pattern,
      `${pointer}/overrides/justification/ticket_pattern`,
    ),
  ];
};

const repeatedStageIds = (stages: readonly PlacedStage[]): readonly PolicyDefect[] => {
  const seen = new Set<string>();
  return stages.flatMap(({ pointer, stage }) => {
    const isThere = seen.has(stage.id.toLowerCase());
    seen.add(stage.id.toLowerCase());
    return isThere ? [defect(`${pointer}/id`, `the stage ${stage.id} is there already`)] : [];
  });
};

const routingDefects = ({ approval }: PolicyDocument): readonly PolicyDefect[] => [
  ...repeatedIds(
    '/approval/routing',
    approval.routing.map(({ id }) => id),
  ),
  ...approval.routing.flatMap((rule, index) => routeDefects(rule, `/approval/routing/${String(index)}`)),
  ...patternDefects(approval.justification.ticket_pattern, '/approval/justification/ticket_pattern'),
];

const ruleDefects = ({ rules }: PolicyDocument, engine: Pick<RuleEngine, 'check'>): readonly PolicyDefect[] => [
  ...repeatedIds(
    '/rules',
    rules.map(({ id }) => id),
  ),
  ...rules.flatMap((rule, index) => {
    const pointer = `/rules/${String(index)}`;
    const wrong = engine.check(rule.condition);
    const needs = rule.effect === 'add_obligation';
    return [
      ...(wrong === null ? [] : [defect(`${pointer}/condition`, wrong)]),
      ...(needs === (rule.obligation !== null)
        ? []
        : [
            defect(
              `${pointer}/obligation`,
              needs ? 'an obligation is missing' : 'only add_obligation has one',
              `${pointer}/obligation`,
              `${pointer}/effect`,
            ),
          ]),
    ];
  }),
];

const STRENGTH = { ALLOW: 0, ALLOW_WITH_CREDITS: 0, REQUIRE_APPROVAL: 1, DENY: 2 } as const satisfies Record<
  Outcome,
  number
>;

const isWeaker = (
  document: PolicyDocument,
  source: keyof PolicyDocument['fail_safe'],
  name: string,
  said: FailSafeOutcome,
) => {
  const row = document.mode_matrix[source];
  const { outcome } = outcomeOf(row[name] ?? row['default'] ?? 'soft', 'failure');
  return STRENGTH[said] < STRENGTH[outcome] ? outcome : null;
};

const failSafeDefects = (document: PolicyDocument): readonly PolicyDefect[] =>
  (['terraform', 'k8s_admission', 'cloud_event'] as const).flatMap((source) =>
    Object.entries(document.fail_safe[source]).flatMap(([name, said]) => {
      const least = isWeaker(document, source, name, said);
      const pointer = `/fail_safe/${source}/${name}`;
      const modes = Object.hasOwn(document.mode_matrix[source], name) ? [name] : [name, 'default'];
      const restsOn = modes.map((mode) => `/mode_matrix/${source}/${mode}`);
      const detail = `${said} is weaker than ${String(least)}, which its mode asks for`;
      return least === null ? [] : [defect(pointer, detail, ...restsOn)];
    }),
  );

const unknownClasses = (document: PolicyDocument): readonly PolicyDefect[] => {
  const classes = document.environments.classes;
  const rows = (['mode_matrix', 'fail_safe'] as const).flatMap((table) =>
    (['terraform', 'k8s_admission', 'cloud_event'] as const).flatMap((source) =>
      Object.keys(document[table][source]).map((name) => ({ name, pointer: `/${table}/${source}/${name}` })),
    ),
  );
  const matches = document.approval.routing.flatMap(({ match }, index) =>
    (match.environments ?? []).map((name) => ({
      name,
      pointer: `/approval/routing/${String(index)}/match/environments`,
    })),
  );
  return [...rows, ...matches]
    .filter(({ name, pointer }) => !Object.hasOwn(classes, name) && !/^\/mode_matrix\/[^/]+\/default$/.test(pointer))
    .map(({ name, pointer }) => defect(pointer, `there is no class ${name}`, `/environments/classes/${name}`));
};

/** What a platform takes of one tenant's gate calls: a second, and at once. */
export interface GateQuota {
  readonly perSecond: number;
  readonly burst: number;
}
const aboveQuota = (
  { rate_limits: { gate_per_second: perSecond, gate_burst: burst } }: PolicyDocument,
  quota: GateQuota | null,
): readonly PolicyDefect[] => {
  if (quota === null) return [];
  const told = (name: string, said: number | null, most: number): readonly PolicyDefect[] =>
    said === null || said <= most
      ? []
      : [defect(`/rate_limits/${name}`, `a policy only lowers the platform's limit, ${String(most)}`)];
  return [...told('gate_per_second', perSecond, quota.perSecond), ...told('gate_burst', burst, quota.burst)];
};

/**
 * Every defect of a policy document that no single member shows: an alias in two classes, ids used twice (ignoring case),
 * min above max, a quorum above the persons it names, a condition that does not compile, a fail-safe outcome weaker than
 * the mode's, a class that does not exist, a rate above the platform's quota.
 *
 * @param engine compiles conditions.
 * @param quota of the platform; null where it is not known, as in an author's own check.
 * @source contract section 8.2
 */
export const policyDefects = (
  document: PolicyDocument,
  engine: Pick<RuleEngine, 'check'>,
  quota: GateQuota | null = null,
): readonly PolicyDefect[] => [
  ...aliasesInTwoClasses(document),
  ...thresholds(document),
  ...unknownClasses(document),
  ...routingDefects(document),
  ...ruleDefects(document, engine),
  ...failSafeDefects(document),
  ...aboveQuota(document, quota),
];
