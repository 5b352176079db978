import { describe, expect, it } from '@jest/globals';
import { readCloudEvent } from './cloud-event.js';

const UTF8 = new TextEncoder();
const readText = (body: string, headers: Readonly<Record<string, string>>) =>
  readCloudEvent(UTF8.encode(body), headers);
const read = (body: unknown, headers: Readonly<Record<string, string>>) => readText(JSON.stringify(body), headers);
const eventOf = (reading: ReturnType<typeof read>) => {
  if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.errors));
  return reading.value.event;
};
const ATTRIBUTES = { specversion: '1.0', id: '7', source: '/ci/a', type: 'change' };
const DATA = { action: 'apply' };
const STRUCTURED = { 'content-type': 'application/cloudevents+json' };
const headersOf = (attributes: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]));
const extensionsOf = (reading: ReturnType<typeof read>) => (reading.kind === 'ok' ? reading.value.extensions : reading);
const refusedAt = (pointer: string) => ({ kind: 'refused', code: 'validation_failed', errors: [{ pointer }] });
const UNSET = { subject: null, time: null, datacontenttype: null };

describe('an event', () => {
  it.each([
    ['structured', { ...ATTRIBUTES, ...UNSET, data: DATA }, { 'content-type': 'application/cloudevents+json' }],
    ['a member of the body', { ...DATA, cloud_event: { ...ATTRIBUTES, ...UNSET } }, {}],
  ])('may have attributes that are null, which are not set: %s', (_, body, headers) => {
    expect(eventOf(read(body, headers))).toEqual(ATTRIBUTES);
  });

  it('needs its required attributes, and null is none', () => {
    const reading = read({ ...DATA, cloud_event: { ...ATTRIBUTES, id: null } }, {});
    expect(reading).toMatchObject({ kind: 'refused', errors: [{ pointer: '/cloud_event/id' }] });
  });

  it.each([
    ['2026-11-22T10:00:00Z', true],
    ['2026-11-22t10:00:00.123456789+01:00', true],
    ['2016-12-31T23:59:60Z', true],
    ['2026-02-30T10:00:00Z', false],
    ['2026-11-22T24:00:00Z', false],
    ['2026-11-22 10:00:00Z', false],
    ['2026-11-22T10:00:00', false],
    ['yesterday', false],
  ])('has a time of RFC 3339, or is refused: %s', (time, isGood) => {
    const reading = read({ ...ATTRIBUTES, time, data: DATA }, STRUCTURED);
    expect(reading).toMatchObject(isGood ? { kind: 'ok', value: { event: { time } } } : refusedAt('/time'));
  });

  it.each([
    ['application/json', true],
    ['application/vnd.change+json; charset=utf-8', true],
    ['text/json', true],
    ['text/xml', false],
    ['application/jsonp', false],
  ])('has JSON as its data, or is refused: %s', (datacontenttype, isGood) => {
    const reading = read({ ...ATTRIBUTES, datacontenttype, data: DATA }, STRUCTURED);
    expect(reading).toMatchObject(isGood ? { kind: 'ok' } : refusedAt('/datacontenttype'));
  });

  it('keeps the attributes that nobody knows, whatever the mode, and says so of none', () => {
    const more = { partitionkey: 'a', sampledrate: 5, dataschema: 'urn:x' };
    const kept = '{"dataschema":"urn:x","partitionkey":"a","sampledrate":5}';
    expect(extensionsOf(read({ ...ATTRIBUTES, ...more, data: DATA }, STRUCTURED))).toBe(kept);
    expect(extensionsOf(read({ ...DATA, cloud_event: { ...ATTRIBUTES, ...more } }, {}))).toBe(kept);
    const binary = read(DATA, { ...headersOf(ATTRIBUTES), 'ce-partitionkey': 'a', 'ce-sampledrate': '5' });
    expect(extensionsOf(binary)).toBe('{"partitionkey":"a","sampledrate":"5"}');
    expect(extensionsOf(read({ ...ATTRIBUTES, unset: null, data: DATA }, STRUCTURED))).toBeNull();
  });

  it.each([
    ['5', '5'],
    ['1e3', '1000'],
    ['12345678901234567890', '"12345678901234567890"'],
    ['1e999', '"1e999"'],
    ['[1,12345678901234567890]', '"[1,12345678901234567890]"'],
    [`${'['.repeat(7)}1${']'.repeat(7)}`, `${'['.repeat(7)}1${']'.repeat(7)}`],
    [`${'['.repeat(8)}1${']'.repeat(8)}`, `"${'['.repeat(8)}1${']'.repeat(8)}"`],
    [`${'{"a":'.repeat(20)}"b"${'}'.repeat(20)}`, JSON.stringify(`${'{"a":'.repeat(20)}"b"${'}'.repeat(20)}`)],
  ])('is not refused for the value of an attribute that nobody knows: %s is kept as %s', (value, kept) => {
    const attributes = JSON.stringify(ATTRIBUTES).slice(1, -1);
    const structured = readText(`{${attributes},"x":${value},"y":1.5,"data":{"action":"apply"}}`, STRUCTURED);
    expect(extensionsOf(structured)).toBe(`{"x":${kept},"y":1.5}`);
    const plain = readText(`{"action":"apply","cloud_event":{${attributes},"x":${value},"y":1.5}}`, {});
    expect(extensionsOf(plain)).toBe(`{"x":${kept},"y":1.5}`);
  });

  it('may have an attribute 128 deep, which others define, in data that is 32 deep, which we do', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    const attributes = JSON.stringify(ATTRIBUTES).slice(1, -1);
    const around = (extension: number, data: number) =>
      readText(`{${attributes},"x":${nested(extension)},"data":{"action":"apply","y":${nested(data)}}}`, STRUCTURED);
    expect(around(128, 30)).toMatchObject({ kind: 'refused', code: 'unknown_field', errors: [{ pointer: '/data/y' }] });
    expect(around(129, 30)).toMatchObject({ kind: 'refused', code: 'malformed_json' });
    expect(around(128, 31)).toMatchObject({ kind: 'refused', code: 'malformed_json' });
  });

  it('has room for attributes as large as metadata may be', () => {
    const reading = read({ ...ATTRIBUTES, large: 'x'.repeat(64 * 1024), data: DATA }, STRUCTURED);
    expect(reading).toMatchObject({ kind: 'refused', code: 'metadata_too_large', errors: [{ pointer: '' }] });
  });

  it.each(['specversion', 'id', 'source', 'type'])('in binary mode names the header that is missing: ce-%s', (name) => {
    const { [`ce-${name}`]: _, ...headers } = headersOf(ATTRIBUTES);
    expect(read(DATA, headers)).toMatchObject(refusedAt(`/headers/ce-${name}`));
  });

  it('in binary mode is told each defect where it is: in a header, or in the data', () => {
    const headers = { ...headersOf(ATTRIBUTES), 'ce-time': 'soon', 'ce-source': 'x'.repeat(1025) };
    const reading = read({ action: '' }, headers);
    const pointers = reading.kind === 'refused' ? reading.errors.map(({ pointer }) => pointer) : [];
    expect(pointers).toEqual(['/headers/ce-source', '/headers/ce-time', '/action']);
  });

  it('is looked for in headers as soon as one of its attributes is there: source and type alone are no missing event', () => {
    const reading = read(DATA, { 'ce-source': '/ci/a', 'ce-type': 'change' });
    const pointers = reading.kind === 'refused' ? reading.errors.map(({ pointer }) => pointer) : [];
    expect(pointers).toEqual(['/headers/ce-specversion', '/headers/ce-id']);
    expect(read(DATA, { 'ce-partitionkey': 'a' })).toMatchObject(refusedAt('/cloud_event'));
  });

  it.each([
    ['Gr%C3%B6%C3%9Fe%20x', 'Größe x'],
    ['"a \\"b\\" c"', 'a "b" c'],
    ['"100%25"', '100%'],
    ['100%', '100%'],
  ])('has the attribute that the header %s means', (sent, meant) => {
    expect(eventOf(read(DATA, { ...headersOf(ATTRIBUTES), 'ce-subject': sent })).subject).toBe(meant);
  });
});
