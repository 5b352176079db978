import { describe, expect, it } from '@jest/globals';
import { DEPTH_MAX } from '../json/strict-json.js';
import { FileRequestBody, VoteBody } from './approvals.js';
import { GateBody } from './gate.js';
import { parseBody, parseWith } from './wire.js';

const read = (members: string) =>
  parseBody(GateBody, new TextEncoder().encode(`{"action":"a","resource_reference":"r",${members}}`), {
    depthMax: DEPTH_MAX,
  });

describe('a number', () => {
  it.each([
    ['125.5000', { kind: 'ok', value: { estimated_monthly_delta_usd: 125_500_000n } }],
    ['125.50000', { kind: 'refused', code: 'money_too_precise' }],
    ['0.0000000', { kind: 'refused', code: 'money_too_precise' }],
    ['1.00000000000000000', { kind: 'refused', code: 'money_too_precise' }],
  ])('that is an amount has the places it was sent with: %s', (amount, expected) => {
    expect(read(`"estimated_monthly_delta_usd":${amount}`)).toMatchObject(expected);
  });

  it('in metadata is its value, however many zeros it was sent with', () => {
    expect(read('"metadata":{"a":1.50000,"b":[{"c":2.00000}],"d":0.1}')).toMatchObject({
      value: { metadata: '{"a":1.5,"b":[{"c":2}],"d":0.1}' },
    });
  });

  it.each([
    ['1e3', '1000'],
    ['1E+20', '100000000000000000000'],
    ['1e21', '1e+21'],
    ['1e-07', '1e-7'],
    ['0.0000001', '1e-7'],
    ['-1.50e-3', '-0.0015'],
    ['123456789012345e-20', '0.00000123456789012345'],
    ['1.7976931348623e308', '1.7976931348623e+308'],
    ['5e-324', '5e-324'],
    ['0e9', '0'],
    ['-0.0', '0'],
  ])('in metadata may have an exponent, and has the one spelling of RFC 8785: %s is %s', (sent, canonical) => {
    expect(read(`"metadata":{"a":${sent}}`)).toMatchObject({ value: { metadata: `{"a":${canonical}}` } });
  });

  it.each([
    '1.0000000000000000',
    '1234567890123456',
    '1234567890123456e-3',
    '12345678901234567890',
    '1e309',
    '-1e400',
    '1e-400',
    '1.23456789012345e-320',
  ])('in metadata is refused where its digits would be lost: %s', (sent) => {
    expect(read(`"metadata":{"a":${sent}}`)).toMatchObject({ kind: 'refused', code: 'validation_failed' });
  });

  it.each(['1e3', '1e-3', '0.00000001e8', '12345678901234567'])('that is an amount is still exact: %s', (amount) => {
    expect(read(`"estimated_hourly_delta_usd":${amount}`)).toMatchObject({ kind: 'refused', code: 'money_not_exact' });
  });
});

describe('a justification, notes and a ticket', () => {
  const decision_id = '019abcde-0000-7000-8000-000000000000';
  it.each([
    ['of a question', GateBody, { action: 'a', resource_reference: 'r' }, { justification: '', ticket: '' }],
    ['of a request', FileRequestBody, { decision_id }, { justification: '', ticket: '' }],
    ['of a vote', VoteBody, {}, { notes: '', ticket: '' }],
  ])('that are empty are as if they had not been sent: %s', (_, schema, sent, empty) => {
    const [reading, without] = [parseWith(schema, { ...sent, ...empty }), parseWith(schema, sent)];
    expect(reading).toEqual(without);
    expect(reading.kind).toBe('ok');
  });

  it.each([
    ['justification', 2000],
    ['ticket', 128],
  ])('have an end: %s of %d characters', (member, max) => {
    expect(read(`"${member}":"${'x'.repeat(max)}"`)).toMatchObject({ value: { [member]: 'x'.repeat(max) } });
    expect(read(`"${member}":"${'x'.repeat(max + 1)}"`)).toMatchObject({ kind: 'refused', code: 'validation_failed' });
  });
});
