import type { DecisionRecorded, DecisionsEntry } from '../decisions/decisions.entries.js';
import type { ApprovalId, DecisionId } from '../shared/brand.js';
import { type DueDates, noDueDates } from '../shared/due-dates.js';
import { assertNever } from '../shared/entry.js';
import { type KeyAnswers, noKeyAnswers, withKeyAnswer } from '../shared/key-answers.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type { Approval, GrantUses, Requested } from './approval.js';
import type { ApprovalBinding, ApprovalsEntry } from './approvals.entries.js';
import { withEndings } from './ending.js';
import { approvalsAnswerOf } from './keyed-approvals.js';
import type { Ballot } from './tally.js';

/** A decision that asks for an approval which nobody has opened yet. */
export interface DueRequest {
  readonly recorded: DecisionRecorded;
  readonly revision: bigint;
  /** As of the approval that it becomes. */
  readonly supersededRevision?: bigint;
}

export interface ApprovalsState {
  readonly approvals: PersistentMap<Approval>;
  readonly byDecision: PersistentMap<ApprovalId>;
  /** Still moving: pending, or granted and unused. */
  readonly open: PersistentMap<true>;
  /** Open ones by the instant at which the clock ends them. */
  readonly clocks: DueDates;
  /** Open ones that what the gate has written ends. */
  readonly closable: PersistentMap<true>;
  /** Settled ones in the order they settled; beyond `settledMax` the oldest half leaves memory. */
  readonly settled: readonly ApprovalId[];
  readonly settledMax: number;
  readonly dueRequests: PersistentMap<DueRequest>;
  /** The newest answers; older keys are looked up in the read models before anything is decided under them. */
  readonly answers: KeyAnswers;
}

export const SETTLED_MAX = 10_000;
export const ANSWERS_KEPT = 10_000;

export const noApprovals: ApprovalsState = {
  approvals: PersistentMap.empty,
  byDecision: PersistentMap.empty,
  open: PersistentMap.empty,
  clocks: noDueDates,
  closable: PersistentMap.empty,
  settled: [],
  settledMax: SETTLED_MAX,
  dueRequests: PersistentMap.empty,
  answers: noKeyAnswers(ANSWERS_KEPT),
};

export const bindingOf = (recorded: DecisionRecorded): ApprovalBinding => ({
  source: recorded.request.source,
  project_id: recorded.request.project_id,
  environment_label: recorded.request.environment_label,
  environment_class: recorded.request.environment_class,
  action: recorded.request.action,
  resource_reference: recorded.request.resource_reference,
  request_fingerprint: recorded.request_fingerprint,
});

/** Whether it is open is to be said before. */
const put = (state: ApprovalsState, approval: Approval): ApprovalsState => {
  const { approvalId: id } = approval;
  const endings = withEndings(state, state.approvals.get(id), { after: approval, isOpen: state.open.has(id) });
  return { ...state, ...endings, approvals: state.approvals.set(id, approval) };
};

/** Half is dropped at a time, so that the cost of forgetting is paid rarely. */
const settle = (state: ApprovalsState, approval: Approval): ApprovalsState => {
  const next = put(
    { ...state, open: state.open.delete(approval.approvalId), settled: [...state.settled, approval.approvalId] },
    approval,
  );
  if (next.settled.length <= next.settledMax) return next;
  const half = Math.ceil(next.settledMax / 2);
  const leaving = next.settled.slice(0, half);
  return leaving.reduce<ApprovalsState>(
    (left, id) => {
      const decisionId = left.approvals.get(id)?.decisionId;
      const byDecision = decisionId === undefined ? left.byDecision : left.byDecision.delete(decisionId);
      return { ...left, approvals: left.approvals.delete(id), byDecision };
    },
    { ...next, settled: next.settled.slice(half) },
  );
};

const opened = (state: ApprovalsState, requested: Requested, revision: bigint): ApprovalsState => {
  const supersededRevision = state.dueRequests.get(requested.decision_id)?.supersededRevision;
  const approval: Approval = {
    approvalId: requested.approval_id,
    decisionId: requested.decision_id,
    status: 'pending',
    requested,
    filedBy: [],
    justificationLength: requested.justification_length,
    ticket: requested.ticket,
    filedRevision: null,
    votes: PersistentMap.empty,
    useBy: null,
    token: null,
    consumption: null,
    uses: null,
    ...(supersededRevision === undefined ? {} : { supersededRevision }),
    revision,
  };
  return put(
    {
      ...state,
      byDecision: state.byDecision.set(requested.decision_id, requested.approval_id),
      open: state.open.set(requested.approval_id, true),
      dueRequests: state.dueRequests.delete(requested.decision_id),
    },
    approval,
  );
};

/** Changes one approval; an entry about one that has left memory changes nothing any more. */
const change = (state: ApprovalsState, id: ApprovalId, to: (approval: Approval) => Approval): ApprovalsState => {
  const approval = state.approvals.get(id);
  return approval === undefined ? state : put(state, to(approval));
};
const end = (state: ApprovalsState, id: ApprovalId, to: (approval: Approval) => Approval): ApprovalsState => {
  const approval = state.approvals.get(id);
  return approval === undefined ? state : settle(state, to(approval));
};

// eslint-disable-next-line complexity, max-lines-per-function -- one case per entry type
const changeBy = (state: ApprovalsState, entry: ApprovalsEntry, revision: bigint): ApprovalsState => {
  switch (entry.type) {
    case 'approval_requested':
      return opened(state, entry.payload, revision);
    case 'approval_request_filed': {
      const { approval_id: id, filed_by, on_behalf_of, justification, justification_length: length } = entry.payload;
      const filers = on_behalf_of === undefined ? [filed_by] : [filed_by, on_behalf_of];
      return change(state, id, (approval) => ({
        ...approval,
        filedBy: [...new Set([...approval.filedBy, ...filers])],
        justificationLength: Math.max(approval.justificationLength, length),
        ticket: entry.payload.ticket ?? approval.ticket,
        filedRevision: justification === null ? approval.filedRevision : revision,
        revision,
      }));
    }
    case 'vote_cast': {
      const { approval_id: id, stage_id, voter, vote } = entry.payload;
      const ballot: Ballot = { vote, stages: entry.payload.stages ?? [stage_id] };
      return change(state, id, (approval) => ({
        ...approval,
        votes: approval.votes.set(voter, ballot),
        revision,
      }));
    }
    case 'approval_granted':
      return change(state, entry.payload.approval_id, (approval) => ({
        ...approval,
        status: 'granted',
        useBy: entry.payload.use_by,
        revision,
      }));
    case 'approval_denied':
      return end(state, entry.payload.approval_id, (approval) => ({ ...approval, status: 'denied', revision }));
    case 'approval_expired':
      return end(state, entry.payload.approval_id, (approval) => ({ ...approval, status: 'expired', revision }));
    case 'approval_withdrawn':
      return end(state, entry.payload.approval_id, (approval) => ({ ...approval, status: 'withdrawn', revision }));
    case 'grant_used_up':
      return end(state, entry.payload.approval_id, (approval) => ({ ...approval, status: 'consumed', revision }));
    case 'token_issued': {
      const { approval_id: id, jti, token_sha256: tokenSha256, expires_at: expiresAt } = entry.payload;
      return change(state, id, (approval) => ({
        ...approval,
        token: { jti, tokenSha256, expiresAt, issuedCount: (approval.token?.issuedCount ?? 0) + 1 },
        revision,
      }));
    }
    case 'token_consumed': {
      const { approval_id, idempotency } = entry.payload;
      return end(state, approval_id, (approval) => ({
        ...approval,
        status: 'consumed',
        consumption: { idempotency, revision },
        revision,
      }));
    }
    case 'token_refused':
      return state;
    default:
      return assertNever(entry);
  }
};

const evolveOwn = (state: ApprovalsState, entry: ApprovalsEntry, revision: bigint): ApprovalsState => {
  const changed = changeBy(state, entry, revision);
  const answered = approvalsAnswerOf(entry);
  if (answered === undefined) return changed;
  return { ...changed, answers: withKeyAnswer(changed.answers, answered, revision) };
};

/** A later request that used a grant: the gate alone writes uses, so no two of them share the last. */
const useGrant = (state: ApprovalsState, recorded: DecisionRecorded, revision: bigint): ApprovalsState => {
  const use = recorded.grant_use ?? null;
  if (use === null) return state;
  const uses: GrantUses = { count: use.use, lastUse: recorded.decision_id, revision, isUsedUp: use.is_last };
  return change(state, use.approval_id, (approval) => ({ ...approval, uses }));
};

/** Whether its request is open, or has yet to be opened. */
const supersede = (state: ApprovalsState, id: DecisionId, supersededRevision: bigint): ApprovalsState => {
  const due = state.dueRequests.get(id);
  if (due !== undefined) return { ...state, dueRequests: state.dueRequests.set(id, { ...due, supersededRevision }) };
  const approvalId = state.byDecision.get(id);
  return approvalId === undefined
    ? state
    : change(state, approvalId, (approval) => ({ ...approval, supersededRevision }));
};

/** A decision that needs an approval falls due until its request is opened; a lapsed hold takes the need away. */
const foldDecisions = (state: ApprovalsState, entry: DecisionsEntry, revision: bigint): ApprovalsState => {
  switch (entry.type) {
    case 'decision_recorded': {
      const { approval, decision_id: id } = entry.payload;
      const next = useGrant(state, entry.payload, revision);
      if (approval === null || next.byDecision.has(id)) return next;
      return { ...next, dueRequests: next.dueRequests.set(id, { recorded: entry.payload, revision }) };
    }
    case 'hold_voided':
      return entry.payload.cause === 'superseded' ? supersede(state, entry.payload.decision_id, revision) : state;
    case 'hold_reduced':
    case 'decision_reanswered':
    case 'hold_expired':
      return state;
    default:
      return assertNever(entry);
  }
};

export type ApprovalsObserved =
  | { readonly journal: 'approvals'; readonly entry: ApprovalsEntry; readonly revision: bigint }
  | { readonly journal: 'decisions'; readonly entry: DecisionsEntry; readonly revision: bigint };

/** Folds one entry of the service's own journal or of the gate's. */
export const evolveApprovals = (state: ApprovalsState, seen: ApprovalsObserved): ApprovalsState =>
  seen.journal === 'approvals'
    ? evolveOwn(state, seen.entry, seen.revision)
    : foldDecisions(state, seen.entry, seen.revision);
