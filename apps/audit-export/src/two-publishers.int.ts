import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryJournals, MemoryKeyStore, MemoryStore } from '@verdict/adapter-memory';
import { migrateAudit, openAuditStore } from '@verdict/adapter-postgres';
import { type AuditStore, CheckpointPublisher, silentAuditObserver, type StoredCheckpoint } from '@verdict/application';
import { rootOf } from '@verdict/ledger';
import { batchAfter, withEmbeddedPostgres } from '@verdict/testkit';

const database = withEmbeddedPostgres();
let store: AuditStore;
let other: AuditStore;

beforeAll(async () => {
  await migrateAudit(database.adminUrl);
  store = await openAuditStore({ url: database.serviceUrl });
  other = await openAuditStore({ url: database.serviceUrl });
}, 60_000);
afterAll(async () => {
  await store.close();
  await other.close();
});

/** All of them, by size. */
const checkpointsOf = async (journal: string): Promise<readonly StoredCheckpoint[]> => {
  const found: StoredCheckpoint[] = [];
  for (
    let next = await store.firstCovering(journal, 1n);
    next !== undefined;
    next = await store.firstCovering(journal, next.size + 1n)
  )
    found.push(next);
  return found;
};

describe('two publishers', () => {
  it('lets two processes sign the same busy journals without a fork', async () => {
    const log = new MemoryStore();
    const alarms: string[] = [];
    const observer = {
      ...silentAuditObserver,
      refused: ({ reason }: { readonly reason: string }) => void alarms.push(reason),
    };
    const keys = new MemoryKeyStore();
    const names = ['decisions-busy', 'policy-busy', 'decisions-busier'];
    const made = [store, other].map((each) => {
      const journals = new MemoryJournals({ store: log });
      const deps = { journals, store: each, keys, clock: { nowMs: () => Date.now() }, logHost: 'ledger.example' };
      return { journals, publisher: new CheckpointPublisher(deps, { everyMs: 5, observer }) };
    });
    for (const { publisher } of made) await publisher.start();
    const writer = made[0]!.journals;
    for (let round = 0; round < 40; round += 1) {
      for (const name of names) {
        const [head = -1n] = await writer.heads([name]);
        await writer.append(name, head, batchAfter(name, head, [`${name}-${round}-a`, `${name}-${round}-b`]));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const name of names)
      await made[1]!.publisher.covering(name.split('-')[1]!, name.startsWith('policy') ? 'policy' : 'decisions', 80n);
    for (const { publisher } of made) await publisher.stop();
    for (const name of names) {
      const leaves = (log.journals.get(name) ?? []).map(({ leafHash }) => leafHash);
      const stored = await checkpointsOf(name);
      expect(stored.length).toBeGreaterThan(2);
      for (const { size, root } of stored) expect(Buffer.compare(root, rootOf(leaves.slice(0, Number(size))))).toBe(0);
      expect(stored.at(-1)?.size).toBe(80n);
    }
    expect(alarms).toEqual([]);
    expect((await store.signedHeads(names)).map(({ refusal }) => refusal)).toEqual([null, null, null]);
  }, 60_000);
});
