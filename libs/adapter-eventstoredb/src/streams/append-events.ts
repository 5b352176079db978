import { binaryEvent, NO_STREAM } from '@eventstore/db-client';
import type { AppendResult as StoreResult, EventData, EventStoreDBClient } from '@eventstore/db-client';
import { leafHashOfAny, storeIdOf } from '@verdict/ledger';

export interface ExactAppend {
  readonly stream: string;
  /** Last revision; -1n: the stream is empty. */
  readonly expected: bigint;
  readonly events: readonly EventData[];
}

/**
 * The only way in which this adapter writes. The revision is always exact: only then does the store compare ids with
 * what is stored, for ever; otherwise with a small cache in its memory.
 * @source protocols section 5 rule 1
 */
export const appendEvents = (
  client: EventStoreDBClient,
  { stream, expected, events }: ExactAppend,
): Promise<StoreResult> =>
  client.appendToStream(stream, [...events], {
    expectedRevision: expected < 0n ? NO_STREAM : expected,
    requiresLeader: true,
  });

/** An event whose id follows from its bytes, so that repeating it stores it once. */
export const contentEvent = (type: string, data: Uint8Array): EventData =>
  binaryEvent({ id: storeIdOf(leafHashOfAny(data)), type, data });
