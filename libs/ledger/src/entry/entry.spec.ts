import { describe, expect, it } from '@jest/globals';
import { hash } from 'node:crypto';
import { canonicalText } from '../json/canonical.js';
import { leafHash, sha256Hex, storeIdOf, toHex, uuidOfHex } from '../hash.js';
import { checkEntry } from './check-entry.js';
import { ENTRY_ID_NAMESPACE, entryIdOf } from './entry-id.js';
import { EntryTooLarge } from './envelope.js';
import { readEntry } from './read-entry.js';
import { EntryInvalid, sealEntry } from './seal-entry.js';
import type { EntryDraft } from './seal-entry.js';

const draft: EntryDraft = {
  origin: 'ledger.example/acme/decisions',
  revision: 7n,
  type: 'decision_recorded',
  typeV: 1,
  commandId: 'command-1',
  ordinal: 0,
  occurredAt: '2026-11-05T10:00:00.000Z',
  recordedAt: '2026-11-05T10:00:00.001Z',
  actor: { kind: 'user', id: 'dana', roles: ['member'] },
  causes: [],
  observed: { policy: 3, approvals: -1 },
  correlationId: null,
  traceparent: null,
  payload: { amount_usd: '1.0000', trick: '},"payload":{', z: ['é'] },
};
const codesOf = (bytes: Uint8Array): readonly string[] =>
  checkEntry(bytes).map(({ code, pointer }) => `${code} ${pointer}`);
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

describe('sealEntry', () => {
  it('makes bytes whose envelope names the hash of the payload and whose leaf is the hash of the envelope', () => {
    const sealed = sealEntry(draft);
    const entry = readEntry(sealed.bytes);
    expect(entry.payload).toEqual(draft.payload);
    expect(entry.envelope).toMatchObject({
      v: 1,
      revision: 7,
      id: sealed.id,
      payload_sha256: sha256Hex(entry.payloadBytes),
    });
    expect(sealed.leafHash).toEqual(leafHash(entry.envelopeBytes));
    expect(sealed.storeId).toBe(storeIdOf(sealed.leafHash));
    expect(checkEntry(sealed.bytes)).toEqual([]);
    expect(textOf(sealed.bytes)).toBe(canonicalText(JSON.parse(textOf(sealed.bytes)) as never));
  });

  it('gives the same bytes for the same draft and other ids for another ordinal', () => {
    expect(sealEntry({ ...draft })).toEqual(sealEntry(draft));
    expect(sealEntry({ ...draft, ordinal: 1 }).id).not.toBe(sealEntry(draft).id);
  });

  it('finds the boundary although texts of the envelope imitate it', () => {
    const tricky = { ...draft, actor: { ...draft.actor, id: 'x},"payload":{"' }, correlationId: '},"payload":' };
    expect(readEntry(sealEntry(tricky).bytes).payload).toEqual(draft.payload);
  });

  it('refuses an envelope above 65,535 bytes and a payload above 256 KiB, and takes them at the limit', () => {
    const spare = 256 * 1024 - canonicalText({ text: '' }).length;
    expect(checkEntry(sealEntry({ ...draft, payload: { text: 'x'.repeat(spare) } }).bytes)).toEqual([]);
    expect(() => sealEntry({ ...draft, payload: { text: 'x'.repeat(spare + 1) } })).toThrow(EntryTooLarge);
    const used = readEntry(sealEntry({ ...draft, correlationId: '' }).bytes).envelopeBytes.length;
    expect(() => sealEntry({ ...draft, correlationId: 'x'.repeat(65_535 - used) })).not.toThrow();
    expect(() => sealEntry({ ...draft, correlationId: 'x'.repeat(65_536 - used) })).toThrow(EntryTooLarge);
  });

  it.each<[string, Partial<EntryDraft>, string]>([
    ['an instant without milliseconds', { recordedAt: '2026-11-05T10:00:00Z' }, '/recorded_at'],
    ['a negative revision', { revision: -1n }, '/revision'],
    ['a type that is no snake_case word', { type: 'Decided' }, '/type'],
    ['a text that is not in normal form C', { commandId: 'e\u0301' }, '/command_id'],
    ['a cause without a leaf hash', { causes: [{ origin: 'a/b', revision: 0, leaf_hash: '' }] }, '/causes'],
    ['a payload that is no object', { payload: [1] }, '/payload'],
  ])('refuses %s', (_name, change, pointer) => {
    expect(() => sealEntry({ ...draft, ...change })).toThrow(EntryInvalid);
    expect(() => sealEntry({ ...draft, ...change })).toThrow(pointer);
  });
});

it('has no form for a revision beyond 2^53-1', () => {
  expect(() => sealEntry({ ...draft, revision: 2n ** 53n })).toThrow('number_not_integer at /revision');
});

describe('checkEntry', () => {
  const sound = textOf(sealEntry(draft).bytes);
  it.each<[string, (text: string) => string, string]>([
    [
      'another payload',
      (text) => text.replace('"1.0000"', '"2.0000"'),
      'payload_hash_mismatch /envelope/payload_sha256',
    ],
    ['white space', (text) => text.replace(',"payload"', ', "payload"'), 'not_canonical '],
    ['a duplicate member', (text) => text.replace('"v":1', '"v":1,"v":1'), 'duplicate_key /envelope/v'],
    ['an unknown member', (text) => text.replace('"v":1', '"v":1,"w":1'), 'member_unknown /envelope/w'],
    ['a missing member', (text) => text.replace('"traceparent":null,', ''), 'member_missing /envelope/traceparent'],
    ['another version', (text) => text.replace('"v":1', '"v":2'), 'member_invalid /envelope/v'],
    ['a third member', (text) => text.replace(/}$/, ',"z":1}'), 'not_an_entry '],
  ])('finds %s', (_name, change, finding) => {
    expect(change(sound)).not.toBe(sound);
    expect(codesOf(Buffer.from(change(sound), 'utf8'))).toContain(finding);
  });
});

describe('ids', () => {
  it('derives its namespace from a name in the URL namespace of RFC 9562', () => {
    const url = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');
    expect(uuidOfHex(hash('sha1', Buffer.concat([url, Buffer.from('urn:verdict:ledger:entry:v1')]), 'hex'), 5)).toBe(
      ENTRY_ID_NAMESPACE,
    );
  });
  it('tells apart what plain joining would not', () =>
    expect(entryIdOf('a/b', 'c', 1)).not.toBe(entryIdOf('a', 'b/c', 1)));
  it('marks a store id as version 8 of the RFC 9562 variant', () => {
    const id = storeIdOf(new Uint8Array(32).fill(0xff));
    expect(id).toBe('ffffffff-ffff-8fff-bfff-ffffffffffff');
    expect(toHex(Uint8Array.of(0, 255))).toBe('00ff');
  });
});
