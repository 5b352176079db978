import {
  type AskForChange,
  type AskForChanges,
  type BatchAnswer,
  decideChanges,
  decideChange,
  decideEndHold,
  decideNoteRunStage,
  decideGrantOverage,
  decidePolicy,
  DEFAULT_POLICY,
  emptyGate,
  type EndHold,
  evolveGate,
  type GateRefusal,
  type GateState,
  type GrantOverage,
  answerKey,
  type NoteRunStage,
  decisionIdOf,
  instantOf,
  jcsText,
  type PolicyCommand,
  type PolicyRefusal,
  freeHold,
  sha256Hex,
  type DecisionId,
} from '@verdict/domain';
import { asCanonical, observedEntry } from '../journals/entries.codec.js';
import type { JournalKind } from '../journals/kinds.js';
import type { Decided, Reaction, ServiceDefinition } from '../journals/service-definition.js';

export type GateCommand = AskForChange | AskForChanges | EndHold | NoteRunStage | GrantOverage | PolicyCommand;
export type GateAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly refusal: GateRefusal | PolicyRefusal }
  | { readonly kind: 'batch'; readonly answers: readonly BatchAnswer[] }
  | { readonly kind: 'batch_refused'; readonly refusal: GateRefusal; readonly index: number | null }
  | { readonly kind: 'replay'; readonly revision: bigint; readonly isExpired: boolean };

const DEFAULT_POLICY_SHA256 = sha256Hex(jcsText(asCanonical(DEFAULT_POLICY)));

const freed = (state: GateState, decisionId: DecisionId): GateState => ({
  ...state,
  accounts: freeHold(state.accounts, decisionId),
});

const ACCEPTED: GateAnswer = { kind: 'accepted' };
const noteRunStage = (command: NoteRunStage, state: GateState): Decided<GateAnswer> => {
  const { scope, text } = command.key;
  const result = decideNoteRunStage(command, state.runs, state.answers.has(answerKey(scope, text)));
  return { entries: result.kind === 'accepted' ? result.entries : [], answer: ACCEPTED };
};
// eslint-disable-next-line complexity -- one case per command
const decide = (command: GateCommand, state: GateState): Decided<GateAnswer> => {
  switch (command.kind) {
    case 'ask_for_change': {
      const result = decideChange(command, state, freed);
      if (result.kind === 'reanswered')
        return { entries: result.entries, answer: { kind: 'replay', revision: result.revision, isExpired: false } };
      return result.kind === 'accepted'
        ? { entries: result.entries, answer: ACCEPTED }
        : { entries: [], answer: result };
    }
    case 'ask_for_changes': {
      const result = decideChanges(command, state, freed);
      if (result.kind === 'refused') return { entries: [], answer: { ...result, kind: 'batch_refused' } };
      return { entries: result.entries, answer: { kind: 'batch', answers: result.answers } };
    }
    case 'note_run_stage':
      return noteRunStage(command, state);
    case 'end_hold': {
      const result = decideEndHold(command, state);
      return { entries: result.kind === 'accepted' ? result.entries : [], answer: ACCEPTED };
    }
    case 'grant_overage': {
      const result = decideGrantOverage(command, state);
      return { entries: result.kind === 'accepted' ? result.entries : [], answer: ACCEPTED };
    }
    default: {
      const result = decidePolicy(command, state.policy, state.accounts);
      return result.kind === 'accepted'
        ? { entries: result.entries, answer: ACCEPTED }
        : { entries: [], answer: result };
    }
  }
};

const withoutChallenger = (question: AskForChange): AskForChange => ({ ...question, isChallengerSkipped: true });
/** @source contract section 8.1, "Challenger" */
const hurried = (command: GateCommand): GateCommand => {
  if (command.kind === 'ask_for_change') return withoutChallenger(command);
  return command.kind === 'ask_for_changes' ? { ...command, items: command.items.map(withoutChallenger) } : command;
};

const DECIDING: ReadonlySet<GateCommand['kind']> = new Set([
  'ask_for_change',
  'ask_for_changes',
  'end_hold',
  'note_run_stage',
]);
const journalOf = (command: GateCommand): JournalKind => (DECIDING.has(command.kind) ? 'decisions' : 'policy');

/** What approvals ended or granted and the gate has yet to write down; and the policy that a new tenant begins with. */
const reactions = (state: GateState, nowMs: number): readonly Reaction<GateCommand>[] => {
  const now = instantOf(nowMs);
  const first: readonly Reaction<GateCommand>[] =
    state.policy.versions.length > 0
      ? []
      : [
          {
            command: {
              kind: 'publish_default_policy',
              document: DEFAULT_POLICY,
              documentSha256: DEFAULT_POLICY_SHA256,
              now,
              idempotency: { key: null, payload_hash: DEFAULT_POLICY_SHA256 },
            },
            cause: null,
          },
        ];
  const due = [...state.due].map(([id, reaction]): Reaction<GateCommand> => ({
    command: {
      kind: reaction.kind === 'grant_overage' ? 'grant_overage' : 'end_hold',
      decisionId: decisionIdOf(id),
      now,
    },
    cause: { kind: 'approvals', revision: reaction.revision },
  }));
  return [...first, ...due];
};

/** The gate: writes policy and decisions, folds what approvals and reservations say. */
export const gateService: ServiceDefinition<GateState, GateCommand, GateAnswer> = {
  name: 'gate',
  own: ['policy', 'decisions'],
  kinds: ['policy', 'decisions', 'approvals', 'reservations'],
  initial: emptyGate,
  stateVersion: 10,
  journalOf,
  hurried,
  decide,
  evolve: (state, kind, entry) => evolveGate(state, observedEntry(kind, entry)),
  reactions,
};
