import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryJournals } from '@verdict/adapter-memory';
import type { RecordedEntry } from '@verdict/application';
import { replayed, sourceOf } from '../support/replay-journals.js';
import { changeOf, MONEY_ONLY, ServiceWorld, valueOf } from '../support/service-world.js';

let world: ServiceWorld;
beforeEach(async () => {
  world = await new ServiceWorld().start();
  await world.policy(MONEY_ONLY);
  await world.budget('1000');
});
afterEach(() => world.stop());

/** Members of a batch that was decided, as they lie in the journal. */
const decided = async (amounts: readonly string[], isAtomic: boolean): Promise<readonly RecordedEntry[]> =>
  valueOf(await world.askMany(amounts, { isAtomic })).map((member) => valueOf(member).entry);

/** 400, then 500, then what no longer fits: each is decided on what the ones before it would have held. */
const AMOUNTS = ['400', '500', '200'];
const BATCHES = [
  ['an atomic batch that was rolled back', true],
  ['a batch that was not', false],
] as const;

describe.each(BATCHES)('%s', (_name, isAtomic) => {
  it('is derived again from its middle on, on the state that its earlier members made', async () => {
    const entries = await decided(AMOUNTS, isAtomic);
    expect(entries).toHaveLength(3);
    const source = sourceOf(new MemoryJournals({ store: world.journals.store }), 'acme');
    for (const { revision: from } of entries)
      for (const { revision: to } of entries.filter(({ revision }) => revision >= from))
        expect(await replayed(source, { from, to })).toMatchObject({
          decisions: Number(to - from) + 1,
          diverging: 0,
          hidden: 0,
        });
  });

  it('is explained member by member, on what its earlier members would have held', async () => {
    const [, , last] = await decided(AMOUNTS, isAtomic);
    if (last === undefined) throw new Error('the batch has three members');
    const { flips } = await world.explain('acme', last);
    expect(flips.find(({ variable }) => variable === 'delta')).toMatchObject({ from: '200.0000', to: '100.0000' });
  });
});

describe('a change that was a member of an atomic batch', () => {
  const asked = { ...changeOf('400'), resourceReference: 'aws_instance.alone' };
  const inBatch = (isAtomic: boolean) =>
    world.decideChanges(
      {
        members: [asked, { ...changeOf('5000'), resourceReference: 'aws_db.large' }].map((request) => ({
          request,
          key: null,
        })),
        isAtomic,
      },
      world.meta('dev-1'),
    );
  const alone = async () => valueOf(await world.decideChange(asked, world.meta('dev-1'))).recorded;

  it('and was rolled back with it is another question when it is asked alone: the batch was all or none', async () => {
    const [member] = valueOf(await inBatch(true));
    expect(valueOf(member!).recorded).toMatchObject({ decision: 'DENY', request: { options: { atomic: true } } });
    expect(await alone()).toMatchObject({ decision: 'ALLOW', request: { options: {} } });
  });

  it('of a batch that was not atomic is the same question', async () => {
    const [member] = valueOf(await inBatch(false));
    expect((await alone()).decision_id).toBe(valueOf(member!).recorded.decision_id);
  });
});
