import {
  type Approval,
  type ApprovalsCommand,
  type ApprovalsRefusal,
  type ApprovalsState,
  closableApprovals,
  type ConsumeToken,
  decideApprovals,
  decideConsume,
  decisionIdOf,
  evolveApprovals,
  hasExpiries,
  type Instant,
  instantOf,
  isSuperseded,
  noApprovals,
} from '@verdict/domain';
import { observedEntry } from '../journals/entries.codec.js';
import type { Decided, Reaction, ServiceDefinition } from '../journals/service-definition.js';

export type ApprovalsServiceCommand = ApprovalsCommand | ConsumeToken;
export type ApprovalsAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly refusal: ApprovalsRefusal }
  | { readonly kind: 'replay'; readonly revision: bigint };

const decide = (command: ApprovalsServiceCommand, state: ApprovalsState): Decided<ApprovalsAnswer> => {
  const result = command.kind === 'consume_token' ? decideConsume(command, state) : decideApprovals(command, state);
  return result.kind === 'accepted'
    ? { entries: result.entries, answer: { kind: 'accepted' } }
    : { entries: [], answer: result };
};

/** What ends an open one by what the gate has written: its last use, or a later decision that took over its hold. */
const closingOf = (approval: Approval, now: Instant): readonly Reaction<ApprovalsServiceCommand>[] => {
  const { approvalId, status, uses, supersededRevision: revision } = approval;
  if (status === 'granted' && uses?.isUsedUp === true)
    return [
      { command: { kind: 'close_grant', approvalId, now }, cause: { kind: 'decisions', revision: uses.revision } },
    ];
  // Nobody is asked to agree to what nobody waits for.
  return revision !== undefined && isSuperseded(approval)
    ? [{ command: { kind: 'close_superseded', approvalId, now }, cause: { kind: 'decisions', revision } }]
    : [];
};

const reactions = (state: ApprovalsState, nowMs: number): readonly Reaction<ApprovalsServiceCommand>[] => {
  const now = instantOf(nowMs);
  const opening = [...state.dueRequests].map(([id, { revision }]): Reaction<ApprovalsServiceCommand> => ({
    command: { kind: 'open_request', decisionId: decisionIdOf(id), now },
    cause: { kind: 'decisions', revision },
  }));
  const closing = closableApprovals(state).flatMap((approval) => closingOf(approval, now));
  const due = [...closing, ...opening];
  return hasExpiries(state, now) ? [{ command: { kind: 'pass_time', now }, cause: null }, ...due] : due;
};

/** The approvals service: opens what decisions ask for, takes votes, issues and consumes tokens, expires what is late. */
export const approvalsService: ServiceDefinition<ApprovalsState, ApprovalsServiceCommand, ApprovalsAnswer> = {
  name: 'approvals',
  own: ['approvals'],
  kinds: ['decisions', 'approvals'],
  initial: noApprovals,
  stateVersion: 8,
  journalOf: () => 'approvals',
  decide,
  evolve: (state, kind, entry) => {
    const seen = observedEntry(kind, entry);
    return seen.journal === 'decisions' || seen.journal === 'approvals' ? evolveApprovals(state, seen) : state;
  },
  reactions,
};
