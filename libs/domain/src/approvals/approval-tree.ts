/**
 * One stage of an approval: so many different persons of those it admits have to agree.
 * It admits whoever has one of the roles, is in one of the groups, or is named; with all three lists empty, the role
 * approver. `quorum` and `deny_quorum` are 1 to 5.
 */
export interface ApprovalStage {
  readonly id: string;
  readonly quorum: number;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly subjects: readonly string[];
  /** So many denials of those it admits deny the whole request. */
  readonly deny_quorum: number;
}

/**
 * Who has to agree: one stage, all of several trees, or any one of them. At most APPROVAL_TREE_DEPTH_MAX levels, stages
 * included: a stage alone is one.
 * @source contract section 8.3
 */
export type ApprovalTree =
  ApprovalStage | { readonly all: readonly ApprovalTree[] } | { readonly any: readonly ApprovalTree[] };

export const APPROVAL_TREE_DEPTH_MAX = 3;
/** Bounds the ways in which a tree can be fulfilled: sixteen stages have a few hundred at most. */
export const APPROVAL_STAGES_MAX = 16;
export const QUORUM_MAX = 5;
/** The stage of a request whose policy routes it nowhere. */
export const DEFAULT_STAGE = 'default';

export type ApprovalTreeProblem =
  | 'tree_too_deep'
  | 'tree_has_too_many_stages'
  | 'tree_has_an_empty_branch'
  | 'stage_id_repeated'
  | 'quorum_out_of_range'
  | 'deny_quorum_out_of_range'
  | 'quorum_above_named_subjects';

/** Subtrees of a branch; none of a stage. */
const branchesOf = (tree: ApprovalTree): readonly ApprovalTree[] | null => {
  if ('all' in tree) return tree.all;
  return 'any' in tree ? tree.any : null;
};

/** The stages of a tree, left to right. */
export const stagesOf = (tree: ApprovalTree): readonly ApprovalStage[] => {
  if ('all' in tree) return tree.all.flatMap(stagesOf);
  return 'any' in tree ? tree.any.flatMap(stagesOf) : [tree];
};

const depthOf = (tree: ApprovalTree): number =>
  1 + (branchesOf(tree) ?? []).reduce((deepest, branch) => Math.max(deepest, depthOf(branch)), 0);

const hasEmptyBranch = (tree: ApprovalTree): boolean => {
  const branches = branchesOf(tree);
  return branches !== null && (branches.length === 0 || branches.some(hasEmptyBranch));
};

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= QUORUM_MAX;

/** A stage that only its named subjects may vote in cannot ask for more votes than they have. */
const stageProblems = (stage: ApprovalStage): readonly ApprovalTreeProblem[] => {
  const isNamedOnly = stage.subjects.length > 0 && stage.roles.length === 0 && stage.groups.length === 0;
  const isImpossible = isNamedOnly && stage.quorum > new Set(stage.subjects).size;
  return [
    ...(isCount(stage.quorum) ? [] : (['quorum_out_of_range'] as const)),
    ...(isCount(stage.deny_quorum) ? [] : (['deny_quorum_out_of_range'] as const)),
    ...(isImpossible ? (['quorum_above_named_subjects'] as const) : []),
  ];
};

/**
 * What is wrong with a tree, each problem once; none: a request can be routed by it.
 * Ids of stages are compared without regard to case.
 * @source contract sections 8.2 and 8.3
 */
export const approvalTreeProblems = (tree: ApprovalTree): readonly ApprovalTreeProblem[] => {
  const stages = stagesOf(tree);
  const ids = new Set(stages.map(({ id }) => id.toLowerCase()));
  const problems: readonly ApprovalTreeProblem[] = [
    ...(depthOf(tree) > APPROVAL_TREE_DEPTH_MAX ? (['tree_too_deep'] as const) : []),
    ...(stages.length > APPROVAL_STAGES_MAX ? (['tree_has_too_many_stages'] as const) : []),
    ...(hasEmptyBranch(tree) ? (['tree_has_an_empty_branch'] as const) : []),
    ...(ids.size < stages.length ? (['stage_id_repeated'] as const) : []),
    ...stages.flatMap(stageProblems),
  ];
  return [...new Set(problems)];
};

/** The tree a request follows: its own, or one stage of approvers with the quorum given. */
export const routeOf = (terms: { readonly route?: ApprovalTree; readonly quorum: number }): ApprovalTree =>
  terms.route ?? { id: DEFAULT_STAGE, quorum: terms.quorum, roles: [], groups: [], subjects: [], deny_quorum: 1 };

/** A person as a stage looks at them. */
export interface Reviewer {
  readonly subject: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
}

/** Whether a stage admits a person to vote in it. */
export const isAdmitted = ({ roles, groups, subjects }: ApprovalStage, reviewer: Reviewer): boolean => {
  if (roles.length + groups.length + subjects.length === 0) return reviewer.roles.includes('approver');
  return (
    subjects.includes(reviewer.subject) ||
    roles.some((role) => reviewer.roles.includes(role)) ||
    groups.some((group) => reviewer.groups.includes(group))
  );
};
