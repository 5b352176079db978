import {
  type EarlierAnswer,
  earlierKeyAnswer,
  type KeyAnswers,
  type LookedUpAnswer,
  type ScopedKey,
} from '../shared/key-answers.js';
import { assertNever, type Keyed } from '../shared/entry.js';
import type { ApprovalsEntry } from './approvals.entries.js';

const voteOf = (voter: string): string => `vote:${voter}`;
const SCOPES = {
  file_request: 'file',
  withdraw: 'withdraw',
  reissue_token: 'reissue',
  consume_token: 'consume',
} as const;

/** What the commands over `approvals-<tenant>` that take a key have in common. */
export interface KeyedApprovalsCommand {
  readonly kind: keyof typeof SCOPES | 'cast_vote';
  readonly caller: { readonly subject: string };
  readonly idempotency: Keyed;
  readonly lookedUp?: LookedUpAnswer;
}

/** The key space of a command; votes are each voter's own. */
export const approvalsScopeOf = (command: Pick<KeyedApprovalsCommand, 'kind' | 'caller'>): string =>
  command.kind === 'cast_vote' ? voteOf(command.caller.subject) : SCOPES[command.kind];

const scoped = (scope: string, keyed: ScopedKey['keyed'] | undefined): ScopedKey | undefined =>
  keyed === undefined ? undefined : { scope, keyed };

/**
 * The command that an entry answers, by its key space and key. State remembers by it, and the read models find by it, so
 * both mean the same.
 *
 * @returns undefined for entries that answer nobody, or are more of another's answer.
 */
// eslint-disable-next-line complexity -- one case per entry type
export const approvalsAnswerOf = (entry: ApprovalsEntry): ScopedKey | undefined => {
  switch (entry.type) {
    case 'approval_request_filed':
      return { scope: SCOPES.file_request, keyed: entry.payload.idempotency };
    case 'vote_cast':
      return { scope: voteOf(entry.payload.voter), keyed: entry.payload.idempotency };
    case 'approval_withdrawn':
      return scoped(SCOPES.withdraw, entry.payload.idempotency);
    case 'token_issued':
      return scoped(SCOPES.reissue_token, entry.payload.idempotency);
    case 'token_consumed':
      return { scope: SCOPES.consume_token, keyed: entry.payload.idempotency };
    case 'approval_requested':
    case 'approval_granted':
    case 'approval_denied':
    case 'approval_expired':
    case 'grant_used_up':
    case 'token_refused':
      return undefined;
    default:
      return assertNever(entry);
  }
};

/** What the key of a command was answered before; undefined: it is new, or there is none. */
export const earlierOf = (command: KeyedApprovalsCommand, answers: KeyAnswers): EarlierAnswer | undefined =>
  earlierKeyAnswer(answers, { scope: approvalsScopeOf(command), keyed: command.idempotency }, command.lookedUp);
