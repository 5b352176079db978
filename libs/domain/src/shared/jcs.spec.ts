import { describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { jcsText } from './jcs.js';
import { NumberToken } from './raw-json.js';
import { sha256Hex } from './sha256.js';

const independent = canonicalize as unknown as (value: unknown) => string | undefined;

describe('canonical text', () => {
  it('prints the sample of RFC 8785', () => {
    const sample = {
      numbers: [new NumberToken('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(jcsText(sample)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts members by UTF-16 code units, not by code points', () => {
    expect(jcsText({ '\ufb33': 1, '\u{1f600}': 2, ö: 3, '1': 4, '\r': 5, '10': 6, '2': 7 })).toBe(
      '{"\\r":5,"1":4,"10":6,"2":7,"ö":3,"\u{1f600}":2,"\ufb33":1}',
    );
  });

  it('prints minus zero as 0 and leaves absent members out', () => {
    expect(jcsText({ a: -0, b: undefined, c: new NumberToken('-0.0') })).toBe('{"a":0,"c":0}');
  });

  it.each([[NaN], [Infinity], [new NumberToken('1e999')], ['\ud800'], ['a\udc00'], [{ '\udfff': 1 }]])(
    'throws RangeError for %j',
    (value) => {
      expect(() => jcsText([value])).toThrow(RangeError);
    },
  );

  it('agrees with an independent implementation', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        let text: string;
        try {
          text = jcsText([value]);
        } catch {
          return; // A lone surrogate, which only we refuse.
        }
        expect(text).toBe(independent([value]));
      }),
    );
  });
});

it('hashes text as UTF-8', () => {
  expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(sha256Hex('Größe')).toBe(sha256Hex(new TextEncoder().encode('Größe')));
});
