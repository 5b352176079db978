import { sealEntry } from '@verdict/ledger';
import type { Sealer } from '../ports/system.js';
import type { FreshEntry } from './entry-log.js';
import type { Folded } from './fold-in-order.js';
import type { JournalKind } from './kinds.js';
import { sealPayload } from './seal-payload.js';
import type { CommandContext, DomainEntry } from './service-definition.js';

/** What all entries of one batch share. */
export interface BatchStamp {
  readonly tenantId: string;
  readonly origin: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly recordedAt: string;
  /** How far the other journals of the service were folded when the batch was decided. */
  readonly observed: Readonly<Record<string, number>>;
}

/** How far a service had folded the journals that it does not write to now. */
export const observedFor = (
  writing: JournalKind,
  kinds: readonly JournalKind[],
  folded: Folded,
): BatchStamp['observed'] =>
  Object.fromEntries(
    kinds
      .filter((kind) => kind !== writing)
      .sort()
      .map((kind) => [kind, Number(folded[kind])]),
  );

/**
 * Makes an entry's bytes, once: personal text is sealed first, so that the hash covers the sealed form.
 * @throws EntryTooLarge beyond the ledger's limits.
 */
export const sealFresh = (
  entry: DomainEntry,
  stamp: BatchStamp,
  at: { readonly context: CommandContext; readonly ordinal: number; readonly revision: bigint },
  sealer: Sealer,
): FreshEntry => {
  const { context, ordinal, revision } = at;
  const { tenantId, origin, recordedAt, observed } = stamp;
  const { actor, causes, commandId, correlationId, traceparent } = context;
  const payload = sealPayload(entry.payload, { tenantId, origin, commandId, ordinal }, sealer);
  const { type } = entry;
  const typeV = 1;
  // Written out: spreading costs more than all the hashing on the hot path.
  const { id, storeId, leafHash, bytes } = sealEntry({
    origin,
    revision,
    type,
    typeV,
    commandId,
    ordinal,
    occurredAt: recordedAt,
    recordedAt,
    actor,
    causes,
    observed,
    correlationId,
    traceparent,
    payload,
  });
  return {
    type,
    typeV,
    id,
    storeId,
    leafHash,
    bytes,
    payload,
    commandId,
    traceparent,
    recordedAt,
    actor,
    observed,
    causes,
  };
};
