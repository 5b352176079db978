import { describe, expect, it } from '@jest/globals';
import { leafHash, readEntry, toHex } from '@verdict/ledger';
import { Ajv, type ValidateFunction } from 'ajv';
import {
  fullestOfEach,
  likenessesOf,
  mutantsOf,
  type RecordedLine,
  recordedEntries,
  withValue,
} from '../../../../test/support/recorded-entries.js';
import { EventHeaders } from '../kafka/headers.js';
import { eventTypeOf } from '../kafka/topics.js';
import { asyncApiDocument } from './document.js';

const recorded = recordedEntries();
const lines = recorded.map(({ line }) => line);
const document = asyncApiDocument({ version: '1.2.3', recorded: lines });
const messages = document.components['messages'] ?? {};

const ajv = new Ajv({ strict: false }).addSchema(document, 'document');
const validatorOf = (part: 'headers' | 'payload', name: string): ValidateFunction => {
  const pointer = `document#/components/messages/${name}/${part}`;
  return ajv.getSchema(pointer) ?? ajv.compile({ $ref: pointer });
};
const nameOf = ({ kind, entry: { envelope } }: RecordedLine): string =>
  eventTypeOf({ kind, type: envelope.type, typeV: envelope.type_v });

/** The headers of an entry, written out from the table alone. @source protocols section 4.1 */
const headersOf = (each: RecordedLine): Record<string, string> => {
  const { envelope, envelopeBytes } = readEntry(Buffer.from(each.line));
  return {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: envelope.id,
    ce_source: `//${envelope.origin}`,
    ce_type: `verdict.${each.kind}.${envelope.type}.v${envelope.type_v}`,
    ce_time: envelope.recorded_at,
    ce_sequence: String(envelope.revision).padStart(20, '0'),
    ce_partitionkey: envelope.origin.split('/').at(-2) ?? '',
    ce_leafhash: toHex(leafHash(envelopeBytes)),
  };
};

describe('the AsyncAPI document, against recorded journals', () => {
  it('describes every entry of every release', () => {
    for (const each of recorded) {
      const validate = validatorOf('payload', nameOf(each));
      validate(each.entry);
      expect([each.release, nameOf(each), validate.errors]).toEqual([each.release, nameOf(each), null]);
    }
  });
  it('describes the headers of every entry, as their schema does', () => {
    for (const each of recorded) {
      const headers = headersOf(each);
      const validate = validatorOf('headers', nameOf(each));
      validate(headers);
      expect([nameOf(each), validate.errors]).toEqual([nameOf(each), null]);
      expect(EventHeaders.parse(headers)).toEqual(headers);
    }
  });
  it('tells messages apart: no entry is another message, and no headers are', () => {
    for (const each of fullestOfEach(recorded)) {
      const others = Object.keys(messages).filter((name) => name !== nameOf(each));
      expect(others.filter((name) => validatorOf('payload', name)(each.entry))).toEqual([]);
      expect(others.filter((name) => validatorOf('headers', name)(headersOf(each)))).toEqual([]);
    }
  });
  it('refuses every missing member and every wrong type', () => {
    for (const each of fullestOfEach(recorded)) {
      const validate = validatorOf('payload', nameOf(each));
      const taken = mutantsOf(each.entry, likenessesOf(recorded, each)).filter((mutant) => validate(mutant.entry));
      expect([nameOf(each), taken.map(({ change }) => change)]).toEqual([nameOf(each), []]);
    }
  });
  it('refuses a payload under the envelope of another type, version or journal', () => {
    for (const each of fullestOfEach(recorded)) {
      const validate = validatorOf('payload', nameOf(each));
      expect(validate(withValue(each.entry, '/envelope/type', 'other_happened'))).toBe(false);
      expect(validate(withValue(each.entry, '/envelope/type_v', 2))).toBe(false);
      expect(validate(withValue(each.entry, '/envelope/origin', 'log.test/acme/other'))).toBe(false);
    }
  });
  it('shows recorded entries, where they are short', () => {
    const shown = Object.entries(messages).filter(([, message]) => 'examples' in message);
    expect(shown.length).toBeGreaterThan(15);
    for (const [name, message] of shown) {
      const [{ payload }] = message['examples'] as [{ payload: unknown }];
      expect(recorded.map(({ entry }) => entry)).toContainEqual(payload);
      expect([name, validatorOf('payload', name)(payload)]).toEqual([name, true]);
      expect(JSON.stringify(payload).length).toBeLessThanOrEqual(2000);
    }
  });
});
