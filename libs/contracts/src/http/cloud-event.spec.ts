import { describe, expect, it } from '@jest/globals';
import { readCloudEvent } from './cloud-event.js';

const UTF8 = new TextEncoder();
const read = (body: unknown, headers: Readonly<Record<string, string>>) =>
  readCloudEvent(UTF8.encode(JSON.stringify(body)), headers);
const eventOf = (reading: ReturnType<typeof read>) => {
  if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.errors));
  return reading.value.event;
};
const ATTRIBUTES = { specversion: '1.0', id: '7', source: '/ci/a', type: 'change' };
const DATA = { action: 'apply' };
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
    ['Gr%C3%B6%C3%9Fe%20x', 'Größe x'],
    ['"a \\"b\\" c"', 'a "b" c'],
    ['"100%25"', '100%'],
    ['100%', '100%'],
  ])('has the attribute that the header %s means', (sent, meant) => {
    const headers = { ...Object.fromEntries(Object.entries(ATTRIBUTES).map(([name, value]) => [`ce-${name}`, value])) };
    expect(eventOf(read(DATA, { ...headers, 'ce-subject': sent })).subject).toBe(meant);
  });
});
