import type {
  Approval,
  ApprovalsEntry,
  CanonicalJson,
  ConsumeCode,
  DecisionRecorded,
  DecisionsEntry,
  GateObserved,
  Json,
  PolicyDocument,
  PolicyEntry,
  ReservationsEntry,
} from '@verdict/domain';
import type { JournalKind } from './kinds.js';

// The log holds what the deciders of each journal wrote, so its types are theirs; a type of a later release meets the
// `assertNever` of the switch that reads it. These casts are the whole codec, see ADR 2.
interface Untyped {
  readonly type: string;
  readonly payload: unknown;
}
type PayloadOf<Union extends Untyped, Type extends Union['type']> = Extract<Union, { type: Type }>['payload'];

/** Tags an entry with the journal it came from, for folds that observe several. */
export const observedEntry = (kind: JournalKind, seen: Untyped & { readonly revision: bigint }): GateObserved => {
  const { revision } = seen;
  switch (kind) {
    case 'policy':
      return { journal: 'policy', entry: seen as Untyped as PolicyEntry, revision };
    case 'decisions':
      return { journal: 'decisions', entry: seen as Untyped as DecisionsEntry, revision };
    case 'approvals':
      return { journal: 'approvals', entry: seen as Untyped as ApprovalsEntry, revision };
    case 'reservations':
      return { journal: 'reservations', entry: seen as Untyped as ReservationsEntry, revision };
  }
};

/** What an entry holds is the ledger's JSON, whatever interface describes it. */
export const asLedgerJson = (value: object): Json => value as Json;

export const recordedDecision = ({ payload }: { readonly payload: unknown }): DecisionRecorded =>
  payload as DecisionRecorded;
export const requestedApproval = ({ payload }: { readonly payload: unknown }): Approval['requested'] =>
  payload as Approval['requested'];
export const filedRequest = ({
  payload,
}: {
  readonly payload: unknown;
}): PayloadOf<ApprovalsEntry, 'approval_request_filed'> =>
  payload as PayloadOf<ApprovalsEntry, 'approval_request_filed'>;
export const consumedToken = ({
  payload,
}: {
  readonly payload: unknown;
}): PayloadOf<ApprovalsEntry, 'token_consumed'> => payload as PayloadOf<ApprovalsEntry, 'token_consumed'>;
/** Of an entry that this release has written: readers of older ones may meet codes that are no more. */
export const refusedCode = ({ payload }: { readonly payload: unknown }): ConsumeCode =>
  (payload as PayloadOf<ApprovalsEntry, 'token_refused'>).code as ConsumeCode;
/** What an entry of a journal says, for those who know its type. */
export const policyEntryOf = (entry: Untyped): PolicyEntry => entry as PolicyEntry;
/** The text of a policy as it was published, which may lack members that today's texts have. */
export const publishedDocument = ({ payload }: { readonly payload: unknown }): PolicyDocument =>
  (payload as { readonly document: PolicyDocument }).document;
export const decisionsEntryOf = (entry: Untyped): DecisionsEntry => entry as DecisionsEntry;
export const approvalsEntryOf = (entry: Untyped): ApprovalsEntry => entry as ApprovalsEntry;
export const reservationsEntryOf = (entry: Untyped): ReservationsEntry => entry as ReservationsEntry;

/** Payloads and policy texts hold JSON only; the compiler cannot see that through interfaces. */
export const asJson = (value: unknown): Json => value as Json;
export const asCanonical = (value: unknown): CanonicalJson => value as CanonicalJson;
