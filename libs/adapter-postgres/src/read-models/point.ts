import type { ReadPoint } from '@verdict/application';
import type { DataSource } from 'typeorm';

/** Where the tables are. */
export interface Tables {
  readonly source: DataSource;
  readonly schema: string;
}

const END = 2n ** 63n - 1n;
/** Beyond whatever the read models have. */
export const NOW: ReadPoint = { policy: END, decisions: END, approvals: END, reservations: END };

export const AT_DECISIONS = 'CAST(:atDecisions AS bigint)';
export const AT_APPROVALS = 'CAST(:atApprovals AS bigint)';
export const AT_RESERVATIONS = 'CAST(:atReservations AS bigint)';

/** Values for the parameters above. */
export const atPoint = ({ decisions, approvals, reservations }: ReadPoint): Readonly<Record<string, string>> => ({
  atDecisions: decisions.toString(),
  atApprovals: approvals.toString(),
  atReservations: reservations.toString(),
});
