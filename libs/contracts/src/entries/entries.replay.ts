import { describe, expect, it } from '@jest/globals';
import { canonicalBytes, checkEntry } from '@verdict/ledger';
import {
  fullestOfEach,
  likenessesOf,
  mutantsOf,
  recordedEntries,
  type WireEntry,
  withValue,
} from '../../../../test/support/recorded-entries.js';
import { EntryEnvelope } from './envelope.js';
import type { EntryKind } from './entry-schema.js';
import { ENTRY_CONTRACTS, entrySchemaOf } from './registry.js';

const recorded = recordedEntries();
const fullest = fullestOfEach(recorded);

const isTaken = (kind: EntryKind, original: WireEntry, mutated: WireEntry): boolean =>
  entrySchemaOf(kind, original.envelope.type, original.envelope.type_v)?.safeParse(mutated).success ?? true;

const entryNamed = (type: string): { kind: EntryKind; entry: WireEntry } =>
  fullest.find(({ entry }) => entry.envelope.type === type)!;

describe('the schemas of entries, against recorded journals', () => {
  it('take every entry of every release and lose nothing of it', () => {
    expect(recorded.length).toBeGreaterThan(75);
    for (const { kind, entry } of recorded) {
      const schema = entrySchemaOf(kind, entry.envelope.type, entry.envelope.type_v);
      const read = schema?.safeParse(entry);
      expect([entry.envelope.origin, entry.envelope.revision, read?.error?.issues]).toEqual([
        entry.envelope.origin,
        entry.envelope.revision,
        undefined,
      ]);
      expect(read?.data).toEqual(entry);
    }
  });
  it('have met every type that a journal may hold', () => {
    const met = new Set(fullest.map(({ kind, entry }) => `${kind} ${entry.envelope.type} ${entry.envelope.type_v}`));
    const unmet = ENTRY_CONTRACTS.map(({ kind, type, typeV }) => `${kind} ${type} ${typeV}`).filter(
      (name) => !met.has(name),
    );
    expect(unmet).toEqual([]);
  });
  it.each(fullest)('refuse every missing member and every wrong type in $kind $entry.envelope.type', (each) => {
    const { kind, entry } = each;
    const mutants = mutantsOf(entry, likenessesOf(recorded, each));
    expect(mutants.length).toBeGreaterThan(40);
    expect(mutants.filter((mutant) => isTaken(kind, entry, mutant.entry)).map(({ change }) => change)).toEqual([]);
  });
  it.each([
    ['decision_recorded', '/payload/decision', 'MAYBE'],
    ['decision_recorded', '/payload/finding', 'unsure'],
    ['decision_recorded', '/payload/reason_codes/0', 'Within policy.'],
    ['decision_recorded', '/payload/hold/total_usd', '12.5'],
    ['decision_recorded', '/payload/hold/total_usd', '012.5000'],
    ['decision_recorded', '/payload/cost/hourly_delta_usd', '0.1700'],
    ['decision_recorded', '/payload/decision_id', 'ABCDEF00-0000-7000-8000-000000000007'],
    ['decision_recorded', '/payload/payload_hash', 'A'.repeat(64)],
    ['decision_recorded', '/payload/decided_at', '2026-11-22T02:13:17Z'],
    ['decision_recorded', '/payload/request/justification', 'in the clear'],
    ['decision_recorded', '/payload/policy_version', 0],
    ['hold_voided', '/payload/cause', 'bored'],
    ['budget_set', '/payload/scope', 'team:web'],
    ['budget_set', '/payload/period', 'week'],
    ['policy_published', '/payload/document/mode_matrix/terraform/default', 'off'],
    ['price_book_published', '/payload/book/currency', 'EUR'],
    ['price_book_published', '/payload/book/entries/0/components/0/quantity', {}],
    ['vote_cast', '/payload/vote', 'abstain'],
    ['reservation_settled', '/payload/status', 'lost'],
    ['exception_opened', '/payload/kind', 'other'],
  ])('refuse a %s whose %s is %j', (type, path, value) => {
    const { kind, entry } = entryNamed(type);
    expect(isTaken(kind, entry, entry)).toBe(true);
    expect(isTaken(kind, entry, withValue(entry, path, value))).toBe(false);
  });
});

describe('the schema of the envelope', () => {
  const { entry } = entryNamed('exception_granted'); // It has a cause.
  const findings = (mutated: WireEntry): readonly string[] =>
    checkEntry(canonicalBytes(mutated as never)).map(({ pointer }) => pointer);

  it.each([
    ['/envelope/v', 2],
    ['/envelope/origin', 'acme'],
    ['/envelope/origin', 'log.test/ac me/policy'],
    ['/envelope/origin', 'log.test:8080/acme/policy'],
    ['/envelope/revision', -1],
    ['/envelope/revision', 9007199254740991],
    ['/envelope/type', 'Granted'],
    ['/envelope/type_v', 0],
    ['/envelope/type_v', 7],
    ['/envelope/id', '00000000-0000-7000-8000-000000000007'],
    ['/envelope/command_id', ''],
    ['/envelope/occurred_at', '2026-11-22T02:13:17Z'],
    ['/envelope/occurred_at', '2026-12-31T23:59:60.000Z'],
    ['/envelope/recorded_at', '2026-13-22T02:13:17.000Z'],
    ['/envelope/actor', { id: 'a', kind: 'robot', roles: [] }],
    ['/envelope/actor', { id: '', kind: 'user', roles: [] }],
    ['/envelope/actor', { id: 'a', kind: 'user', roles: [''] }],
    ['/envelope/actor', { id: 'a', kind: 'user', roles: [], more: 1 }],
    ['/envelope/causes', []],
    ['/envelope/causes/0/leaf_hash', 'A'.repeat(64)],
    ['/envelope/causes/0/revision', -1],
    ['/envelope/causes/0/more', 1],
    ['/envelope/observed', {}],
    ['/envelope/observed', { 'other-kind': -1 }],
    ['/envelope/observed', { Kind: 1 }],
    ['/envelope/observed', { policy: -2 }],
    ['/envelope/correlation_id', ''],
    ['/envelope/traceparent', null],
    ['/envelope/payload_sha256', 'a'],
    ['/envelope/more', null],
  ])('says of %s = %j what the ledger says', (path, value) => {
    const mutated = withValue(entry, path, value);
    expect(EntryEnvelope.safeParse(mutated.envelope).success).toBe(
      findings(mutated).every((pointer) => !pointer.startsWith('/envelope')),
    );
  });
  it('says of every missing member and wrong type what the ledger says', () => {
    const mutants = mutantsOf(entry).filter(({ change }) => /^\/envelope\/.* is missing$/.test(change));
    expect(mutants.length).toBeGreaterThan(15);
    for (const mutant of mutants) {
      expect([mutant.change, EntryEnvelope.safeParse(mutant.entry.envelope).success]).toEqual([mutant.change, false]);
      expect([mutant.change, findings(mutant.entry).length > 0]).toEqual([mutant.change, true]);
    }
  });
});
