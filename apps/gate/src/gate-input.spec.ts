import { describe, expect, it } from '@jest/globals';
import { readCloudEvent } from '@verdict/contracts';
import { eventChangeOf } from './gate-input.js';

const ATTRIBUTES = '"specversion":"1.0","id":"7","source":"/ci/a","type":"change"';
const changeOf = (members: string, attributes = ATTRIBUTES) => {
  const text = `{"action":"apply",${members === '' ? '' : `${members},`}"cloud_event":{${attributes}}}`;
  const read = readCloudEvent(new TextEncoder().encode(text), {});
  if (read.kind === 'refused') throw new Error(JSON.stringify(read.errors));
  return eventChangeOf(read.value);
};

describe('the resource of an event', () => {
  const attributesWith = (more: string) => `"specversion":"1.0","id":"7","type":"change",${more}`;
  const referenceOf = (members: string, attributes: string) =>
    changeOf(members, attributesWith(attributes)).resourceReference;

  it('is the one that the data names, else the subject, else the source', () => {
    expect(referenceOf('"resource_reference":"r"', '"source":"/ci","subject":"s"')).toBe('r');
    expect(referenceOf('', '"source":"/ci","subject":"s"')).toBe('s');
    expect(referenceOf('', '"source":"/ci"')).toBe('/ci');
  });

  it('is no longer than a reference may be, and tells long sources apart', () => {
    const [a, b] = ['a', 'b'].map((end) => referenceOf('', `"source":"/${'x'.repeat(1022)}${end}"`));
    expect([a?.length, b?.length]).toEqual([505, 505]);
    expect(a).not.toBe(b);
  });
});

describe('the data of an event, as its hash binds an approval', () => {
  const plain = changeOf('"estimated_monthly_delta_usd":"10"').metadata;

  it.each([
    '"idempotency_key":"key-1"',
    '"dry_run":true',
    `"expected_request_fingerprint":"${'0'.repeat(64)}"`,
    '"justification":"the quarter ends"',
    '"ticket":"T-1"',
  ])('is the same however it is asked for: %s', (member) => {
    expect(changeOf(`"estimated_monthly_delta_usd":"10",${member}`).metadata).toBe(plain);
  });

  it.each([
    ['"estimated_monthly_delta_usd":"10"', '"estimated_monthly_delta_usd":"10.0000"'],
    ['"estimated_monthly_delta_usd":"10"', '"estimated_monthly_delta_usd":10'],
    ['"estimated_hourly_delta_usd":"0.5"', '"estimated_hourly_delta_usd":0.500000'],
    ['"environment":"prod"', '"environment":" Production"'],
    ['', '"environment":"","project_id":"default","metadata":{},"resource_reference":"/ci/a"'],
    ['"metadata":{"a":1.5,"b":2}', '"metadata":{"b":2.0,"a":1.50}'],
  ])('is the same in another spelling: %s and %s', (one, other) => {
    expect(changeOf(other).metadata).toBe(changeOf(one).metadata);
  });

  it('is told apart by numbers of a plan that no double holds, and is not broken by them', () => {
    const planWith = (number: string) => changeOf(`"plan":{"format_version":"1.2","x":${number}}`).metadata;
    expect(planWith('1e999')).not.toBe(planWith('-1e999'));
    expect(planWith('1e999')).toBe(planWith('1e999'));
  });

  it.each([
    '"estimated_monthly_delta_usd":"10.0001"',
    '"estimated_hourly_delta_usd":"0.1"',
    '"environment":"nonprod"',
    '"project_id":"web"',
    '"resource_reference":"r"',
    '"resource_changes":[]',
    `"plan_sha256":"${'0'.repeat(64)}"`,
  ])('is another one where another change is asked for: %s', (member) => {
    expect(changeOf(member).metadata).not.toBe(changeOf('').metadata);
  });
});
