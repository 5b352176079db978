import { describe, expect, it } from '@jest/globals';
import { PastStates } from '@verdict/application';
import { ServiceWorld, valueOf } from '../support/service-world.js';

const ACME = { tenantId: 'acme', projects: null };
const FIRST = { limit: 1, cursor: undefined };
const goOn = (cursor: string | null) => ({ limit: 50, cursor: cursor ?? 'none' });

/** A tenant with three budgets that are charged, and the first page of the list of them. */
const walking = async () => {
  const world = await new ServiceWorld().start();
  for (const scope of ['tenant', 'project:web', 'project:api'] as const) await world.budget('1000', scope);
  valueOf(await world.ask('100'));
  const whole = valueOf(await world.budgets.list(ACME, { limit: 50, cursor: undefined }));
  const first = valueOf(await world.budgets.list(ACME, FIRST));
  return { world, whole, first };
};

const another = ({ journals, clock }: ServiceWorld) =>
  new ServiceWorld({ store: journals.store, clock, idsFrom: 10_000 }).start();

describe('a walk over a list that is folded', () => {
  it('shows what its first page saw: money, terms and time of then, though all of it has moved since', async () => {
    const { world, whole, first } = await walking();
    valueOf(await world.ask('250'));
    await world.budget('7', 'project:later');
    world.clock.advance(3_600_000);
    const rest = valueOf(await world.budgets.list(ACME, goOn(first.nextCursor)));
    expect([...first.items, ...rest.items]).toEqual(whole.items);
    expect(rest.asOf).toEqual(first.asOf);
    const now = valueOf(await world.budgets.list(ACME, { limit: 50, cursor: undefined }));
    expect(now.items).toHaveLength(4);
    expect(now.items.slice(1)).not.toEqual(whole.items);
    await world.stop();
  });

  it('goes on the same in a process that never saw its first page', async () => {
    const { world, whole, first } = await walking();
    valueOf(await world.ask('250'));
    const other = await another(world);
    const rest = valueOf(await other.budgets.list(ACME, goOn(first.nextCursor)));
    expect([...first.items, ...rest.items]).toEqual(whole.items);
    await other.stop();
    await world.stop();
  });

  it('shows the queue of its first page too, though somebody has decided meanwhile', async () => {
    const world = await new ServiceWorld().start();
    for (const name of ['a', 'b', 'c']) valueOf(await world.ask('125.5', { resourceReference: name }));
    await world.settle();
    const meta = world.meta('lead-1');
    const whole = valueOf(await world.manage.queue(meta, { limit: 50, cursor: undefined })).approvals;
    const first = valueOf(await world.manage.queue(meta, FIRST));
    const last = whole.at(-1)?.approvalId ?? ('' as never);
    const vote = { approvalId: last, vote: 'deny', stageId: null, notes: null, ticket: null } as const;
    valueOf(await world.manage.vote(vote, world.meta('lead-2')));
    const rest = valueOf(await world.manage.queue(meta, goOn(first.nextCursor)));
    expect(whole).toHaveLength(3);
    expect([...first.approvals, ...rest.approvals]).toEqual(whole);
    expect(rest.asOf).toEqual(first.asOf);
    await world.stop();
  });

  it('does not go on at a point where the journals have never been', async () => {
    const { world, first } = await walking();
    const text = Buffer.from(first.nextCursor ?? '', 'base64url').toString();
    const parts = text.split('\n');
    for (const at of [2, 3]) {
      const forged = parts.map((part, index) => (index === at ? '99' : part)).join('\n');
      const answer = await world.budgets.list(ACME, goOn(Buffer.from(forged).toString('base64url')));
      expect(answer).toMatchObject({ kind: 'problem', problem: { code: 'cursor_invalid' } });
    }
    await world.stop();
  });
});

describe('states that are kept for walks', () => {
  const at = (revision: bigint) => ({ policy: revision, decisions: -1n, approvals: -1n, reservations: -1n });
  const counted = () => {
    const folds: string[] = [];
    const past = new PastStates<string>((tenantId, folded) => {
      folds.push(`${tenantId} ${String(folded.policy)}`);
      return Promise.resolve(folded.policy < 0n ? undefined : `folded ${String(folded.policy)}`);
    });
    return { past, folds };
  };

  it('are at most 20 of a tenant, the newest, and those of another tenant do not count', async () => {
    const { past, folds } = counted();
    past.keep('other', { state: 'kept', folded: at(0n) });
    for (let revision = 0n; revision <= 20n; revision += 1n) past.keep('acme', { state: 'kept', folded: at(revision) });
    expect(await past.at('acme', at(20n))).toBe('kept');
    expect(await past.at('acme', at(1n))).toBe('kept');
    expect(await past.at('other', at(0n))).toBe('kept');
    expect(await past.at('acme', at(0n))).toBe('folded 0');
    expect(folds).toEqual(['acme 0']);
  });

  it('are of at most 1,000 tenants, and are folded once for all who ask', async () => {
    const { past, folds } = counted();
    for (let index = 0; index <= 1_000; index += 1) past.keep(`t${String(index)}`, { state: 'kept', folded: at(0n) });
    expect(await Promise.all([past.at('t0', at(0n)), past.at('t0', at(0n))])).toEqual(['folded 0', 'folded 0']);
    expect(await past.at('t1000', at(0n))).toBe('kept');
    expect(folds).toEqual(['t0 0']);
  });

  it('are not kept where there is none', async () => {
    const { past, folds } = counted();
    for (const _ of [1, 2]) expect(await past.at('acme', at(-2n))).toBeUndefined();
    expect(folds).toHaveLength(2);
  });
});
