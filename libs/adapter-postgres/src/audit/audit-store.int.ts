import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditStore, ExportJob, NewCheckpoint } from '@verdict/application';
import { Frontier } from '@verdict/ledger';
import { withEmbeddedPostgres } from '@verdict/testkit';
import { migrateAudit } from './migrate-audit.js';
import { openAuditStore } from './open-audit-store.js';

const database = withEmbeddedPostgres();
let store: AuditStore;
let other: AuditStore;

beforeAll(async () => {
  await migrateAudit(database.adminUrl);
  await migrateAudit(database.adminUrl);
  store = await openAuditStore({ url: database.serviceUrl });
  other = await openAuditStore({ url: database.serviceUrl });
}, 60_000);
afterAll(async () => {
  await store.close();
  await other.close();
});

const leaf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const checkpoint = (journal: string, size: number): NewCheckpoint => {
  const frontier = new Frontier();
  for (let index = 0; index < size; index += 1) frontier.append(leaf(index));
  return {
    ...{ journal, size: BigInt(size), root: frontier.root(), frontier: frontier.serialise(), lastLeaf: leaf(size - 1) },
    ...{ note: `note ${String(size)}`, publishedAt: '2026-11-22T10:00:00.000Z' },
  };
};
const sign = (journal: string, size: number) =>
  store.signNext([journal], async () => [{ kind: 'signed', checkpoint: checkpoint(journal, size) }]);

const job = (exportId: string, more: Partial<ExportJob> = {}): ExportJob => ({
  ...{
    tenantId: 'acme',
    exportId,
    series: 'default',
    ranges: { decisions: { from: 0n, to: 9n } },
    status: 'queued',
    progress: 0,
    total: 9,
  },
  ...{ result: null, failure: null, createdAt: '2026-11-22T10:00:00.000Z', createdBy: 'ursula', attempt: 0 },
  ...more,
});
const id = (n: number): string => `0190a0a0-0000-7000-8000-${n.toString().padStart(12, '0')}`;
const done = { contentSha256: 'c', manifestSha256: 'm', size: 1, counts: {} };

describe('checkpoints in Postgres', () => {
  it('lets nobody read a note before its size and root are the last signed ones', async () => {
    const journal = 'decisions-atomic';
    let seen: unknown[] = [];
    await store.signNext([journal], async () => {
      seen = [...(await other.latestCheckpoints([journal])), await other.firstCovering(journal, 1n)];
      return [{ kind: 'signed', checkpoint: checkpoint(journal, 3) }];
    });
    expect(seen).toEqual([undefined]);
    const [head] = await other.signedHeads([journal]);
    const [latest] = await other.latestCheckpoints([journal]);
    expect(head).toMatchObject({ size: 3n, refusal: null });
    expect(latest).toMatchObject({ size: 3n, note: 'note 3' });
    expect(Buffer.compare(head?.root ?? leaf(0), latest?.root ?? leaf(1))).toBe(0);
  });

  it('makes a second signer wait, who then sees what the first has signed', async () => {
    const journal = 'decisions-waiting';
    let second: Promise<void> | undefined;
    let seen: bigint | undefined;
    await store.signNext([journal], async () => {
      second = other.signNext([journal], async (heads) => {
        seen = heads.get(journal)?.size;
        return [];
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(seen).toBeUndefined();
      return [{ kind: 'signed', checkpoint: checkpoint(journal, 4) }];
    });
    await second;
    expect(seen).toBe(4n);
  });

  it('keeps nothing of a round that failed half way', async () => {
    const journal = 'decisions-failed';
    await sign(journal, 2);
    await expect(
      store.signNext([journal], async () => {
        throw new Error('the key store went away');
      }),
    ).rejects.toThrow('the key store went away');
    expect((await store.signedHeads([journal]))[0]?.size).toBe(2n);
  });

  it('rejects a checkpoint that does not grow its journal, whatever the signer thinks', async () => {
    const journal = 'decisions-shrinking';
    await sign(journal, 5);
    await expect(sign(journal, 5)).rejects.toThrow(RangeError);
    await expect(sign(journal, 4)).rejects.toThrow(RangeError);
    expect((await store.latestCheckpoints([journal])).map(({ size }) => size)).toEqual([5n]);
  });

  it('keeps a refusal, and takes nothing for that journal any more', async () => {
    const journal = 'decisions-refused';
    await sign(journal, 2);
    await store.signNext([journal], async () => [{ kind: 'refused', journal, reason: 'forked' }]);
    expect((await other.signedHeads([journal]))[0]).toMatchObject({ size: 2n, refusal: 'forked' });
    await expect(sign(journal, 3)).rejects.toThrow(RangeError);
  });

  it('finds the first checkpoint that covers a size, however many came after', async () => {
    const journal = 'decisions-covering';
    for (const size of [2, 5, 9]) await sign(journal, size);
    expect(await store.firstCovering(journal, 3n)).toMatchObject({ size: 5n });
    expect(await store.firstCovering(journal, 5n)).toMatchObject({ size: 5n });
    expect(await store.firstCovering(journal, 10n)).toBeUndefined();
  });
});

describe('export jobs in Postgres', () => {
  it('keeps one job per key, and as many open ones per tenant as allowed', async () => {
    const order = (n: number, key: string | null) => ({ job: job(id(n)), key, asked: `{"n":${n}}` });
    expect(await store.createExport(order(1, 'key-1'), 2)).toMatchObject({ kind: 'created', job: job(id(1)) });
    expect(await store.createExport(order(2, 'key-1'), 2)).toMatchObject({
      kind: 'known',
      job: { exportId: id(1) },
      asked: '{"n":1}',
    });
    const racing = await Promise.all([3, 4, 5].map((n) => (n === 4 ? other : store).createExport(order(n, null), 2)));
    expect(racing.map(({ kind }) => kind).sort()).toEqual(['busy', 'busy', 'created']);
    expect(await store.createExport({ ...order(6, null), job: job(id(6), { tenantId: 'other' }) }, 2)).toMatchObject({
      kind: 'created',
    });
  });

  it('gives a job to one worker at a time, and to another one when the lease has run out', async () => {
    const nowMs = Date.parse('2026-11-22T11:00:00.000Z');
    const claim = (who: AuditStore, at: number) => who.claimExport({ nowMs: at, untilMs: at + 1_000 });
    const claimed = await Promise.all([
      claim(store, nowMs),
      claim(other, nowMs),
      claim(store, nowMs),
      claim(other, nowMs),
    ]);
    const jobs = claimed.filter((each) => each !== undefined);
    expect(new Set(jobs.map(({ exportId }) => exportId)).size).toBe(3);
    expect(await claim(store, nowMs + 999)).toBeUndefined();
    expect(await store.keepExport(jobs[0]!, 4, nowMs + 5_000)).toBe(true);
    const taken = await claim(other, nowMs + 1_000);
    expect(taken).toMatchObject({ attempt: 2 });
    const late = jobs.find(({ exportId }) => exportId === taken?.exportId);
    expect(await store.keepExport(late!, 5, nowMs + 9_000)).toBe(false);
    const end = {
      kind: 'ready',
      result: done,
      endedAt: '2026-11-22T11:00:05.000Z',
      expiresAt: '2026-12-22T11:00:05.000Z',
    } as const;
    expect(await store.endExport(late!, end)).toBe(false);
    expect(await other.endExport(taken!, end)).toBe(true);
    expect(await store.findExport(taken!.tenantId, taken!.exportId)).toMatchObject({
      status: 'ready',
      progress: 9,
      result: done,
    });
  });

  it('marks what is past its time as expired, once', async () => {
    expect(await store.expireExports(Date.parse('2026-12-22T11:00:04.000Z'))).toEqual([]);
    expect(await store.expireExports(Date.parse('2026-12-22T11:00:05.000Z'))).toMatchObject([{ status: 'expired' }]);
    expect(await store.expireExports(Date.parse('2026-12-22T11:00:06.000Z'))).toEqual([]);
  });

  it('replaces the terms of a series and range until they are signed', async () => {
    const terms = {
      ...{
        previous: null,
        keys: [],
        jwks: { keys: [] },
        generator: { name: 'verdict', version: '1', build_id: 'b' },
        clock: {},
      },
      ...{ signer: { kid: 'k', publicKey: '00' }, signature: null },
    };
    const signature = { textSha256: 't', bytes: 'AA==' };
    expect(await store.findTerms(job(id(1)))).toBeUndefined();
    expect(await store.saveTerms(job(id(1)), terms)).toEqual(terms);
    expect(await store.saveTerms(job(id(9)), { ...terms, signature })).toEqual({ ...terms, signature });
    expect(await store.saveTerms(job(id(1)), { ...terms, signer: { kid: 'later', publicKey: '11' } })).toEqual({
      ...terms,
      signature,
    });
    const previous = { manifestSha256: 'p', ranges: { decisions: { from: 0n, to: 4n } } };
    expect(await store.saveTerms(job(id(1), { series: 'next' }), { ...terms, previous })).toEqual({
      ...terms,
      previous,
    });
  });
});
