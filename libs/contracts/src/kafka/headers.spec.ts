import { describe, expect, it } from '@jest/globals';
import { ENTRY_BYTES_MAX } from '@verdict/ledger';
import { ENTRY_KINDS } from '../entries/entry-schema.js';
import { EventHeaders } from './headers.js';
import { eventTypeOf, TOPIC_MESSAGE_BYTES_MAX, topicOf } from './topics.js';

const headers = {
  'content-type': 'application/json',
  ce_specversion: '1.0',
  ce_id: '8daf914c-1c92-553b-b27d-8fd3832fb998',
  ce_source: '//log.example.com/acme/decisions',
  ce_type: 'verdict.decisions.decision_recorded.v1',
  ce_time: '2026-11-22T02:13:17.000Z',
  ce_subject: '00000000-0000-7000-8000-000000000007',
  ce_sequence: '00000000000000000041',
  ce_partitionkey: 'acme',
  ce_traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  ce_leafhash: 'a'.repeat(64),
};
const OPTIONAL: readonly string[] = ['ce_subject', 'ce_traceparent'];
const without = (name: string) => Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));

describe('the headers of a message', () => {
  it('are those of CloudEvents in Kafka binary mode, and pass as they are', () => {
    expect(EventHeaders.parse(headers)).toEqual(headers);
  });
  it('have names that CloudEvents allows for attributes: lower-case letters and digits, at most 20', () => {
    const names = Object.keys(EventHeaders.shape).filter((name) => name !== 'content-type');
    expect(names.filter((name) => !/^ce_[a-z0-9]{1,20}$/.test(name))).toEqual([]);
  });
  it.each(Object.keys(headers))('are complete without %s only where there may be none', (name) => {
    expect(EventHeaders.safeParse(without(name)).success).toBe(OPTIONAL.includes(name));
  });
  it.each([
    ['content-type', 'application/cloudevents+json'],
    ['ce_specversion', '1.1'],
    ['ce_id', '00000000-0000-7000-8000-000000000007'],
    ['ce_source', 'log.example.com/acme/decisions'],
    ['ce_source', '//acme'],
    ['ce_type', 'decision_recorded'],
    ['ce_type', 'verdict.decisions.decision_recorded.v0'],
    ['ce_time', '2026-11-22T02:13:17Z'],
    ['ce_subject', ''],
    ['ce_sequence', '41'],
    ['ce_sequence', '-0000000000000000001'],
    ['ce_partitionkey', 'Acme'],
    ['ce_traceparent', '0af7651916cd43dd8448eb211c80319c'],
    ['ce_leafhash', 'A'.repeat(64)],
  ])('refuse %s: %s', (name, value) => {
    expect(EventHeaders.safeParse({ ...headers, [name]: value }).success).toBe(false);
  });
  it('leave the headers of others alone', () => {
    expect(EventHeaders.parse({ ...headers, 'x-hop': '1' })).toEqual(headers);
  });
});

describe('the topics', () => {
  it('are one per journal kind', () => {
    expect(ENTRY_KINDS.map(topicOf)).toEqual([
      'verdict.policy.v1',
      'verdict.decisions.v1',
      'verdict.approvals.v1',
      'verdict.reservations.v1',
    ]);
  });
  it('take the largest entry that is legal, and 64 KiB of headers', () => {
    expect(TOPIC_MESSAGE_BYTES_MAX).toBeGreaterThan(ENTRY_BYTES_MAX + 64 * 1024);
  });
  it('carry events whose type names kind, type and version', () => {
    expect(eventTypeOf({ kind: 'decisions', type: 'decision_recorded', typeV: 1 })).toBe(headers.ce_type);
  });
});
