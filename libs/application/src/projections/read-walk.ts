import { type Instant, instantOf } from '@verdict/domain';
import { nothingWhileAway } from '../journals/outage.js';
import { type JournalKind, journalName } from '../journals/kinds.js';
import type { Platform } from '../ports/platform.js';
import type { PageAt, PageRequest, ReadPage, ReadPoint } from '../ports/read-models.js';
import { done, problemOf, type UseCaseResult } from '../shared/refusal.js';
import { type AsOf, readWalkCursor, walkCursor, type WalkPoint } from '../shared/walk.js';

/** A list of the read models as somebody walks over it. */
export interface ReadList<Row> {
  readonly name: string;
  readonly tenantId: string;
  /** Binds the cursor; undefined: every value. */
  readonly filter: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The journals that its rows are made of; the revisions of the first order them. */
  readonly kinds: readonly [JournalKind, ...JournalKind[]];
  readonly page: (at: PageAt) => Promise<ReadPage<Row>>;
}

export interface WalkedPage<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
  readonly asOf: AsOf;
  /** When the walk began: ages are counted up to then. */
  readonly now: Instant;
}

export type ReadWalkDeps = Pick<Platform, 'log' | 'barrier' | 'clock'> & {
  readonly readModels: Pick<Platform['readModels'], 'highWater'>;
};

const WAIT_MS = 2_000;
const PLACE = /^\d{1,18}$/;

const bindingOf = ({ name, tenantId, filter }: ReadList<unknown>): readonly string[] => {
  const filters = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return [tenantId, name, JSON.stringify(filters)];
};

/** Whether the read models have all that the point names: now, within two seconds, or not; or the log never had it. */
const reach = async (
  { readModels, barrier, log }: ReadWalkDeps,
  { tenantId, kinds }: ReadList<unknown>,
  point: ReadPoint,
): Promise<'reached' | 'cursor_invalid' | 'read_model_behind'> => {
  const missing = async (): Promise<readonly JournalKind[]> => {
    const marks = await readModels.highWater(tenantId);
    return kinds.filter((kind) => marks[kind] < point[kind]);
  };
  const behind = await missing();
  if (behind.length === 0) return 'reached';
  const heads = await log.heads(behind.map((kind) => journalName(kind, tenantId))).catch(nothingWhileAway);
  if (behind.some((kind, index) => (heads?.[index] ?? point[kind]) < point[kind])) return 'cursor_invalid';
  await Promise.all(behind.map((kind) => barrier.waitFor(tenantId, kind, point[kind], WAIT_MS)));
  return (await missing()).length === 0 ? 'reached' : 'read_model_behind';
};

interface Going {
  readonly point: WalkPoint;
  readonly after: bigint | undefined;
}

const goOn = async (
  deps: ReadWalkDeps,
  list: ReadList<unknown>,
  cursor: string,
): Promise<Going | 'cursor_invalid' | 'read_model_behind'> => {
  const { point, place: [place = '', ...more] = [] } = readWalkCursor(bindingOf(list), cursor) ?? {};
  if (point === undefined || more.length > 0 || !PLACE.test(place)) return 'cursor_invalid';
  const after = BigInt(place);
  if (after > point.folded[list.kinds[0]]) return 'cursor_invalid';
  const reached = await reach(deps, list, point.folded);
  return reached === 'reached' ? { point, after } : reached;
};

const begin = async ({ readModels, clock }: ReadWalkDeps, { tenantId }: ReadList<unknown>): Promise<Going> => ({
  // Marks first, rows then: what comes in between is beyond the point and not shown.
  point: { folded: await readModels.highWater(tenantId), now: instantOf(clock.nowMs()) },
  after: undefined,
});

/**
 * One page of a walk over a list of the read models. The first page fixes the point, the cursor carries it: each later
 * page shows what one page of everything would have shown then, whatever was written since, in whichever process.
 *
 * Problems: cursor_invalid, also for a point where the journals have not been; read_model_behind.
 * @source contract section 1 (pages)
 */
export const readWalk = async <Row>(
  deps: ReadWalkDeps,
  list: ReadList<Row>,
  { limit, cursor }: PageRequest,
): Promise<UseCaseResult<WalkedPage<Row>>> => {
  const going = cursor === undefined ? await begin(deps, list) : await goOn(deps, list, cursor);
  if (typeof going === 'string') return problemOf(going);
  const { point, after } = going;
  const { rows, last } = await list.page({ limit, point: point.folded, after });
  return done({
    rows,
    nextCursor: last === undefined ? null : walkCursor(bindingOf(list), point, [last.toString()]),
    asOf: Object.fromEntries(list.kinds.map((kind) => [kind, Number(point.folded[kind])])),
    now: point.now,
  });
};
