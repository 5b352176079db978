import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeBundle } from '../bundle/write-bundle.js';
import { cosignatureLine, noteTextUnverified } from '../notes/note.js';
import { formatVkey } from '../notes/vkey.js';
import {
  PRICE_BOOK,
  PRICE_BOOK_SHA256,
  SampleWriter,
  budgetSet,
  consumed,
  decision,
  granted,
  issued,
  originOf,
  published,
  requested,
  sampleInput,
  sampleJournals,
  sampleKeys,
  terms,
} from '../testing/sample-bundle.js';
import type { SampleJournals } from '../testing/sample-bundle.js';
import { verifyBundle } from './verify-bundle.js';
import type { VerifyOptions } from './verify-bundle.js';

const keys = sampleKeys();
let folder = '';
let serial = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verdict-insider-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Failed checks with their first place, of a bundle whose every hash and signature is right. */
const failures = async (journals: SampleJournals, tenant = 'acme'): Promise<readonly unknown[]> => {
  serial += 1;
  const path = join(folder, `${serial.toString()}.zip`);
  await writeBundle(await sampleInput(journals, { keys, change: { query: { tenant } } }), { form: 'zip', path });
  const { checks } = await verifyBundle(path, { trust: [keys.vkey] });
  return checks
    .filter(({ status }) => status === 'failed')
    .map(({ number, evidence }) => [number, evidence[0]?.file, evidence[0]?.revision]);
};

const start = (): SampleWriter =>
  new SampleWriter()
    .add('policy', 'policy_published', published)
    .add('policy', 'budget_set', budgetSet('web', '100.0000'))
    .add('policy', 'price_book_published', {
      version: '2026-11',
      book: PRICE_BOOK,
      book_sha256: PRICE_BOOK_SHA256,
    });
const DECISIONS = 'journals/decisions/entries.ndjson';
const APPROVALS = 'journals/approvals/entries.ndjson';

describe('a log whose own operator cheats', () => {
  it('is found when a decision holds more than the budget has', async () => {
    const writer = start()
      .decide(decision({ id: '1', legs: [['budget:web', '60.0000']] }))
      .decide(decision({ id: '2', legs: [['budget:web', '40.0001']] }));
    expect(await failures(writer.done())).toEqual([[14, DECISIONS, 1n]]);
  });

  it('folds a budget only when a decision has observed it', async () => {
    const writer = start().decide(decision({ id: '1', legs: [['budget:web', '100.0000']] }));
    writer.add('policy', 'budget_set', budgetSet('web', '500.0000'));
    const observed = { policy: 2, approvals: -1, reservations: -1 };
    const late = decision({ id: '2', legs: [['budget:web', '100.0000']] });
    expect(await failures(writer.add('decisions', 'decision_recorded', late, { observed }).done())).toEqual([
      [14, DECISIONS, 1n],
    ]);
  });

  it('is found when a decision rests on what the bundle does not hold', async () => {
    const writer = start().add('decisions', 'decision_recorded', decision({ id: '1' }), { observed: { policy: 3 } });
    expect(await failures(writer.done())).toEqual([[14, DECISIONS, 0n]]);
  });

  it('is found when an approval is granted without votes', async () => {
    const writer = start().decide(decision({ id: 'd', approval: terms('a') }));
    writer
      .add('approvals', 'approval_requested', requested('a', 'd'))
      .add('approvals', 'approval_granted', granted('a', 'd'))
      .add('approvals', 'token_issued', issued('a', 'd'))
      .add('approvals', 'token_consumed', consumed('a', 'd'));
    expect(await failures(writer.done())).toEqual([[13, APPROVALS, 1n]]);
  });

  it('is found when a cause is not the entry that it names', async () => {
    const causes = [{ origin: originOf('policy'), revision: 1, leaf_hash: '0'.repeat(64) }];
    const writer = start().add('reservations', 'drift_found', { decision_id: '1' }, { causes });
    expect(await failures(writer.done())).toEqual([[12, 'journals/reservations/entries.ndjson', 0n]]);
  });

  it('is found when a decision observes less than the one before it', async () => {
    const writer = start().decide(decision({ id: '1' }));
    writer.add('decisions', 'decision_recorded', decision({ id: '2' }), { observed: { policy: 1 } });
    expect(await failures(writer.done())).toEqual([[16, DECISIONS, 1n]]);
  });

  it('is found when a policy is published under another hash', async () => {
    const writer = start().add('policy', 'policy_published', { ...published, document_sha256: '0'.repeat(64) });
    expect(await failures(writer.done())).toEqual([[11, 'journals/policy/entries.ndjson', 3n]]);
  });

  it('is found when the journals are those of another tenant', async () => {
    const found = await failures(start().done(), 'globex');
    expect(found.map((failure) => (failure as readonly unknown[])[0])).toEqual([5]);
  });
});

describe('witnesses', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const witness = formatVkey('witness.example', privateKey, 'cosignature');

  it('must have cosigned every checkpoint, as many as the quorum asks for', async () => {
    const input = await sampleInput(sampleJournals(), { keys });
    const cosigned = await Promise.all(
      input.journals.map(async (journal) => {
        const text = noteTextUnverified(journal.checkpoint) ?? '';
        const line = await cosignatureLine({ name: 'witness.example', privateKey, text, timestamp: 1_762_000_000n });
        return { ...journal, checkpoint: journal.checkpoint + line };
      }),
    );
    const [bare, signed] = [join(folder, 'bare.zip'), join(folder, 'signed.zip')];
    await writeBundle(input, { form: 'zip', path: bare });
    await writeBundle({ ...input, journals: cosigned }, { form: 'zip', path: signed });
    const check = async (path: string, options: Partial<VerifyOptions>): Promise<string | undefined> => {
      const { checks } = await verifyBundle(path, { trust: [keys.vkey], ...options });
      return checks.find(({ number }) => number === 7)?.status;
    };
    expect(await check(signed, { witnesses: [witness], quorum: 1 })).toBe('passed');
    expect(await check(bare, { witnesses: [witness], quorum: 1 })).toBe('failed');
    expect(await check(signed, { witnesses: [witness], quorum: 2 })).toBe('failed');
    expect(await check(signed, { quorum: 1 })).toBe('failed');
    expect(await check(bare, {})).toBe('passed');
  });
});
