import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { MemoryJournals } from '@verdict/adapter-memory';
import {
  journalName,
  type Journals,
  originOf,
  projectDecisions,
  type RecordedEntry,
  recordEntry,
} from '@verdict/application';
import { checkEntry, readEntry, sealEntry } from '@verdict/ledger';
import { recordedEntries } from '../../../test/support/recorded-entries.js';

interface WriteDecisions {
  writeDecisions(
    deployment: { readonly journals: Journals; readonly logHost: string },
    order: { readonly tenant: string; readonly count: number },
  ): Promise<void>;
}

const LOG_HOST = 'bench.test';
const TENANT = 'acme';
const NAME = journalName('decisions', TENANT);

/** A journal with one decision of a released version. */
const seeded = async (): Promise<Journals> => {
  const decision = recordedEntries().find(({ entry }) => entry.envelope.type === 'decision_recorded');
  const { envelope, payload } = readEntry(Buffer.from(decision?.line ?? ''));
  const journals = new MemoryJournals();
  const entry = sealEntry({
    ...{ origin: originOf(LOG_HOST, TENANT, 'decisions'), revision: 0n, type: envelope.type, typeV: envelope.type_v },
    ...{ commandId: envelope.command_id, ordinal: 0, occurredAt: envelope.occurred_at },
    ...{ recordedAt: envelope.recorded_at, actor: envelope.actor, causes: envelope.causes },
    ...{ observed: envelope.observed, correlationId: null, traceparent: null, payload: payload },
  });
  await journals.append(NAME, -1n, [entry]);
  return journals;
};

const written = async (count: number): Promise<readonly RecordedEntry[]> => {
  const module: unknown = await import(fileURLToPath(new URL('write-decisions.mjs', import.meta.url)));
  const journals = await seeded();
  await (module as WriteDecisions).writeDecisions({ journals, logHost: LOG_HOST }, { tenant: TENANT, count });
  const entries: RecordedEntry[] = [];
  for await (const stored of journals.read(NAME, 1n)) entries.push(recordEntry(stored));
  return entries;
};

describe('decisions that the bench writes itself', () => {
  it('are as many as asked for, and entries that the ledger finds nothing wrong with', async () => {
    const entries = await written(450);
    expect(entries).toHaveLength(450);
    expect(entries.flatMap(({ bytes }) => checkEntry(bytes))).toEqual([]);
  });
  it('are decisions of their own, so that each makes a row', async () => {
    const entries = await written(300);
    const rows = entries.flatMap((entry) => projectDecisions(TENANT, entry));
    const inserted = rows.flatMap((change) =>
      change.op === 'insert' && change.table === 'decisions' ? [change.row] : [],
    );
    for (const identity of [
      inserted.map(({ decisionId }) => decisionId),
      inserted.map(({ keyText }) => keyText),
      inserted.map(({ resourceReference }) => resourceReference),
    ])
      expect(new Set(identity).size).toBe(300);
  });
});
