import type { ApprovalId, DecisionId, Instant, Sha256Hex } from '../shared/brand.js';
import type { Keyed } from '../shared/entry.js';
import type { PersistentMap } from '../shared/persistent-map.js';
import type { ApprovalsEntry } from './approvals.entries.js';
import type { Ballot } from './tally.js';

export type ApprovalStatus = 'pending' | 'granted' | 'denied' | 'expired' | 'withdrawn' | 'consumed';

export interface CurrentToken {
  readonly jti: string;
  readonly tokenSha256: Sha256Hex;
  readonly expiresAt: Instant;
  /** Tokens issued so far; a reissue supersedes the one before. */
  readonly issuedCount: number;
}

/** Uses of a grant: decisions of the gate that name the approval. */
export interface GrantUses {
  readonly count: number;
  readonly lastUse: DecisionId;
  /** Revision of the newest use in the decisions journal. */
  readonly revision: bigint;
  readonly isUsedUp: boolean;
}

export interface Consumption {
  readonly idempotency: Keyed;
  readonly revision: bigint;
}

export type Requested = Extract<ApprovalsEntry, { type: 'approval_requested' }>['payload'];

/** One request for approval with all that a vote or a token needs; the routing and clocks are those it was opened with. */
export interface Approval {
  readonly approvalId: ApprovalId;
  readonly decisionId: DecisionId;
  readonly status: ApprovalStatus;
  readonly requested: Requested;
  /** Everyone who filed or edited the request: they may not vote where duties are separated. */
  readonly filedBy: readonly string[];
  readonly justificationLength: number;
  /** The newest that was given with the request or a filing. */
  readonly ticket: string | null;
  /** Revision of the newest filing that gave a justification; null: the one given with the request stands. */
  readonly filedRevision: bigint | null;
  /** A person's newest vote. */
  readonly votes: PersistentMap<Ballot>;
  readonly useBy: Instant | null;
  readonly token: CurrentToken | null;
  readonly consumption: Consumption | null;
  /** null: not used yet, or used through a token. */
  readonly uses: GrantUses | null;
  /** Where the decisions journal says that a later decision took over the hold; absent: nowhere. */
  readonly supersededRevision?: bigint;
  /** Revision of the newest entry about it. */
  readonly revision: bigint;
}
