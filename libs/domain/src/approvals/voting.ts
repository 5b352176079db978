import { type ApprovalTree, isAdmitted, type Reviewer, routeOf, stagesOf } from './approval-tree.js';
import type { Approval } from './approval.js';
import {
  type Ballot,
  type Ballots,
  isDenied,
  isFulfilled,
  openStagesOf,
  seatOf,
  type StageProgress,
  tallyOf,
} from './tally.js';

/** Separation of duties: whoever asked, stands behind the asking pipeline, or filed the request does not vote on it. */
export const isOwnRequest = (approval: Approval, subject: string): boolean => {
  const { requester, terms } = approval.requested;
  if (!terms.is_separation_required) return false;
  return subject === requester.subject || subject === requester.on_behalf_of || approval.filedBy.includes(subject);
};

const treeOf = (approval: Approval): ApprovalTree => routeOf(approval.requested.terms);

/** Votes that count: whoever filed the request after voting has made it his own. */
const countedBallots = (approval: Approval): Ballots =>
  [...approval.votes].filter(([subject]) => !isOwnRequest(approval, subject));

export const isFulfilledNow = (approval: Approval): boolean => isFulfilled(treeOf(approval), countedBallots(approval));
export const isDeniedNow = (approval: Approval): boolean => isDenied(treeOf(approval), countedBallots(approval));

const admittingStages = (approval: Approval, reviewer: Reviewer, stageId: string | null): readonly string[] =>
  stagesOf(treeOf(approval)).flatMap((stage) =>
    (stageId === null || stage.id === stageId) && isAdmitted(stage, reviewer) ? [stage.id] : [],
  );

/**
 * The ballot this vote would be; undefined for a person whom no open stage admits.
 * A person counts in one stage only, so who has agreed cannot agree again. A denial may change an approval, and an
 * approval a denial: the newest vote counts. A stage stays open to denials until the request is settled.
 * @source contract section 11.2
 */
export const ballotFor = (
  approval: Approval,
  cast: { readonly vote: Ballot['vote']; readonly stageId: string | null; readonly caller: Reviewer },
): Ballot | undefined => {
  const stages = admittingStages(approval, cast.caller, cast.stageId);
  if (stages.length === 0) return undefined;
  if (cast.vote === 'deny') return { vote: 'deny', stages };
  const hasAgreed = approval.votes.get(cast.caller.subject)?.vote === 'approve';
  const open = openStagesOf(treeOf(approval), countedBallots(approval));
  return !hasAgreed && stages.some((stage) => open.includes(stage)) ? { vote: 'approve', stages } : undefined;
};

/** The stage in which a ballot counts, for the record; a denial counts in the first that admits it. */
export const stageOf = (approval: Approval, subject: string, ballot: Ballot): string => {
  const votes = approval.votes.set(subject, ballot);
  return seatOf(treeOf(approval), countedBallots({ ...approval, votes }), subject) ?? ballot.stages[0] ?? '';
};

/** Whether this person may decide the request now: pending, in time, not their own, not voted on yet, and admitted. */
export const mayReview = (approval: Approval, reviewer: Reviewer, now: string): boolean =>
  approval.status === 'pending' &&
  now < approval.requested.approve_by &&
  !isOwnRequest(approval, reviewer.subject) &&
  !approval.votes.has(reviewer.subject) &&
  ballotFor(approval, { vote: 'approve', stageId: null, caller: reviewer }) !== undefined;

/** How far an approval is: how many have agreed in each stage, of how many. */
export const progressOf = (approval: Approval): readonly StageProgress[] =>
  tallyOf(treeOf(approval), countedBallots(approval));
