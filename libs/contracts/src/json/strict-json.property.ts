import { describe, expect, it } from '@jest/globals';
import { NumberToken, type RawJson } from '@verdict/domain';
import fc from 'fast-check';
import { readJson } from './strict-json.js';

const UTF8 = new TextEncoder();
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });
const read = (text: string, depthMax = 32) => readJson(UTF8.encode(text), { depthMax });

/** The tree as JSON.parse would give it. */
const plain = (value: RawJson): unknown => {
  if (value instanceof NumberToken) return Number(value.text);
  if (Array.isArray(value)) return (value as readonly RawJson[]).map(plain);
  if (typeof value !== 'object' || value === null) return value;
  // fromEntries makes an own __proto__ member, as JSON.parse does.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
};

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

const parsed = (text: string): { value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
};

const LONE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;
const hasLone = (value: unknown): boolean => {
  if (typeof value === 'string') return LONE.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => LONE.test(name) || hasLone(member));
};

const jsonText = fc.oneof(
  fc.json({ maxDepth: 5, noUnicodeString: false }),
  fc
    .tuple(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 1, '\t', '\r\n '))
    .map(([v, space]) => JSON.stringify(v, null, space)),
);
/** Near misses: one piece cut out, doubled or put in. */
const broken = fc
  .tuple(
    jsonText,
    fc.nat(),
    fc.nat(3),
    fc.constantFrom('', ',', '"', '\\', '{', '}', '[', ']', ':', '0', '-', '.', 'e', ' ', '\u0001', '\\u', 'é'),
  )
  .map(([text, place, cut, put]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + put + text.slice(at + cut);
  });
const soup = fc
  .array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '1',
      '-0',
      '1e5',
      '01',
      '.5',
      '1.',
      'true',
      'nul',
      ' ',
      '\n',
      '""',
      '"\\u0041"',
      '"\\ud800"',
      '\ufeff',
      "'",
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));

describe('the strict reader beside JSON.parse', () => {
  it('accepts what JSON.parse accepts, with the same value, but for what a rule names', () => {
    fc.assert(
      fc.property(fc.oneof(jsonText, broken, soup), (any) => {
        const text = DECODER.decode(UTF8.encode(any)); // Bytes cannot hold a lone surrogate.
        const expected = parsed(text);
        const result = read(text);
        if (expected === undefined) {
          expect(result.kind).toBe('malformed');
          return;
        }
        if (result.kind === 'ok') {
          expect(plain(result.value)).toEqual(expected.value);
          return;
        }
        const isExcused =
          result.detail.startsWith('duplicate member') || hasLone(expected.value) || depthOf(expected.value) > 32;
        expect({ text, result, isExcused }).toMatchObject({ isExcused: true });
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps every number token as it was sent', () => {
    const token = fc
      .tuple(
        fc.constantFrom('', '-'),
        fc.stringMatching(/^(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?$/),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(token, (text) => {
        expect(read(`[${text}]`)).toEqual({ kind: 'ok', value: [new NumberToken(text)] });
      }),
    );
  });

  it('refuses every cut of a text, and never throws on any bytes', () => {
    const sample = UTF8.encode('{"a":[1.5e3,-0,"x\\u00e9\\n€😀",{"b":null,"c":true,"d":false}],"e":{}}');
    expect(readJson(sample, { depthMax: 32 }).kind).toBe('ok');
    for (let length = 0; length < sample.length; length += 1)
      expect(readJson(sample.subarray(0, length), { depthMax: 32 }).kind).toBe('malformed');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (noise, at) => {
        const bytes = new Uint8Array([...sample.subarray(0, at), ...noise, ...sample.subarray(at)]);
        expect(['ok', 'malformed']).toContain(readJson(bytes, { depthMax: 32 }).kind);
      }),
      { numRuns: 2000 },
    );
  });
});
