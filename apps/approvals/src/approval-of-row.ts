import type { ApprovalRow } from '@verdict/application';
import { type Approval, decisionIdOf, instantOf, PersistentMap, routeOf, stagesOf } from '@verdict/domain';

/** An approval as its row has it, with the terms of its request. Nothing that a list shows is missing. */
export const approvalOf = (row: ApprovalRow, requested: Approval['requested']): Approval => {
  const all = stagesOf(routeOf(requested.terms)).map(({ id }) => id);
  const votes = row.approvedBy.map((subject, index) => {
    const stages = row.approvedStages[index] ?? [];
    return [subject, { vote: 'approve' as const, stages: stages.length === 0 ? all : stages }] as const;
  });
  const { lastUse } = row;
  return {
    approvalId: requested.approval_id,
    decisionId: requested.decision_id,
    status: row.status,
    requested,
    filedBy: row.excludedVoters,
    justificationLength: requested.justification_length,
    ticket: row.ticket,
    filedRevision: row.filedRevision,
    votes: PersistentMap.from(votes),
    useBy: row.useBy === null ? null : instantOf(Date.parse(row.useBy)),
    token: null,
    consumption: null,
    uses:
      lastUse === null
        ? null
        : {
            count: lastUse.use,
            lastUse: decisionIdOf(lastUse.decisionId),
            revision: lastUse.revision,
            isUsedUp: lastUse.isLast,
          },
    revision: row.revision,
  };
};
