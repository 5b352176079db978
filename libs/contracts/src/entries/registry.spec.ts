import { describe, expect, it } from '@jest/globals';
import { JOURNAL_KINDS } from '@verdict/application';
import { type EntryDraft, readEntry, sealEntry } from '@verdict/ledger';
import { ENTRY_KINDS } from './entry-schema.js';
import { ENTRY_CONTRACTS, ENTRY_SCHEMAS, entrySchemaOf } from './registry.js';

const AT = '2026-11-22T02:13:17.000Z';
const DECISION = '00000000-0000-7000-8000-000000000007';
const SEALED = { $sealed: { kid: 'k1', iv: 'AAAAAAAAAAAAAAAA', ct: 'bG9va2Vk', tag: 'AAAAAAAAAAAAAAAAAAAAAA' } };
const IDEMPOTENCY = { key: 'file-1', payload_hash: 'a'.repeat(64) };

const draft: EntryDraft = {
  origin: 'log.test/acme/approvals',
  revision: 3n,
  type: 'approval_request_filed',
  typeV: 1,
  commandId: 'c-1',
  ordinal: 0,
  occurredAt: AT,
  recordedAt: AT,
  actor: { kind: 'user', id: 'dev-1', roles: ['member'] },
  causes: [],
  observed: { decisions: 4 },
  correlationId: 'corr-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  payload: {
    approval_id: DECISION,
    filed_by: 'dev-1',
    justification: SEALED,
    justification_length: 6,
    ticket: 'OPS-1',
    filed_at: AT,
    idempotency: IDEMPOTENCY,
  },
};
const wire = (change: Partial<EntryDraft> = {}) => {
  const { envelope, payload } = readEntry(sealEntry({ ...draft, ...change }).bytes);
  return { envelope, payload };
};
const filed = ENTRY_SCHEMAS.approvals.approval_request_filed[1];

describe('the registry of entry schemas', () => {
  it('has the journals that the services write, in their order', () => {
    expect(ENTRY_KINDS).toEqual(JOURNAL_KINDS);
    expect(Object.keys(ENTRY_SCHEMAS)).toEqual([...ENTRY_KINDS]);
  });
  it('lists each type and version once', () => {
    const names = ENTRY_CONTRACTS.map(({ kind, type, typeV }) => `${kind} ${type} ${typeV}`);
    expect(names).toHaveLength(40);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('decisions decision_recorded 1');
  });
  it('finds what an envelope names, and nothing for a later release or another journal', () => {
    expect(entrySchemaOf('decisions', 'hold_voided', 1)).toBe(ENTRY_SCHEMAS.decisions.hold_voided[1]);
    expect(entrySchemaOf('decisions', 'hold_voided', 2)).toBeUndefined();
    expect(entrySchemaOf('policy', 'hold_voided', 1)).toBeUndefined();
    expect(entrySchemaOf('decisions', 'toString', 1)).toBeUndefined();
  });
});

describe('a schema of an entry', () => {
  it('takes what the ledger seals, as it is', () => {
    expect(filed.parse(wire())).toEqual(wire());
  });
  it('takes types that no recording has', () => {
    const resolved = {
      exception_id: `overrun:${DECISION}`,
      decision_id: DECISION,
      resolution: 'accepted',
      notes: null,
      resolved_by: 'admin-1',
      resolved_at: AT,
    };
    const entry = wire({ origin: 'log.test/acme/reservations', type: 'exception_resolved', payload: resolved });
    expect(ENTRY_SCHEMAS.reservations.exception_resolved[1].parse(entry)).toEqual(entry);
  });
  it('refuses an entry of another type, version or journal', () => {
    expect(filed.safeParse(wire({ type: 'vote_cast' })).success).toBe(false);
    expect(filed.safeParse(wire({ typeV: 2 })).success).toBe(false);
    expect(filed.safeParse(wire({ origin: 'log.test/acme/decisions' })).success).toBe(false);
  });
  it('refuses personal text that was not sealed', () => {
    const payload = (justification: unknown) => ({
      ...wire(),
      payload: { ...(draft.payload as object), justification },
    });
    expect(filed.safeParse(payload(SEALED)).success).toBe(true);
    expect(filed.safeParse(payload('looked at it')).success).toBe(false);
    expect(filed.safeParse(payload({ $seal: { subject: 'dev-1', text: 'looked at it' } })).success).toBe(false);
    expect(filed.safeParse(payload({ ...SEALED, text: 'looked at it' })).success).toBe(false);
  });
  it('reads a payload of a later release, which may have more members, but no envelope that has', () => {
    const { envelope, payload } = wire();
    expect(filed.parse({ envelope, payload: { ...(payload as object), more: 1 } })).toEqual({ envelope, payload });
    expect(filed.safeParse({ envelope: { ...envelope, more: 1 }, payload }).success).toBe(false);
  });
});
