import { describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalBytes, canonicalText } from './canonical.js';
import type { JsonValue } from './json-value.js';
import { isCanonical, parseStrict } from './strict-parser.js';

const json = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, -0, 0),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'binary', maxLength: 6 }), tie('value'), { maxKeys: 6, noNullPrototype: false }),
  ),
})).value;

describe('canonical JSON', () => {
  it('agrees with the canonicalize package on every value that both accept', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalText(value)).toBe((canonicalize as unknown as (value: unknown) => string)(value));
      }),
      { numRuns: 1000 },
    );
  });

  it('is read back by the strict reader as the same value, and is its own canonical form', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = canonicalBytes(value);
        expect(canonicalText(parseStrict(bytes))).toBe(canonicalText(value));
        expect(isCanonical(bytes)).toBe(true);
      }),
    );
  });

  it('agrees with JSON.parse on every text that the strict reader accepts', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(0, 1, 2), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(canonicalText(parseStrict(Buffer.from(text, 'utf8')))).toBe(
          canonicalText(JSON.parse(text) as JsonValue),
        );
      }),
    );
  });
});
