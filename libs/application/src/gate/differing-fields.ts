import type { AskForChange, DecisionRecorded } from '@verdict/domain';
import { recordedDecision } from '../journals/entries.codec.js';
import type { EntryLog } from '../journals/entry-log.js';
import { journalName } from '../journals/kinds.js';

const MEMBERS = [
  ['action', '/action'],
  ['resource_reference', '/resource_reference'],
  ['project_id', '/project_id'],
  ['environment_raw', '/environment'],
  ['declared_monthly_delta_usd', '/estimated_monthly_delta_usd'],
  ['declared_hourly_delta_usd', '/estimated_hourly_delta_usd'],
  ['metadata', '/metadata'],
] as const;
const OPTIONS = {
  stage: '/stage',
  workspace_id: '/workspace_id',
  plan_sha256: '/plan_sha256',
  resource_changes_sha256: '/plan',
  infracost_sha256: '/infracost',
  atomic: '/atomic',
} as const;

/** JSON pointers of what a repeated key asks differently from its first request. @source contract section 1 */
export const differingFields = (first: DecisionRecorded, again: AskForChange): readonly string[] => {
  const members = MEMBERS.flatMap(([name, pointer]) => (first.request[name] === again.request[name] ? [] : [pointer]));
  const options = Object.entries(OPTIONS).flatMap(([name, pointer]) =>
    first.request.options[name] === again.request.options[name] ? [] : [pointer],
  );
  return [...members, ...options];
};

/** A decision comes with at most two entries about other holds. */
const ENTRIES_OF_A_MEMBER = 3;

interface AskedAgain {
  readonly items: readonly AskForChange[];
  readonly isAtomic: boolean;
  readonly key: string;
}
type Place = NonNullable<DecisionRecorded['batch']>;

/** What a member asks differently from the one that stood in its place; a member that was answered before says nothing. */
const differingMember = (
  first: DecisionRecorded,
  again: AskForChange | undefined,
  index: number,
): readonly string[] => {
  if (again === undefined) return [];
  const isOtherKey = first.key.text !== again.key.text || first.key.scope !== again.key.scope;
  const fields = [...differingFields(first, again), ...(isOtherKey ? ['/idempotency_key'] : [])];
  const own = fields.filter((field) => field !== OPTIONS.atomic); // Of the batch, not of its members.
  return own.map((field) => `/items/${String(index)}${field}`);
};

const placeAt = async (log: EntryLog, tenantId: string, revision: bigint): Promise<Place | null> => {
  for await (const entry of log.read(journalName('decisions', tenantId), revision, 1))
    return recordedDecision(entry).batch ?? null;
  return null;
};

/** The decisions that were made under the key of a batch: all lie in one append, around the one at `revision`. */
async function* decidedUnder(
  log: EntryLog,
  tenantId: string,
  { key, size, revision }: { readonly key: string; readonly size: number; readonly revision: bigint },
): AsyncGenerator<readonly [number, DecisionRecorded]> {
  const entryCount = size * ENTRIES_OF_A_MEMBER;
  const from = revision - BigInt(entryCount);
  for await (const entry of log.read(journalName('decisions', tenantId), from < 0n ? 0n : from, 2 * entryCount)) {
    if (entry.type !== 'decision_recorded') continue;
    const recorded = recordedDecision(entry);
    if (recorded.batch?.key?.text === key) yield [recorded.batch.index, recorded];
  }
}

/**
 * JSON pointers of what a batch asks differently under a key that answered another one; the whole list of members where no
 * pointer is more exact.
 *
 * @param revision of a decision of the first batch.
 */
export const differingInBatch = async (
  log: EntryLog,
  tenantId: string,
  revision: bigint,
  { items, isAtomic, key }: AskedAgain,
): Promise<readonly string[]> => {
  const place = await placeAt(log, tenantId, revision);
  const fields = place === null || place.atomic === isAtomic ? [] : ['/atomic'];
  if (place?.size !== items.length) return [...fields, '/items'];
  for await (const [index, first] of decidedUnder(log, tenantId, { key, size: place.size, revision }))
    fields.push(...differingMember(first, items[index], index));
  return fields.length === 0 ? ['/items'] : fields;
};
