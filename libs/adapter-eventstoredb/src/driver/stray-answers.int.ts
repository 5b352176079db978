import { describe, expect, it } from '@jest/globals';
import { batchAfter, drain, freshJournal } from '@verdict/testkit';
import { eventually, withServer } from '../testing/with-server.js';

describe('An answer that nobody waits for', () => {
  const store = withServer();

  it('does no harm when the store answers twice: the process lives and the client goes on', async () => {
    const { journals, told } = await store.open();
    const journal = freshJournal();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    store.faults.arm('answer_twice', { stream: journal, times: 3 });
    for (const revision of [0n, 1n, 2n]) {
      const batch = batchAfter(journal, revision, ['b']);
      expect(await journals.append(journal, revision, batch)).toEqual({ kind: 'appended', revision: revision + 1n });
    }
    await eventually('all second answers', () => told.strayAnswers === 3);
    expect(told.reconnects).toEqual([]);
    expect(await journals.append(journal, 3n, batchAfter(journal, 3n, ['c']))).toEqual({
      kind: 'appended',
      revision: 4n,
    });
  });

  it("does no harm when another client's failing call has made the driver forget the append", async () => {
    const [mine, other] = [await store.open({ tryMs: 60_000 }), await store.open()];
    const [journal, beside] = [freshJournal(), freshJournal()];
    await mine.journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    await other.journals.append(beside, -1n, batchAfter(beside, -1n, ['a']));
    store.faults.arm('answer_late', { stream: journal, ms: 4_000 });
    const late = mine.journals.append(journal, 0n, batchAfter(journal, 0n, ['b']));
    await eventually('the append under way', () => store.faults.count('answer_late') === 1);
    store.faults.arm('drop_connection', { stream: beside });
    expect(await other.journals.append(beside, 0n, batchAfter(beside, 0n, ['b']))).toMatchObject({ kind: 'appended' });
    expect(await late).toEqual({ kind: 'appended', revision: 1n });
    expect(mine.told.appends.at(-1)).toMatchObject({ tries: 2 }); // The driver did reject it.
    await eventually('the late answer', () => mine.told.strayAnswers === 1);
    expect(mine.told.reconnects).toEqual([]); // It was not its own call that failed.
    expect(await drain(mine.journals.read(journal, 0n))).toHaveLength(2);
  });

  it('does no harm when it comes after the client was given up', async () => {
    const { journals, told } = await store.open({ tryMs: 200, repeats: 50 });
    const journal = freshJournal();
    await journals.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    store.faults.arm('answer_late', { stream: journal, ms: 400 });
    expect(await journals.append(journal, 0n, batchAfter(journal, 0n, ['b']))).toMatchObject({ kind: 'appended' });
    expect(told.reconnects).toContain('no answer within 200 ms');
    await new Promise((resolve) => setTimeout(resolve, 400)); // The answer goes to a call that is gone.
    expect(await drain(journals.read(journal, 0n))).toHaveLength(2);
  });
});
