import { describe, expect, it } from '@jest/globals';
import { readRecord, type TopicRecord } from './read-record.js';
import { LOG_HOST } from './testing/bus-clients.js';
import { entryAt, journalOf, recordOf } from './testing/records.js';

const CONTEXT = { logHost: LOG_HOST, kind: 'decisions' } as const;
const journal = journalOf(3);
const entry = entryAt(journal, 1);
const sound = recordOf(journal, entry);
const other = journalOf(3);

const withHeader = (name: string, value: unknown): TopicRecord => ({
  ...sound,
  headers: { ...sound.headers, [name]: value },
});
const withValue = (change: (text: string) => string): TopicRecord => ({
  ...sound,
  value: Buffer.from(change(sound.value?.toString('utf8') ?? '')),
});

describe('A record of a topic', () => {
  it('gives the entry that was published, with its bytes untouched', () => {
    expect(readRecord(sound, CONTEXT)).toEqual({
      kind: 'entry',
      claim: { journal: journal.journal, tenantId: journal.tenantId, revision: 1n },
      entry: { ...entry, bytes: sound.value },
    });
  });

  it('may have headers that are not ours', () => {
    expect(readRecord(withHeader('traceparent', Buffer.from('00-1-2-01')), CONTEXT).kind).toBe('entry');
    expect(readRecord(withHeader('ce_subject', Buffer.from('another')), CONTEXT).kind).toBe('entry');
  });

  it.each<readonly [string, TopicRecord, string]>([
    ['without value', { ...sound, value: null }, 'tombstone'],
    ['without key', { ...sound, key: null }, 'key'],
    ['with a key that no tenant has', { ...sound, key: Buffer.from('../acme') }, 'key'],
    ['with the key of another tenant', { ...sound, key: Buffer.from(other.tenantId) }, 'ce_source'],
    ['without headers', { key: sound.key, value: sound.value, offset: '0' }, 'ce_source'],
    ['of another log', withHeader('ce_source', Buffer.from(`//elsewhere/${journal.tenantId}/decisions`)), 'ce_source'],
    ['of another kind', recordOf({ ...journal, kind: 'approvals' }, entry), 'ce_source'],
    ['with its sequence twice', withHeader('ce_sequence', [Buffer.from('1'), Buffer.from('1')]), 'ce_sequence'],
    ['with a sequence that is not padded', withHeader('ce_sequence', Buffer.from('1')), 'ce_sequence'],
    ['with a sequence beyond every revision', withHeader('ce_sequence', Buffer.from('9'.repeat(20))), 'ce_sequence'],
  ])('%s names no journal worth a look', (_, record, reason) => {
    expect(readRecord(record, CONTEXT)).toEqual({ kind: 'unsound', reason, claim: undefined });
  });

  it.each<readonly [string, TopicRecord, string]>([
    ['with a changed payload', withValue((text) => text.replace('ALLOW', 'DENY_')), 'entry: payload_hash_mismatch'],
    ['with a changed envelope', withValue((text) => text.replace('"command-1"', '"command-9"')), 'ce_leafhash'],
    ['in another spelling', withValue((text) => text.replace('{"envelope"', '{ "envelope"')), 'entry: not_canonical'],
    ['that is cut short', withValue((text) => text.slice(0, -20)), 'entry: syntax'],
    ['that is empty', withValue(() => ''), 'entry: syntax'],
    [
      'with the leaf hash of another entry',
      withHeader('ce_leafhash', recordOf(journal, entryAt(journal, 2)).headers?.['ce_leafhash']),
      'ce_leafhash',
    ],
    ['with the id of another entry', withHeader('ce_id', Buffer.from(entryAt(journal, 2).id)), 'ce_id'],
    ['with another type', withHeader('ce_type', Buffer.from('verdict.decisions.hold_voided.v1')), 'ce_type'],
    ['with another time', withHeader('ce_time', Buffer.from('2026-11-22T02:13:18.000Z')), 'ce_time'],
    ['with another partition key', withHeader('ce_partitionkey', Buffer.from('acme')), 'ce_partitionkey'],
    ['with another version of CloudEvents', withHeader('ce_specversion', Buffer.from('2.0')), 'ce_specversion'],
    ['with another content type', withHeader('content-type', Buffer.from('text/plain')), 'content-type'],
    ['with the value of another tenant', { ...sound, value: recordOf(other, entryAt(other, 1)).value }, 'origin'],
    [
      'with the value of another revision',
      { ...sound, value: recordOf(journal, entryAt(journal, 2)).value },
      'revision',
    ],
  ])('%s gives no entry, but says where to look', (_, record, reason) => {
    expect(readRecord(record, CONTEXT)).toEqual({
      kind: 'unsound',
      reason,
      claim: { journal: journal.journal, tenantId: journal.tenantId, revision: 1n },
    });
  });
});
