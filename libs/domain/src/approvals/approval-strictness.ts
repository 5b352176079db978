import { type ApprovalStage, type ApprovalTree } from './approval-tree.js';

/** Whom a stage admits, as it is looked up; see `isAdmitted`. */
const admittedBy = ({ roles, groups, subjects }: ApprovalStage): ReadonlySet<string> => {
  const named = [
    ...roles.map((role) => `role ${role}`),
    ...groups.map((group) => `group ${group}`),
    ...subjects.map((subject) => `subject ${subject}`),
  ];
  return new Set(named.length === 0 ? ['role approver'] : named);
};

const isStricterStage = (one: ApprovalStage, other: ApprovalStage): boolean => {
  const others = admittedBy(other);
  const isNarrower = [...admittedBy(one)].every((each) => others.has(each));
  return isNarrower && one.quorum >= other.quorum && one.deny_quorum <= other.deny_quorum;
};

/**
 * Whether each of the wanted can have one of the given to itself: a person counts in one stage only, so one vote does not
 * fulfil two of them.
 *
 * @source H. Kuhn, The Hungarian method for the assignment problem, 1955 (augmenting paths)
 */
const areMatched = (wanted: readonly ApprovalTree[], given: readonly ApprovalTree[]): boolean => {
  const takenBy = new Map<number, number>();
  const finds = (want: number, tried: Set<number>): boolean =>
    given.some((each, index) => {
      const tree = wanted[want];
      if (tried.has(index) || tree === undefined || !isAtLeastAsStrict(each, tree)) return false;
      tried.add(index);
      const rival = takenBy.get(index);
      if (rival !== undefined && !finds(rival, tried)) return false;
      takenBy.set(index, want);
      return true;
    });
  return wanted.every((_, want) => finds(want, new Set()));
};

/**
 * Whether whoever fulfils one tree certainly fulfils the other, whatever their stages are called. False says nothing more
 * than that it is not certain: neither of two trees may be as strict as the other.
 *
 * @source contract section 8.3
 */
export const isAtLeastAsStrict = (one: ApprovalTree, other: ApprovalTree): boolean => {
  if ('any' in one) return one.any.every((branch) => isAtLeastAsStrict(branch, other));
  const branches = 'all' in one ? one.all : [];
  if ('all' in other) return areMatched(other.all, 'all' in one ? one.all : [one]);
  if (branches.some((branch) => isAtLeastAsStrict(branch, other))) return true;
  if ('any' in other) return other.any.some((branch) => isAtLeastAsStrict(one, branch));
  return 'id' in one && isStricterStage(one, other);
};
