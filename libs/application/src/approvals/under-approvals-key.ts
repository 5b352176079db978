import { approvalsScopeOf, type KeyedApprovalsCommand } from '@verdict/domain';
import type { LaneOutcome } from '../journals/service-definition.js';
import type { Ids } from '../ports/system.js';
import { contextOf, type RequestMeta } from '../shared/request.js';
import { type AskedKey, executeUnderKey, lookUpKey } from '../shared/under-key.js';
import type { ApprovalsAnswer, ApprovalsServiceCommand } from './approvals-service.js';
import type { FirstAnswerDeps } from './first-answers.js';

export const approvalsKeyOf = (
  command: Parameters<typeof approvalsScopeOf>[0],
  { key, caller: { tenantId } }: RequestMeta,
): AskedKey => ({ tenantId, kind: 'approvals', scope: approvalsScopeOf(command), key });

/** Puts a command to the approvals service, with what its key was answered by entries that have left memory. */
export const executeUnderApprovalsKey = (
  deps: Pick<FirstAnswerDeps, 'approvals' | 'readModels' | 'barrier'> & { readonly ids: Ids },
  command: Extract<ApprovalsServiceCommand, KeyedApprovalsCommand>,
  meta: RequestMeta,
): Promise<LaneOutcome<ApprovalsAnswer>> => {
  const { tenantId } = meta.caller;
  const key = approvalsKeyOf(command, meta);
  return executeUnderKey(
    async () => lookUpKey(deps, key, (await deps.approvals.current(tenantId)).state.answers),
    (lookedUp) => deps.approvals.execute(tenantId, { ...command, lookedUp }, contextOf(meta, deps.ids.uuid())),
  );
};

/** The entry that answered the key before, with this payload or another; undefined: the key is new. */
export const earlierIn = (answer: ApprovalsAnswer): bigint | undefined => {
  if (answer.kind === 'replay') return answer.revision;
  if (answer.kind !== 'refused' || answer.refusal.code !== 'idempotency_conflict') return undefined;
  return answer.refusal.firstRevision;
};
