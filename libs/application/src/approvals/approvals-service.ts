import {
  type Approval,
  type ApprovalsCommand,
  type ApprovalsRefusal,
  type ApprovalsState,
  type ConsumeToken,
  decideApprovals,
  decideConsume,
  decisionIdOf,
  evolveApprovals,
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

/** When the clock ends it; undefined for what no clock ends. */
const limitOf = ({ status, useBy, uses, requested }: Approval): Instant | undefined => {
  if (uses?.isUsedUp === true) return undefined;
  return status === 'granted' ? (useBy ?? undefined) : requested.approve_by;
};

/** Whether the clock ends something now. */
const hasExpired = (state: ApprovalsState, now: string): boolean => {
  for (const [id] of state.open) {
    const approval = state.approvals.get(id);
    const limit = approval === undefined ? undefined : limitOf(approval);
    if (limit !== undefined && now >= limit) return true;
  }
  return false;
};

/** What ends an open one by what the gate has written: its last use, or a later decision that took over its hold. */
const closingOf = (approval: Approval | undefined, now: Instant): readonly Reaction<ApprovalsServiceCommand>[] => {
  if (approval === undefined) return [];
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
  const closing = [...state.open.keys()].flatMap((id) => closingOf(state.approvals.get(id), now));
  const due = [...closing, ...opening];
  return hasExpired(state, now) ? [{ command: { kind: 'pass_time', now }, cause: null }, ...due] : due;
};

/** The approvals service: opens what decisions ask for, takes votes, issues and consumes tokens, expires what is late. */
export const approvalsService: ServiceDefinition<ApprovalsState, ApprovalsServiceCommand, ApprovalsAnswer> = {
  name: 'approvals',
  own: ['approvals'],
  kinds: ['decisions', 'approvals'],
  initial: noApprovals,
  stateVersion: 7,
  journalOf: () => 'approvals',
  decide,
  evolve: (state, kind, entry) => {
    const seen = observedEntry(kind, entry);
    return seen.journal === 'decisions' || seen.journal === 'approvals' ? evolveApprovals(state, seen) : state;
  },
  reactions,
};
