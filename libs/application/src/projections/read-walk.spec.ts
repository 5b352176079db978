import { describe, expect, it } from '@jest/globals';
import { LogUnreadable } from '../ports/journals.js';
import type { PageAt, ReadPoint } from '../ports/read-models.js';
import { type ReadList, readWalk, type ReadWalkDeps } from './read-walk.js';

const at = (decisions: bigint, reservations = -1n): ReadPoint => ({
  policy: -1n,
  decisions,
  approvals: -1n,
  reservations,
});
const START = { limit: 2, cursor: undefined };

/** Read models whose marks, log and clock a test moves, and a list of the revisions that are there. */
const walking = (marks: ReadPoint) => {
  const asked: PageAt[] = [];
  const waited: string[] = [];
  const world = { marks, heads: marks, nowMs: Date.UTC(2026, 10, 28), isLogAway: false, onWait: () => undefined };
  const kindOf = (journal: string) => journal.slice(0, journal.indexOf('-')) as keyof ReadPoint;
  const deps = {
    readModels: { highWater: () => Promise.resolve(world.marks) },
    log: {
      heads: (journals: readonly string[]) =>
        world.isLogAway
          ? Promise.reject(new LogUnreadable('away'))
          : Promise.resolve(journals.map((journal) => world.heads[kindOf(journal)])),
    },
    barrier: {
      waitFor: (tenantId: string, kind: string, revision: bigint) => {
        waited.push(`${tenantId} ${kind}@${revision.toString()}`);
        world.onWait();
        return Promise.resolve(true);
      },
    },
    clock: { nowMs: () => world.nowMs },
  } as unknown as ReadWalkDeps;
  const list = (terms: Partial<ReadList<bigint>> = {}): ReadList<bigint> => ({
    ...{ name: 'decisions', tenantId: 'acme', filter: { projectId: 'web' }, kinds: ['decisions', 'reservations'] },
    page: (page) => {
      asked.push(page);
      const all = Array.from({ length: Number(page.point.decisions) + 1 }, (_, index) => BigInt(index)).reverse();
      const rest = all.filter((revision) => page.after === undefined || revision < page.after);
      const rows = rest.slice(0, page.limit);
      return Promise.resolve({ rows, last: rest.length > page.limit ? rows.at(-1) : undefined });
    },
    ...terms,
  });
  const first = async (of = list()) => {
    const page = await readWalk(deps, of, START);
    if (page.kind !== 'done') throw new Error(page.problem.code);
    return page.value;
  };
  const goOn = (cursor: string | null, of = list()) => readWalk(deps, of, { limit: 2, cursor: cursor ?? 'none' });
  return { world, asked, waited, list, first, goOn };
};

const reading = (cursor: string | null): string => Buffer.from(cursor ?? '', 'base64url').toString();
const written = (text: string): string => Buffer.from(text).toString('base64url');

describe('a walk over a list of the read models', () => {
  it('asks for every page at the point and the instant of its first one, behind the row before', async () => {
    const { world, asked, first, goOn } = walking(at(4n, 7n));
    const page = await first();
    expect(page).toMatchObject({ rows: [4n, 3n], asOf: { decisions: 4, reservations: 7 } });
    world.marks = at(9n, 9n);
    world.nowMs += 60_000;
    const second = await goOn(page.nextCursor);
    expect(second).toMatchObject({ kind: 'done', value: { rows: [2n, 1n], asOf: page.asOf, now: page.now } });
    const third = await goOn(second.kind === 'done' ? second.value.nextCursor : null);
    expect(third).toMatchObject({ kind: 'done', value: { rows: [0n], nextCursor: null, asOf: page.asOf } });
    expect(asked.map(({ after }) => after)).toEqual([undefined, 3n, 1n]);
    expect(asked.map(({ point }) => point)).toEqual([at(4n, 7n), at(4n, 7n), at(4n, 7n)]);
  });

  it('does not go on with a cursor of another tenant, list or filter, or of nobody', async () => {
    const { asked, list, first, goOn } = walking(at(4n));
    const { nextCursor } = await first();
    for (const other of [
      list({ tenantId: 'other' }),
      list({ name: 'active_reservations' }),
      list({ filter: {} }),
      list({ filter: { projectId: ['web'] } }),
      list({ filter: { projectId: 'web', decision: 'DENY' } }),
      list({ filter: { source: 'web' } }),
    ])
      expect(await goOn(nextCursor, other)).toMatchObject({ problem: { code: 'cursor_invalid' } });
    for (const made of [
      '',
      'x',
      '!!!',
      '%00',
      written('1\n2'),
      `${nextCursor ?? ''}AA`,
      nextCursor?.slice(0, -1) ?? '',
    ])
      expect(await goOn(made)).toMatchObject({ problem: { code: 'cursor_invalid' } });
    expect(await goOn(nextCursor, list({ filter: { projectId: 'web', decision: undefined } }))).toMatchObject({
      kind: 'done',
    });
    expect(asked).toHaveLength(2);
  });

  it('does not go on behind a row that the point has not, nor at a point that the log never had', async () => {
    const { goOn, first, waited } = walking(at(4n, 7n));
    const [binding, now] = reading((await first()).nextCursor).split('\n');
    const made = (decisions: string, reservations: string, ...place: readonly string[]) =>
      goOn(written([binding, now, '-1', decisions, '-1', reservations, ...place].join('\n')));
    expect(await made('4', '7', '4')).toMatchObject({ kind: 'done' });
    expect(await made('3', '-1', '1')).toMatchObject({ kind: 'done' });
    for (const wrong of [
      made('4', '7', '5'),
      made('4', '7', '-1'),
      made('4', '7', '1', '1'),
      made('4', '7'),
      made('5', '7', '1'),
      made('4', '8', '1'),
      made('999999999999999999', '7', '1'),
      made('-2', '7', '1'),
    ])
      expect(await wrong).toMatchObject({ problem: { code: 'cursor_invalid' } });
    expect(waited).toEqual([]);
  });

  it('waits until the read models have its point, where they are behind it', async () => {
    const { world, waited, first, goOn } = walking(at(4n, 7n));
    const { nextCursor } = await first();
    world.marks = at(3n, 7n);
    world.onWait = () => void (world.marks = at(4n, 7n));
    expect(await goOn(nextCursor)).toMatchObject({ kind: 'done', value: { rows: [2n, 1n] } });
    expect(waited).toEqual(['acme decisions@4']);
  });

  it('says that the read models are behind where they do not get there, or where the log cannot tell', async () => {
    const { world, asked, first, goOn } = walking(at(4n, 7n));
    const { nextCursor } = await first();
    world.marks = at(3n, 6n);
    expect(await goOn(nextCursor)).toMatchObject({ problem: { code: 'read_model_behind' } });
    world.isLogAway = true;
    expect(await goOn(nextCursor)).toMatchObject({ problem: { code: 'read_model_behind' } });
    expect(asked).toHaveLength(1);
  });
});
