import { describe, expect, it } from '@jest/globals';
import { type RouteId, ROUTES } from '@verdict/contracts';
import { randomUUID } from 'node:crypto';
import { sendRaw } from '../../support/e2e/api.js';
import { bytes, type Expected, good, nested, openBadInput, withMember } from '../../support/e2e/bad-input.js';
import { ask } from '../../support/e2e/story.js';

describe('bad input of the form of a body', () => {
  const bad = openBadInput();
  const { aTenant, expectRefusal, post, refusedAndUnwritten } = bad;

  const malformed: Expected = { status: 400, code: 'malformed_json' };
  const cases: readonly (readonly [string, string | Uint8Array, Expected, Readonly<Record<string, string>>?])[] = [
    ['truncated JSON', good.slice(0, -7), malformed],
    ['text that is no JSON', 'hello', malformed],
    ['bare NaN', withMember('"metadata":{"n":NaN}'), malformed],
    ['only blanks', '   ', malformed],
    ['a duplicate member', withMember('"environment":"nonprod"'), malformed],
    ['a duplicate member by escape', withMember('"environmen\\u0074":"nonprod"'), malformed],
    ['a duplicate member deep inside', withMember('"metadata":{"a":{"b":1,"b":2}}'), malformed],
    ['trailing bytes', `${good} x`, malformed],
    ['two documents', `${good}${good}`, malformed],
    ['a trailing NUL', bytes(good, [0]), malformed],
    ['a byte order mark', bytes([0xef, 0xbb, 0xbf], good), malformed],
    ['invalid UTF-8', bytes(withMember('"ticket":"').slice(0, -1), [0xff, 0xfe], '"}'), malformed],
    ['an overlong UTF-8 form', bytes(withMember('"ticket":"').slice(0, -1), [0xc0, 0xaf], '"}'), malformed],
    ['a surrogate in UTF-8', bytes(withMember('"ticket":"').slice(0, -1), [0xed, 0xa0, 0x80], '"}'), malformed],
    ['UTF-16', Buffer.from(good, 'utf16le'), malformed],
    ['a lone high surrogate', withMember('"ticket":"\\ud800"'), malformed],
    ['a lone low surrogate', withMember('"ticket":"\\udc00x"'), malformed],
    ['a lone surrogate as a name', withMember('"metadata":{"\\ud800":1}'), malformed],
    ['100,000 open lists', `{"action":${'['.repeat(100_000)}`, malformed],
    ['100,000 nested lists', `{"metadata":${nested(100_000)}}`, malformed],
    ['100,000 nested objects', `{"metadata":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_001)}`, malformed],
    ['a single quote', good.replaceAll('"', "'"), malformed],
    ['a comment', `/* hi */ ${good}`, malformed],
    ['a trailing comma', `${good.slice(0, -1)},}`, malformed],
    ['a leading zero', withMember('"metadata":{"n":01}'), malformed],
    ['a raw control character', withMember('"ticket":"a\u0001b"'), malformed],
    ['a list', '[]', { status: 422, code: 'validation_failed' }],
    ['null', 'null', { status: 422, code: 'validation_failed' }],
    ['a number', '5', { status: 422, code: 'validation_failed' }],
    ['no body at all', '', { status: 422, code: 'validation_failed' }],
    ['text/plain', good, { status: 415, code: 'media_type_unsupported' }, { 'content-type': 'text/plain' }],
    [
      'form data',
      'a=1',
      { status: 415, code: 'media_type_unsupported' },
      { 'content-type': 'application/x-www-form-urlencoded' },
    ],
    ['XML', '<a/>', { status: 415, code: 'media_type_unsupported' }, { 'content-type': 'application/xml' }],
    ['a compressed body', good, { status: 415, code: 'media_type_unsupported' }, { 'content-encoding': 'gzip' }],
  ];
  it.each(cases)('refuses %s', async (_title, body, expected, headers = {}) => {
    const people = await aTenant();
    await refusedAndUnwritten(
      people,
      () => post(people.dev, 'gateTerraform', body, headers),
      expected,
      ROUTES.gateTerraform,
    );
  });

  it('refuses our own bodies one level deeper than 32', async () => {
    const people = await aTenant();
    const notes = (depth: number) => `{"notes":${nested(depth - 1)}}`;
    const votes = async (depth: number) =>
      sendRaw(bad.server.url, {
        method: 'POST',
        path: ROUTES.approve.path.replace(':approval_id', randomUUID()),
        headers: {
          authorization: `Bearer ${await bad.server.tokenFor(people.lead)}`,
          'content-type': 'application/json',
        },
        body: notes(depth),
      });
    await expectRefusal(await votes(33), malformed);
    expect((await votes(32)).body.code).toBe('validation_failed');
  });

  const plan = (depth: number) => `"plan":{"format_version":"1.2","resource_changes":[],"x":${nested(depth - 1)}}`;
  const metadata = (depth: number) => `"metadata":{"a":${nested(depth - 1)}}`;
  const event = '"specversion":"1.0","id":"7","source":"/ci","type":"change"';
  const bodies: readonly (readonly [string, RouteId, number, (member: string) => string, string?])[] = [
    ['a question', 'gateTerraform', 1, withMember],
    ['a member of a batch', 'gateBatch', 3, (member) => `{"items":[${withMember(`${member},"source":"terraform"`)}]}`],
    ['an event beside its data', 'gateCloudEvent', 1, (member) => withMember(`${member},"cloud_event":{${event}}`)],
    [
      'an event around its data',
      'gateCloudEvent',
      2,
      (member) => `{${event},"data":${withMember(member)}}`,
      'application/cloudevents+json',
    ],
  ];
  it.each(bodies)(
    'lets the body of a gate be 32 deep, and the plan in it 128, counted from the plan: %s',
    async (_title, id, around, bodyWith, type = 'application/json') => {
      const people = await aTenant();
      const asking = (member: string) => post(people.dev, id, bodyWith(member), { 'content-type': type });
      await refusedAndUnwritten(people, () => asking(plan(129)), malformed);
      await refusedAndUnwritten(people, () => asking(metadata(33 - around)), malformed);
      const tooLarge: Expected = { status: 422, code: 'metadata_too_large' };
      await refusedAndUnwritten(people, () => asking(metadata(32 - around)), tooLarge);
      expect((await asking(plan(128))).status).toBe(200);
    },
  );

  it('takes __proto__ and constructor for the ordinary names they are', async () => {
    const people = await aTenant();
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      const at = [`/${name}`, 'unknown_field'] as const;
      const body = withMember(`"${name}":{"action":"x","polluted":true}`);
      await refusedAndUnwritten(people, () => post(people.dev, 'gateTerraform', body), {
        status: 422,
        code: 'unknown_field',
        at,
      });
    }
    const first = await post(people.dev, 'gateTerraform', withMember('"metadata":{"__proto__":{"polluted":"yes"}}'));
    expect(first.status).toBe(200);
    const [entry] = await bad.ledger.entries(people.dev.tenant, 'decisions');
    expect(entry?.payload.request.metadata).toBe('{"__proto__":{"polluted":"yes"}}');
    const other = await post(people.dev, 'gateTerraform', withMember('"metadata":{}'));
    expect(other.body.request_fingerprint).not.toBe(first.body.request_fingerprint);
  });

  it('refuses what it does not know, and names all of it', async () => {
    const people = await aTenant();
    const answer = await refusedAndUnwritten(
      people,
      () => post(people.dev, 'gateTerraform', withMember('"tenant_id":"other","a/b~c":1')),
      { status: 422, code: 'unknown_field', at: ['/tenant_id', 'unknown_field'] },
    );
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer: '/a~1b~0c', code: 'unknown_field' }));
  });

  it.each([
    ['action', { action: undefined }, '/action'],
    ['an empty action', { action: '' }, '/action'],
    ['a long action', { action: 'a'.repeat(65) }, '/action'],
    ['a resource reference', { resource_reference: undefined }, '/resource_reference'],
    ['a long resource reference', { resource_reference: 'r'.repeat(513) }, '/resource_reference'],
    ['a resource reference with a line break', { resource_reference: 'a\nb' }, '/resource_reference'],
    ['a resource reference that is not in form C', { resource_reference: 'e\u0301' }, '/resource_reference'],
    ['a project with a path trick', { project_id: 'web/env:prod' }, '/project_id'],
    ['a project with a blank', { project_id: 'a b' }, '/project_id'],
    ['a long environment', { environment: 'e'.repeat(33) }, '/environment'],
    ['a numeric environment', { environment: 5 }, '/environment'],
    ['an environment with a control character', { environment: 'pr\u0007od' }, '/environment'],
    ['an environment with a line break', { environment: 'prod\n' }, '/environment'],
    ['an environment that is not in form C', { environment: 'pre\u0301prod' }, '/environment'],
    ['a textual dry_run', { dry_run: 'true' }, '/dry_run'],
    ['a short fingerprint', { expected_request_fingerprint: 'abc' }, '/expected_request_fingerprint'],
    ['an upper-case plan hash', { plan_sha256: 'A'.repeat(64) }, '/plan_sha256'],
    ['a long justification', { justification: 'j'.repeat(2001) }, '/justification'],
    ['metadata that is a list', { metadata: [] }, '/metadata'],
    ['metadata that is null', { metadata: null }, '/metadata'],
  ])('refuses a request with a bad or missing member: %s', async (_title, change, pointer) => {
    const people = await aTenant();
    const body = JSON.stringify({ ...ask('5'), ...change });
    await refusedAndUnwritten(
      people,
      () => post(people.dev, 'gateTerraform', body),
      { status: 422, code: 'validation_failed', at: [pointer, 'validation_failed'] },
      ROUTES.gateTerraform,
    );
  });
});
