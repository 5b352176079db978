import { describe, expect, it } from '@jest/globals';
import { DEPTH_MAX } from '../json/strict-json.js';
import { GateBody } from './gate.js';
import { parseBody } from './wire.js';

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
    expect(read('"metadata":{"a":1.0000000000000000}')).toMatchObject({ kind: 'refused', code: 'validation_failed' });
  });
});
