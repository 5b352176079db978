import { describe, expect, it } from '@jest/globals';
import { openFileKeyStore } from '@verdict/adapter-file';
import { ROUTES } from '@verdict/contracts';
import { createHmac, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ApiAnswer } from '../../support/e2e/api.js';
import { type Expected, openBadInput } from '../../support/e2e/bad-input.js';
import { consumeBody, type Granted, grantedApproval, must, publishPolicy } from '../../support/e2e/story.js';
import { encoded, type People, type Who } from '../../support/e2e/tokens.js';

describe('bad input of approval tokens', () => {
  const bad = openBadInput();
  const { aTenant, expectRefusal } = bad;

  const use = (who: Who, granted: Granted, change: Readonly<Record<string, unknown>> = {}, key?: string) =>
    bad.server.call('consume', {
      as: who,
      body: { ...consumeBody(granted), ...change },
      ...(key === undefined ? {} : { key }),
    });
  /** Refused, noted once in the ledger under its code, and the token still unused. */
  const expectNoted = async (people: People, answer: ApiAnswer, expected: Expected): Promise<void> => {
    await expectRefusal(answer, expected, ROUTES.consume);
    const last = (await bad.ledger.entries(people.dev.tenant, 'approvals')).at(-1);
    expect(last).toMatchObject({ type: 'token_refused', payload: { code: expected.code } });
    expect(
      (await bad.ledger.typesOf(people.dev.tenant, 'approvals')).filter((type) => type === 'token_refused'),
    ).toHaveLength(1);
  };

  it.each([
    ['expected_source', 'k8s_admission', 'binding_source_mismatch'],
    ['expected_project_id', 'other', 'binding_project_mismatch'],
    ['expected_environment', 'nonprod', 'binding_environment_mismatch'],
    ['expected_request_fingerprint', 'a'.repeat(64), 'binding_fingerprint_mismatch'],
    ['expected_resource_reference', 'aws_instance.other', 'binding_resource_mismatch'],
    ['estimated_monthly_delta_usd', '125.5001', 'binding_cost_exceeded'],
    ['estimated_hourly_delta_usd', '99', 'binding_cost_exceeded'],
  ])('refuses another %s by its own code', async (member, value, code) => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    await expectNoted(people, await use(people.dev, granted, { [member]: value }), { status: 409, code });
    expect((await use(people.dev, granted)).status).toBe(200);
  });

  it.each([
    'approval_token',
    'expected_source',
    'expected_project_id',
    'expected_environment',
    'expected_request_fingerprint',
    'expected_resource_reference',
  ])('refuses a request without %s', async (member) => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    const answer = await use(people.dev, granted, { [member]: undefined });
    await expectNoted(people, answer, {
      status: 422,
      code: 'validation_failed',
      at: [`/${member}`, 'validation_failed'],
    });
    expect((await use(people.dev, granted)).status).toBe(200);
  });

  it('takes the alias of an environment for the environment, and what is below the caps', async () => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    expect(
      (await use(people.dev, granted, { expected_environment: 'Production', estimated_monthly_delta_usd: '125.5' }))
        .status,
    ).toBe(200);
  });

  const altered = (token: string, change: (claims: Record<string, unknown>) => void): string => {
    const [header, payload, signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(String(payload), 'base64url').toString()) as Record<string, unknown>;
    change(claims);
    return `${String(header)}.${encoded(claims)}.${String(signature)}`;
  };
  const forged: readonly (readonly [string, (token: string) => string | Promise<string>, string])[] = [
    ['text that is no token', () => 'x'.repeat(40), 'token_malformed'],
    ['a token with two parts', (token) => token.split('.').slice(0, 2).join('.'), 'token_malformed'],
    [
      'a token with altered claims',
      (token) =>
        altered(token, (claims) => {
          claims['max_monthly_delta_usd'] = '999999.0000';
        }),
      'token_signature_invalid',
    ],
    [
      'a token without an algorithm',
      (token) => `${encoded({ alg: 'none' })}.${String(token.split('.')[1])}.`,
      'token_signature_invalid',
    ],
    [
      'an HS256 token made with the published key',
      async (token) => {
        const jwks = await bad.server.raw({ method: 'GET', path: ROUTES.jwks.path });
        const { kid, x } = jwks.body.keys[0] as { kid: string; x: string };
        const input = `${encoded({ alg: 'HS256', kid, typ: 'JWT' })}.${String(token.split('.')[1])}`;
        return `${input}.${createHmac('sha256', Buffer.from(x, 'base64url')).update(input).digest('base64url')}`;
      },
      'token_signature_invalid',
    ],
    [
      'a token of an unknown key',
      (token) =>
        `${encoded({ alg: 'EdDSA', kid: 'ffffffffffffffff', typ: 'JWT' })}.${token.split('.').slice(1).join('.')}`,
      'token_key_unknown',
    ],
  ];
  it.each(forged)('refuses %s', async (_title, forge, code) => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    await expectNoted(people, await use(people.dev, granted, { approval_token: await forge(granted.token) }), {
      status: 401,
      code,
    });
    expect((await use(people.dev, granted)).status).toBe(200);
  });

  it('refuses a caller token as an approval token', async () => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    const answer = await use(people.dev, granted, { approval_token: await bad.server.tokenFor(people.dev) });
    expect(answer.status).toBe(401);
    expect(['token_key_unknown', 'token_claims_invalid']).toContain(answer.body.code);
  });

  it('refuses a token after it was used, and after a newer one was issued', async () => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    const reissued = await must(bad.server, 'reissueToken', {
      as: people.lead,
      params: { approval_id: granted.approvalId },
      body: {},
    });
    await expectNoted(people, await use(people.dev, granted), { status: 409, code: 'token_superseded' });
    const newer = { ...granted, token: String(reissued.body.approval_token) };
    expect((await use(people.dev, newer)).status).toBe(200);
    const again = await use(people.dev, newer);
    expect([again.status, again.body.code]).toEqual([409, 'token_replayed']);
    const late = await bad.server.call('reissueToken', {
      as: people.lead,
      params: { approval_id: granted.approvalId },
      body: {},
    });
    expect([late.status, late.body.code]).toEqual([409, 'approval_not_active']);
  });

  it('issues a token anew five times, and no more', async () => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    const reissue = () =>
      bad.server.call('reissueToken', { as: people.lead, params: { approval_id: granted.approvalId }, body: {} });
    for (let turn = 0; turn < 5; turn += 1) expect((await reissue()).status).toBe(200);
    const sixth = await reissue();
    expect([sixth.status, sixth.body.code]).toEqual([409, 'reissue_limit_reached']);
  });

  it('refuses whoever is not the one who asked', async () => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    const stranger = { subject: 'stranger-1', roles: ['member'], tenant: people.dev.tenant } as const satisfies Who;
    await expectNoted(people, await use(stranger, granted), { status: 403, code: 'consumer_not_permitted' });
    const pipeline = { ...stranger, claims: { projects: ['web'] } };
    expect((await use(pipeline, granted)).status).toBe(200);
  });

  /** A token with other claims, signed with the very key of the product: only the claims are wrong. */
  const signedWith = async (token: string, change: Readonly<Record<string, unknown>>): Promise<string> => {
    const keys = await openFileKeyStore(join(bad.server.dataDir, 'keys'));
    const [header, payload] = token.split('.');
    const claims = JSON.parse(Buffer.from(String(payload), 'base64url').toString()) as Record<string, unknown>;
    const input = `${String(header)}.${encoded({ ...claims, ...change })}`;
    const { signature } = await keys.sign('token', Buffer.from(input, 'ascii'));
    return `${input}.${Buffer.from(signature).toString('base64url')}`;
  };
  const seconds = (): number => Math.floor(Date.now() / 1000);
  const claimed: readonly (readonly [string, () => Readonly<Record<string, unknown>>, number, string])[] = [
    ['an end that has come', () => ({ exp: seconds() }), 410, 'token_expired'],
    ['a beginning that has not', () => ({ nbf: seconds() + 60 }), 401, 'token_claims_invalid'],
    ['an issue date ahead of the clock', () => ({ iat: seconds() + 60 }), 401, 'token_claims_invalid'],
    ['another issuer', () => ({ iss: 'https://evil.example' }), 401, 'token_claims_invalid'],
    ['another audience', () => ({ aud: 'verdict' }), 401, 'token_claims_invalid'],
    ['another type', () => ({ token_type: 'other' }), 401, 'token_claims_invalid'],
    ['another subject', () => ({ sub: `enforcement_approval:${randomUUID()}` }), 401, 'token_claims_invalid'],
    ['no id', () => ({ jti: undefined }), 401, 'token_claims_invalid'],
    ['another tenant', () => ({ tenant_id: 'other' }), 403, 'token_tenant_mismatch'],
    ['another decision', () => ({ decision_id: randomUUID() }), 404, 'approval_not_found'],
    ['another id', () => ({ jti: randomUUID() }), 409, 'token_superseded'],
    ['another source', () => ({ source: 'k8s_admission' }), 409, 'binding_source_mismatch'],
    ['another project', () => ({ project_id: 'api' }), 409, 'binding_project_mismatch'],
    ['another environment', () => ({ environment: 'nonprod' }), 409, 'binding_environment_mismatch'],
    ['another environment class', () => ({ environment_class: 'nonprod' }), 409, 'binding_environment_mismatch'],
    ['another fingerprint', () => ({ request_fingerprint: 'b'.repeat(64) }), 409, 'binding_fingerprint_mismatch'],
    ['another resource', () => ({ resource_reference: 'aws_instance.other' }), 409, 'binding_resource_mismatch'],
  ];
  it.each(claimed)('refuses a well signed token with %s', async (_title, change, status, code) => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    await expectNoted(
      people,
      await use(people.dev, granted, { approval_token: await signedWith(granted.token, change()) }),
      { status, code },
    );
    expect((await use(people.dev, granted)).status).toBe(200);
  });

  it('refuses a well signed token of an approval that is not there', async () => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    const approvalId = randomUUID();
    const token = await signedWith(granted.token, {
      approval_id: approvalId,
      sub: `enforcement_approval:${approvalId}`,
    });
    await expectNoted(people, await use(people.dev, granted, { approval_token: token }), {
      status: 404,
      code: 'approval_not_found',
    });
  });

  it('lets a token say no more than was approved: higher caps in it change nothing', async () => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    const token = await signedWith(granted.token, { max_monthly_delta_usd: '999999.0000' });
    const answer = await use(people.dev, granted, { approval_token: token, estimated_monthly_delta_usd: '5000' });
    await expectNoted(people, answer, { status: 409, code: 'binding_cost_exceeded' });
  });

  it('gives tokens the life that the policy says', async () => {
    const people = await aTenant();
    await publishPolicy(bad.server, people, { approval: { token_ttl_seconds: 60, use_by_seconds: 60 } });
    const granted = await grantedApproval(bad.server, people);
    const { exp, iat } = JSON.parse(Buffer.from(String(granted.token.split('.')[1]), 'base64url').toString()) as {
      exp: number;
      iat: number;
    };
    expect(exp - iat).toBeLessThanOrEqual(60);
    expect(exp - iat).toBeGreaterThanOrEqual(59);
  });

  it('lets one of many parallel uses through', async () => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    const answers = await Promise.all(Array.from({ length: 50 }, () => use(people.dev, granted)));
    const statuses = answers
      .map(({ status, body }) => (status === 200 ? 'consumed' : `${status} ${String(body.code)}`))
      .sort();
    expect(statuses).toEqual([...Array.from({ length: 49 }, () => '409 token_replayed'), 'consumed']);
  });

  it('binds a consume key to what it consumed', async () => {
    const people = await aTenant();
    const granted = await grantedApproval(bad.server, people);
    expect((await use(people.dev, granted, {}, 'deploy-key')).status).toBe(200);
    const other = await use(people.dev, granted, { estimated_monthly_delta_usd: '1' }, 'deploy-key');
    expect(other.status).toBe(409);
    const mismatch = await use(people.dev, granted, { idempotency_key: 'other-key' }, 'deploy-key');
    expect([mismatch.status, mismatch.body.code]).toEqual([422, 'idempotency_key_mismatch']);
  });
});
