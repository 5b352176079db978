import type { ApprovalsEntry, DecisionsEntry, PolicyEntry, ReservationsEntry } from '@verdict/domain';

interface Untyped {
  readonly type: string;
  readonly payload: unknown;
}

// The log holds what the deciders of this journal wrote, so its types are theirs; a type from a later release meets the
// `assertNever` of the switch that reads it.
export const decisionsEntry = ({ type, payload }: Untyped): DecisionsEntry => ({ type, payload }) as DecisionsEntry;
export const approvalsEntry = ({ type, payload }: Untyped): ApprovalsEntry => ({ type, payload }) as ApprovalsEntry;
export const reservationsEntry = ({ type, payload }: Untyped): ReservationsEntry =>
  ({ type, payload }) as ReservationsEntry;
export const policyEntry = ({ type, payload }: Untyped): PolicyEntry => ({ type, payload }) as PolicyEntry;
