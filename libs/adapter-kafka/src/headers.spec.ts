import { describe, expect, it } from '@jest/globals';
import { toHex } from '@verdict/ledger';
import { headersOf, sequenceOf } from './headers.js';
import { entryAt, journalOf } from './testing/records.js';

describe('The headers of a record', () => {
  const journal = journalOf(3);
  const entry = entryAt(journal, 2);
  const origin = { logHost: 'log.example.com', tenantId: journal.tenantId, kind: 'decisions' } as const;

  it('are those of CloudEvents 1.0 in binary mode, with the journal as source and the revision as sequence', () => {
    const { decision_id: decisionId } = entry.payload as { readonly decision_id: string };
    expect(headersOf(entry, origin)).toEqual({
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: entry.id,
      ce_source: `//log.example.com/${journal.tenantId}/decisions`,
      ce_type: 'verdict.decisions.decision_recorded.v1',
      ce_time: '2026-11-22T02:13:17.000Z',
      ce_subject: decisionId,
      ce_sequence: '00000000000000000002',
      ce_partitionkey: journal.tenantId,
      ce_leafhash: toHex(entry.leafHash),
    });
  });

  it('carry the trace context when the entry has one', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect(headersOf({ ...entry, traceparent }, origin)).toMatchObject({ ce_traceparent: traceparent });
  });

  it('have extension names of at most 20 lower-case letters and digits', () => {
    const names = Object.keys(headersOf({ ...entry, traceparent: 'x' }, origin)).filter((name) =>
      name.startsWith('ce_'),
    );
    for (const name of names) expect(name).toMatch(/^ce_[a-z0-9]{1,20}$/);
  });

  it('sort like numbers where they are compared as texts', () => {
    expect(sequenceOf(9n) < sequenceOf(10n)).toBe(true);
    expect(sequenceOf(9_007_199_254_740_991n)).toHaveLength(20);
  });
});
