import { describe, expect, it } from '@jest/globals';
import { CanonicalError, canonicalText } from './canonical.js';
import type { JsonValue } from './json-value.js';
import { StrictJsonError, isCanonical, parseStrict } from './strict-parser.js';

const refusalOf = (action: () => unknown): unknown => {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof CanonicalError || error instanceof StrictJsonError) return [error.code, error.pointer];
    throw error;
  }
};
const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');

describe('canonicalText', () => {
  it('sorts members by UTF-16 code units as the example of RFC 8785 section 3.2.3 does', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew',
      '1': 'One',
      '\ud83d\ude00': 'Emoji',
      '\u0080': 'Control',
      '\u00f6': 'Latin',
    };
    const keys = [...canonicalText(value).matchAll(/:"(\w+)/g)].map(([, word]) => word);
    expect(keys).toEqual(['Carriage', 'One', 'Control', 'Latin', 'Euro', 'Emoji', 'Hebrew']);
  });

  it('escapes only what RFC 8785 section 3.2.2.2 escapes', () => {
    expect(canonicalText('\u20ac$\u000f\nA\'B"\\"/\u007f\u2028')).toBe(
      '"\u20ac$\\u000f\\nA\'B\\"\\\\\\"/\u007f\u2028"',
    );
  });

  it('writes minus zero as zero', () => expect(canonicalText([-0, 0])).toBe('[0,0]'));

  it.each<[string, unknown, unknown]>([
    ['a fraction', { a: [1, 1.5] }, ['number_not_integer', '/a/1']],
    ['an integer beyond 2^53-1', { 'a/b': 2 ** 53 }, ['number_not_integer', '/a~1b']],
    ['NaN', Number.NaN, ['number_not_integer', '']],
    ['a lone surrogate', { x: ['\ud800'] }, ['lone_surrogate', '/x/0']],
    ['a lone surrogate in a name', { 'a\udc00': 1 }, ['lone_surrogate', '/a\udc00']],
    ['undefined', { a: undefined }, ['not_json', '/a']],
    ['a bigint', [1n], ['not_json', '/0']],
    ['a Date', { at: new Date(0) }, ['not_json', '/at']],
    ['a Map', new Map(), ['not_json', '']],
  ])('refuses %s and names the place', (_name, value, refusal) => {
    expect(refusalOf(() => canonicalText(value as JsonValue))).toEqual(refusal);
  });

  it('refuses nesting deeper than 64', () => {
    const nest = (depth: number): JsonValue => (depth === 0 ? 1 : [nest(depth - 1)]);
    expect(canonicalText(nest(64))).toHaveLength(129);
    expect(refusalOf(() => canonicalText(nest(65)))).toEqual(['too_deep', '/0'.repeat(64)]);
  });
});

describe('parseStrict', () => {
  it.each<[string, string, unknown]>([
    ['duplicate members', '{"a":{"b":1,"b":2}}', ['duplicate_key', '/a/b']],
    ['members that are duplicates after unescaping', '{"a":1,"\\u0061":2}', ['duplicate_key', '/a']],
    ['a second __proto__', '{"__proto__":1,"__proto__":2}', ['duplicate_key', '/__proto__']],
    ['fractions', '[1,[2.0]]', ['number_not_integer', '/1/0']],
    ['exponents', '{"n":1e3}', ['number_not_integer', '/n']],
    ['big integers', '9007199254740993', ['number_not_integer', '']],
    ['trailing bytes', '{} x', ['trailing_bytes', '']],
    ['a second value', '1 2', ['trailing_bytes', '']],
    ['lone surrogates', '{"a":"\\ud800"}', ['lone_surrogate', '/a']],
    ['leading zeros', '01', ['trailing_bytes', '']],
    ['a BOM', '\ufeff{}', ['syntax', '']],
    ['trailing commas', '[1,]', ['syntax', '/1']],
    ['raw controls', '"\u0001"', ['syntax', '']],
    ['nothing', '', ['syntax', '']],
    ['deep nesting', '['.repeat(65), ['too_deep', '/0'.repeat(64)]],
  ])('refuses %s and names the place', (_name, text, refusal) => {
    expect(refusalOf(() => parseStrict(utf8(text)))).toEqual(refusal);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(refusalOf(() => parseStrict(Uint8Array.of(0x22, 0xff, 0x22)))).toEqual(['not_utf8', '']);
  });

  it('keeps __proto__ as a member like any other', () => {
    expect(Object.entries(parseStrict(utf8('{"__proto__":{"x":1}}')) as object)).toEqual([['__proto__', { x: 1 }]]);
  });
});

describe('isCanonical', () => {
  it.each(['{"a":1,"b":[]}', '"\u20ac"', '-1', '{"__proto__":1}'])('accepts %s', (text) =>
    expect(isCanonical(utf8(text))).toBe(true),
  );
  it.each([
    '{"b":1,"a":1}',
    '{"a":1 }',
    '{"a":1,"a":1}',
    '1.0',
    '-0',
    '"\\u0061"',
    '"\\/"',
    '{} ',
    '9007199254740993',
    '',
  ])('refuses %s', (text) => expect(isCanonical(utf8(text))).toBe(false));
});
