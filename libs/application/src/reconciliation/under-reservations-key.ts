import { type Operation, type ReservationsState } from '@verdict/domain';
import type { EntryLog, RecordedEntry } from '../journals/entry-log.js';
import { journalName } from '../journals/kinds.js';
import type { CommandContext, LaneOutcome } from '../journals/service-definition.js';
import type { RequestMeta } from '../shared/request.js';
import { type AskedKey, executeUnderKey, type KeyLookUpDeps, lookUpKey } from '../shared/under-key.js';
import type { ReconciliationAnswer, ReconciliationCommand, ReconciliationHost } from './reconciliation-service.js';

export interface KeyedReconciliationDeps extends KeyLookUpDeps {
  readonly reconciliation: ReconciliationHost;
  readonly log: EntryLog;
}

export const reservationsKeyOf = (scope: Operation, { key, caller: { tenantId } }: RequestMeta): AskedKey => ({
  tenantId,
  kind: 'reservations',
  scope,
  key,
});

const SCOPES = {
  reconcile: 'reconcile',
  sweep_overdue: 'sweep',
  finish_sweep: 'sweep',
  import_costs: 'import',
  resolve_exception: 'resolve',
} as const satisfies Record<ReconciliationCommand['kind'], Operation>;

/** Puts a command to the reconciliation service, with what its key was answered by entries that have left memory. */
export const executeUnderReservationsKey = (
  deps: KeyedReconciliationDeps,
  command: ReconciliationCommand,
  meta: RequestMeta,
  context: CommandContext,
): Promise<LaneOutcome<ReconciliationAnswer>> => {
  const { tenantId } = meta.caller;
  const key = reservationsKeyOf(SCOPES[command.kind], meta);
  const answers = async (): Promise<ReservationsState['answers']> =>
    (await deps.reconciliation.current(tenantId)).state.answers;
  return executeUnderKey(
    async () => lookUpKey(deps, key, await answers()),
    (lookedUp) => deps.reconciliation.execute(tenantId, { ...command, lookedUp }, context),
  );
};

/** An entry of the reservations journal that the state or the read models name. */
export const reservationsEntryAt = async (
  { log }: Pick<KeyedReconciliationDeps, 'log'>,
  tenantId: string,
  revision: bigint,
): Promise<RecordedEntry> => {
  for await (const entry of log.read(journalName('reservations', tenantId), revision, 1)) return entry;
  throw new Error(`reservations@${revision.toString()} was folded and is not in the log`);
};
