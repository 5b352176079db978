import { describe, expect, it } from '@jest/globals';
import { MemoryJournals, MemoryKeyStore, MemoryStore } from '@verdict/adapter-memory';
import {
  emptyRoot,
  formatVkey,
  Frontier,
  openNote,
  parseCheckpoint,
  rootOf,
  verifyConsistency,
  consistencyProof,
} from '@verdict/ledger';
import { batchAfter, fixedClock } from '@verdict/testkit';
import {
  type AuditObserver,
  type CheckpointStore,
  type NewCheckpoint,
  silentAuditObserver,
  type SignedHead,
} from '../ports/audit.js';
import { CheckpointPublisher } from './checkpoint-publisher.js';

const JOURNAL = 'decisions-acme';

/** A store of checkpoints in memory; a row is as good as its lock, since nothing here runs at the same time. */
class Checkpoints implements CheckpointStore {
  readonly heads = new Map<string, SignedHead>();
  readonly stored: NewCheckpoint[] = [];
  /** Runs between signing and storing. */
  beforeCommit: () => void = () => undefined;

  async signedHeads(journals: readonly string[]) {
    return journals.map((journal) => this.head(journal));
  }
  async signNext(journals: readonly string[], sign: Parameters<CheckpointStore['signNext']>[1]) {
    const signings = await sign(new Map(journals.map((journal) => [journal, this.head(journal)])));
    this.beforeCommit();
    for (const signing of signings) {
      if (signing.kind === 'refused')
        this.heads.set(signing.journal, { ...this.head(signing.journal), refusal: signing.reason });
      else {
        this.heads.set(signing.checkpoint.journal, { ...signing.checkpoint, refusal: null });
        this.stored.push(signing.checkpoint);
      }
    }
  }
  async latestCheckpoints(journals: readonly string[]) {
    return this.stored.filter(({ journal }) => journals.includes(journal)).slice(-1);
  }
  async firstCovering(journal: string, size: bigint) {
    return this.stored.find((each) => each.journal === journal && each.size >= size);
  }
  private head(journal: string): SignedHead {
    return (
      this.heads.get(journal) ?? {
        ...{
          journal,
          size: 0n,
          root: emptyRoot(),
          frontier: new Frontier().serialise(),
          lastLeaf: null,
          refusal: null,
        },
      }
    );
  }
}

const until = async (isTrue: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 400; turn += 1) {
    if (isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it did not come about');
};

const setUp = (log = new MemoryStore(), store = new Checkpoints(), keys = new MemoryKeyStore()) => {
  const journals = new MemoryJournals({ store: log });
  const refusals: string[] = [];
  const observer: AuditObserver = { ...silentAuditObserver, refused: ({ reason }) => void refusals.push(reason) };
  const publisher = new CheckpointPublisher(
    { journals, store, keys, clock: fixedClock(), logHost: 'ledger.example' },
    { observer, everyMs: 20 },
  );
  return { log, journals, store, keys, publisher, refusals };
};

const append = async (journals: MemoryJournals, count: number, label: string, journal = JOURNAL): Promise<void> => {
  const [head = -1n] = await journals.heads([journal]);
  const labels = Array.from({ length: count }, (_, index) => `${label}-${index.toString()}`);
  expect(await journals.append(journal, head, batchAfter(journal, head, labels))).toMatchObject({ kind: 'appended' });
};

describe('CheckpointPublisher', () => {
  it('signs a note over origin, size and root of every tenant journal, verifiable with the published key alone', async () => {
    const { journals, store, keys, publisher } = setUp();
    await append(journals, 5, 'a');
    await append(journals, 2, 'b', 'policy-other');
    await publisher.start();
    await until(() => store.stored.length === 2);
    await publisher.stop();
    const [key] = await keys.publicKeys('checkpoint');
    const mine = store.stored.find(({ journal }) => journal === JOURNAL);
    const opened = openNote(mine?.note ?? '', [formatVkey('ledger.example', key!.publicKey)]);
    const parsed = parseCheckpoint(opened.kind === 'opened' ? opened.text : '');
    const leaves = (journals.store.journals.get(JOURNAL) ?? []).map(({ leafHash }) => leafHash);
    expect(parsed).toMatchObject({
      kind: 'checkpoint',
      checkpoint: { origin: 'ledger.example/acme/decisions', size: 5n, root: rootOf(leaves) },
    });
  });

  it('gives a burst of appends one checkpoint', async () => {
    const { journals, store, publisher } = setUp();
    await publisher.start();
    for (let burst = 0; burst < 10; burst += 1) await append(journals, 3, `burst-${burst.toString()}`);
    await until(() => store.stored.at(-1)?.size === 30n);
    await publisher.stop();
    expect(store.stored.length).toBeLessThan(4);
  });

  it('goes on after a restart from the stored frontier, consistently with what it signed before', async () => {
    const first = setUp();
    await append(first.journals, 7, 'a');
    await first.publisher.covering('acme', 'decisions', 7n);
    await first.publisher.stop();
    const second = setUp(first.log, first.store);
    await append(second.journals, 6, 'b');
    await second.publisher.covering('acme', 'decisions', 13n);
    const [before, after] = first.store.stored;
    const leaves = (first.log.journals.get(JOURNAL) ?? []).map(({ leafHash }) => leafHash);
    expect(after?.root).toEqual(rootOf(leaves));
    const proof = consistencyProof(leaves, 7n);
    expect(verifyConsistency({ oldSize: 7n, oldRoot: before!.root, size: 13n, root: after!.root, proof })).toBe(true);
  });

  it('answers with the first checkpoint that covers a size, and with none beyond the log', async () => {
    const { journals, publisher } = setUp();
    await append(journals, 3, 'a');
    expect((await publisher.covering('acme', 'decisions', 2n))?.size).toBe(3n);
    await append(journals, 3, 'b');
    expect((await publisher.covering('acme', 'decisions', 6n))?.size).toBe(6n);
    expect((await publisher.covering('acme', 'decisions', 2n))?.size).toBe(3n);
    expect(await publisher.covering('acme', 'decisions', 7n)).toBeUndefined();
  });

  it('finds the checkpoint that a round of its own signs while it looks for one', async () => {
    const { journals, store, publisher } = setUp();
    await append(journals, 3, 'a');
    const look = store.firstCovering.bind(store);
    let looks = 0;
    store.firstCovering = async (journal, size) => {
      const found = await look(journal, size);
      looks += 1;
      if (looks > 1) return found;
      await publisher.start();
      await until(() => store.stored.length === 1);
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate); // The round comes to its end.
      return found;
    };
    expect(await publisher.covering('acme', 'decisions', 3n)).toMatchObject({ size: 3n });
    await publisher.stop();
  });

  it('signs nothing that a rewritten log offers after what it signed, raises an alarm, and stays stopped after a restart', async () => {
    const first = setUp();
    await append(first.journals, 4, 'true');
    await first.publisher.covering('acme', 'decisions', 4n);
    const forked = setUp(new MemoryStore(), first.store);
    await append(forked.journals, 9, 'forged');
    expect(await forked.publisher.covering('acme', 'decisions', 9n)).toBeUndefined();
    expect(forked.refusals).toEqual(['the entry at revision 3 is not the one that was signed']);
    expect(forked.publisher.stopped()).toEqual([JOURNAL]);
    const again = setUp(forked.log, first.store);
    expect(await again.publisher.covering('acme', 'decisions', 9n)).toBeUndefined();
    expect(first.store.stored).toHaveLength(1);
  });

  it('signs nothing for a log that has lost signed entries', async () => {
    const first = setUp();
    await append(first.journals, 4, 'a');
    await first.publisher.covering('acme', 'decisions', 4n);
    const cut = setUp(new MemoryStore(), first.store);
    await append(cut.journals, 2, 'a');
    await cut.publisher.start();
    await until(() => cut.refusals.length > 0);
    await cut.publisher.stop();
    expect(cut.refusals).toEqual(['the tree of size 4 is signed, the log has fewer entries']);
  });

  it('goes on with the other journals when one is stopped', async () => {
    const first = setUp();
    await append(first.journals, 4, 'a');
    await first.publisher.covering('acme', 'decisions', 4n);
    const forked = setUp(new MemoryStore(), first.store);
    await append(forked.journals, 5, 'forged');
    await append(forked.journals, 5, 'good', 'policy-acme');
    await forked.publisher.start();
    await until(() => first.store.stored.length === 2);
    await forked.publisher.stop();
    expect(first.store.stored.at(-1)).toMatchObject({ journal: 'policy-acme', size: 5n });
  });

  it('grows on from the other one where two processes sign the same journal', async () => {
    const left = setUp();
    const right = setUp(left.log, left.store, left.keys);
    await append(left.journals, 4, 'a');
    await left.publisher.covering('acme', 'decisions', 4n);
    await right.publisher.covering('acme', 'decisions', 4n);
    await append(left.journals, 4, 'b');
    await right.publisher.covering('acme', 'decisions', 8n);
    await append(left.journals, 4, 'c');
    await left.publisher.covering('acme', 'decisions', 12n);
    const leaves = (left.log.journals.get(JOURNAL) ?? []).map(({ leafHash }) => leafHash);
    expect(left.store.stored.map(({ size, root }) => [size, root])).toEqual(
      [4, 8, 12].map((size) => [BigInt(size), rootOf(leaves.slice(0, size))]),
    );
    expect([...left.refusals, ...right.refusals]).toEqual([]);
  });

  it('tries again while the keys are away, and says how long entries have been waiting', async () => {
    const { journals, store, keys, publisher } = setUp();
    keys.isAway = true;
    await append(journals, 2, 'a');
    await publisher.start();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(store.stored).toEqual([]);
    keys.isAway = false;
    await until(() => store.stored.length === 1);
    await publisher.stop();
    expect(publisher.ages().decisions).toBe(0);
  });
});
