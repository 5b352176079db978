import type { Folded } from './fold-in-order.js';
import type { JournalKind } from './kinds.js';
import { decodeState } from './state-codec.js';

interface SnapshotBody {
  readonly folded: Readonly<Record<JournalKind, string>>;
  readonly state: unknown;
}

/** Reads a snapshot of today's state version; the schema version beside it says that this is one. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows whose state it kept
export const readSnapshot = <State>(bytes: Uint8Array): { readonly state: State; readonly folded: Folded } => {
  const { folded, state } = decodeState(bytes) as SnapshotBody;
  const { policy, decisions, approvals, reservations } = folded;
  return {
    state: state as State,
    folded: {
      policy: BigInt(policy),
      decisions: BigInt(decisions),
      approvals: BigInt(approvals),
      reservations: BigInt(reservations),
    },
  };
};
