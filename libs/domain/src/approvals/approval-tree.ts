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
