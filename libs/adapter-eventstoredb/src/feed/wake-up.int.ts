import { describe, expect, it } from '@jest/globals';
import type { Journals, Revision } from '@verdict/application';
import { batchAfter, freshJournal } from '@verdict/testkit';
import { eventually, withServer } from '../testing/with-server.js';

const FAR_MS = 600_000;

/** Appends one entry after another to a journal; `head` is what the subscriber was told last. */
const follow = async (journals: Journals) => {
  const journal = freshJournal();
  let head: Revision = -1n;
  let written: Revision = -1n;
  await journals.subscribe((name, revision) => {
    if (name === journal) head = revision;
  });
  const write = async (): Promise<void> => {
    await journals.append(journal, written, batchAfter(journal, written, ['x']));
    written += 1n;
  };
  const told = (): Promise<void> => eventually(`a notice of revision ${String(written)}`, () => head === written);
  await write();
  await told();
  return { write, told, journal };
};

describe('A subscriber', () => {
  const store = withServer();

  it('is told by the subscription, long before the next poll', async () => {
    const { journals } = await store.open({ pollMs: FAR_MS });
    const { write, told } = await follow(journals);
    for (let round = 0; round < 3; round += 1) {
      await write();
      await told();
    }
  });

  it('is told by the poll what the subscription leaves out', async () => {
    const { journals } = await store.open({ pollMs: 50, watchdogMs: FAR_MS });
    const { write, told, journal } = await follow(journals);
    store.faults.arm('all_gap', { stream: journal });
    await write();
    await told();
    expect(store.faults.count('all_gap')).toBe(1);
  });

  it('is told by the poll of a journal that another process has begun', async () => {
    const { journals } = await store.open({ pollMs: 50, watchdogMs: FAR_MS });
    await follow(journals);
    store.faults.arm('silent_subscription');
    let head: Revision = -1n;
    const begun = freshJournal();
    await journals.subscribe((name, revision) => {
      if (name === begun) head = revision;
    });
    const { journals: other } = await store.open();
    await other.append(begun, -1n, batchAfter(begun, -1n, ['a', 'b']));
    await eventually('a notice of the new journal', () => head === 1n);
  });

  it('gets a new subscription when the old one is silent while journals move', async () => {
    const { journals, told: observed } = await store.open({ pollMs: 50, watchdogMs: 200 });
    const { write, told } = await follow(journals);
    store.faults.arm('silent_subscription');
    expect(store.faults.count('silent_subscription')).toBe(1);
    await write();
    await told();
    await eventually('the watchdog', () => observed.feedLosses.some((reason) => reason.includes('silent')));
    await write();
    await told();
  });

  it('keeps a subscription that is silent because nothing moves', async () => {
    const { journals: writer } = await store.open();
    const journal = freshJournal();
    await writer.append(journal, -1n, batchAfter(journal, -1n, ['a']));
    const { journals, told: observed } = await store.open({ pollMs: 5, watchdogMs: 20 });
    let head: Revision = -1n;
    await journals.subscribe((_, revision) => (head = revision));
    await eventually('the first round', () => head === 0n);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(observed.feedLosses).toEqual([]);
  });

  it('gets a new subscription when the store has ended the old one, and misses nothing in between', async () => {
    const { journals, told: observed } = await store.open({ pollMs: FAR_MS });
    const { write, told } = await follow(journals);
    for (let round = 1; round <= 3; round += 1) {
      store.faults.arm('drop_subscription');
      await write();
      await told();
      await eventually('the loss to be noticed', () => observed.feedLosses.length === round);
      await write();
      await told();
    }
  });

  it('misses nothing when a checkpoint runs ahead of its events and the subscription breaks there', async () => {
    const { journals } = await store.open({ pollMs: FAR_MS });
    const { write, told, journal } = await follow(journals);
    for (let round = 0; round < 3; round += 1) {
      store.faults.arm('checkpoint_ahead', { stream: journal });
      // Again and again, since right after a loss no subscription is there to send a checkpoint to.
      await eventually('the early checkpoint', async () => {
        await write();
        return store.faults.count('checkpoint_ahead') === round + 1;
      });
      store.faults.arm('drop_subscription');
      await told();
    }
  });
});
