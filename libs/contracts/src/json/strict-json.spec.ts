import { describe, expect, it } from '@jest/globals';
import { NumberToken } from '@verdict/domain';
import { FOREIGN_DEPTH_MAX, readJson, readJsonText } from './strict-json.js';

const UTF8 = new TextEncoder();
const read = (text: string, depthMax = 32) => readJson(UTF8.encode(text), { depthMax });
const malformed = (pointer: string, detail: string) => ({
  kind: 'malformed',
  pointer,
  detail: expect.stringMatching(`^${detail} at character [0-9]+$`) as unknown,
});

describe('what the strict reader refuses', () => {
  it.each([
    ['{"a":1,"a":1}', '/a', 'duplicate member'],
    ['{"a":{"b/c":[0,{"x":1,"\\u0078":2}]}}', '/a/b~1c/1/x', 'duplicate member'],
    ['{"__proto__":1,"__proto__":2}', '/__proto__', 'duplicate member'],
    ['{"a":"\\ud800"}', '/a', 'lone surrogate'],
    ['["\\udc00\\ud800"]', '/0', 'lone surrogate'],
    ['["\\ud83dx"]', '/0', 'lone surrogate'],
    ['{"\\ud800":1}', '', 'lone surrogate'],
    ['{} {}', '', 'trailing text'],
    ['1\u0000', '', 'trailing text'],
    ['\ufeff{}', '', 'byte order mark'],
    ['{"a":NaN}', '/a', 'not a JSON value'],
    ['{"a":-Infinity}', '/a', 'not a JSON number'],
    ['[01]', '', 'expected , or ] in a list'],
    ['[1,]', '/1', 'not a JSON value'],
    ['{"a":1,}', '', 'expected a member name'],
    ['{a:1}', '', 'expected a member name'],
    ['{"a" 1}', '', 'expected : after a member name'],
    ['["a\nb"]', '/0', 'control character in text'],
    ['["\\x"]', '/0', 'unknown escape'],
    ['["\\u12g4"]', '/0', 'unknown escape'],
    ['', '', 'not a JSON value'],
    ['[1.]', '/0', 'not a JSON number'],
    ['[1e+]', '/0', 'not a JSON number'],
    ['["open', '/0', 'control character in text'],
  ])('%j: %s %s', (text, pointer, detail) => {
    expect(read(text)).toEqual(malformed(pointer, detail.replace(/[\]+]/g, '\\$&')));
  });

  it.each([
    [[0x22, 0xff, 0x22]],
    [[0x22, 0xed, 0xa0, 0x80, 0x22]],
    [[0x22, 0xc0, 0xaf, 0x22]],
    [[0xff, 0xfe, 0x31, 0x00]],
  ])('bytes that are not UTF-8: %j', (bytes) => {
    expect(readJson(new Uint8Array(bytes), { depthMax: 32 })).toEqual({
      kind: 'malformed',
      pointer: '',
      detail: 'not UTF-8',
    });
  });

  it('quotes no value in what it says', () => {
    const result = read('{"password":"canary-1" "next":2}');
    expect(JSON.stringify(result)).not.toContain('canary');
  });
});

describe('depth', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

  it('ends at the limit that the payload has', () => {
    expect(read(nested(32)).kind).toBe('ok');
    expect(read(nested(33))).toEqual(malformed('/0'.repeat(32), 'nested deeper than 32'));
    expect(read(nested(128), FOREIGN_DEPTH_MAX).kind).toBe('ok');
    expect(read(nested(129), FOREIGN_DEPTH_MAX).kind).toBe('malformed');
    expect(read('{"a":'.repeat(33) + '1' + '}'.repeat(33)).kind).toBe('malformed');
  });

  it('of a payload that others define is counted from where it begins, and that around it goes on behind it', () => {
    const isForeign = (member: string, depth: number) => depth === 2 && member === 'plan';
    const within = (levels: number, behind: number, member = 'plan') =>
      readJsonText(`[{"${member}":${nested(levels)},"own":${nested(behind)}}]`, { depthMax: 32, isForeign });
    expect(within(128, 30).kind).toBe('ok');
    expect(within(129, 30)).toMatchObject({ kind: 'malformed', pointer: `/0/plan${'/0'.repeat(128)}` });
    expect(within(128, 31)).toMatchObject({ kind: 'malformed', pointer: `/0/own${'/0'.repeat(30)}` });
    expect(within(31, 30, 'other').kind).toBe('malformed');
    expect(readJsonText(`{"plan":${nested(32)}}`, { depthMax: 32, isForeign }).kind).toBe('malformed');
  });

  it('of what a foreign payload calls by a foreign name does not begin anew', () => {
    const isForeign = (member: string) => member === 'plan';
    const plans = (levels: number) => '{"plan":'.repeat(levels) + '1' + '}'.repeat(levels);
    expect(readJsonText(plans(129), { depthMax: 32, isForeign }).kind).toBe('ok');
    expect(readJsonText(plans(130), { depthMax: 32, isForeign }).kind).toBe('malformed');
  });

  it('refuses a hundred thousand levels without running out of stack', () => {
    expect(read('['.repeat(100_000)).kind).toBe('malformed');
    expect(read('{"a":'.repeat(100_000)).kind).toBe('malformed');
  });
});

describe('what the strict reader yields', () => {
  it('has number tokens as they were sent', () => {
    expect(read('[9007199254740993,0.10,-0,1E400]')).toEqual({
      kind: 'ok',
      value: ['9007199254740993', '0.10', '-0', '1E400'].map((text) => new NumberToken(text)),
    });
  });

  it('inherits nothing: __proto__ and constructor are ordinary members, present or not', () => {
    const result = read('{"__proto__":{"admin":true},"a":{}}');
    if (result.kind !== 'ok') throw new Error(result.detail);
    const value = result.value as Record<string, Record<string, unknown>>;
    expect(Object.keys(value)).toEqual(['__proto__', 'a']);
    expect(value['__proto__']?.['admin']).toBe(true);
    expect(value['admin']).toBeUndefined();
    expect(value['a']?.['constructor']).toBeUndefined();
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  it('joins escaped halves of one character, and reads text that is decoded already', () => {
    expect(readJsonText(' "\\ud83d\\ude00\\/\\u00E9é" ', { depthMax: 1 })).toEqual({ kind: 'ok', value: '😀/éé' });
  });
});
