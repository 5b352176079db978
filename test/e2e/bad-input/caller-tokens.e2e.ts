import { describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { good, openBadInput } from '../../support/e2e/bad-input.js';
import { grantedApproval } from '../../support/e2e/story.js';
import { encoded, type People, type Who } from '../../support/e2e/tokens.js';

describe('bad input of caller tokens', () => {
  const bad = openBadInput();
  const { aTenant, post, refusedAndUnwritten } = bad;

  const who = (people: People): Who => people.dev;
  const now = (): number => Math.floor(Date.now() / 1000);
  type Forge = (people: People) => Promise<string>;
  const flipped = (token: string, part: number): string =>
    token
      .split('.')
      .map((text, index) =>
        index === part ? `${text.slice(0, 4)}${text[4] === 'A' ? 'B' : 'A'}${text.slice(5)}` : text,
      )
      .join('.');
  const cases: readonly (readonly [string, Forge])[] = [
    ['that expired', (people) => bad.server.tokens.mint(who(people), { claims: { exp: now() - 60 } })],
    ['that is not valid yet', (people) => bad.server.tokens.mint(who(people), { claims: { nbf: now() + 600 } })],
    ['without an end', (people) => bad.server.tokens.mint(who(people), { claims: { exp: undefined } })],
    [
      'of a foreign issuer',
      (people) => bad.server.tokens.mint(who(people), { claims: { iss: 'https://evil.example' } }),
    ],
    ['for another audience', (people) => bad.server.tokens.mint(who(people), { claims: { aud: 'other' } })],
    ['without a subject', (people) => bad.server.tokens.mint(who(people), { claims: { sub: undefined } })],
    ['without a tenant', (people) => bad.server.tokens.mint(who(people), { claims: { tenant_id: undefined } })],
    [
      'with a tenant that is none',
      (people) => bad.server.tokens.mint(who(people), { claims: { tenant_id: '../acme' } }),
    ],
    ['with a list for a tenant', (people) => bad.server.tokens.mint(who(people), { claims: { tenant_id: ['acme'] } })],
    ['of an unknown key', (people) => bad.server.tokens.mint(who(people), { header: { kid: '0000000000000000' } })],
    [
      'without an algorithm',
      async (people) => {
        const [, payload] = (await bad.server.tokens.mint(who(people))).split('.');
        return `${encoded({ alg: 'none', typ: 'JWT' })}.${String(payload)}.`;
      },
    ],
    [
      'without an algorithm but with a signature',
      async (people) => {
        const [, payload, signature] = (await bad.server.tokens.mint(who(people))).split('.');
        const { kid } = await bad.server.tokens.publicKey();
        return `${encoded({ alg: 'none', kid, typ: 'JWT' })}.${String(payload)}.${String(signature)}`;
      },
    ],
    [
      'made with the public key as an HMAC secret',
      async (people) => {
        const [, payload] = (await bad.server.tokens.mint(who(people))).split('.');
        const { kid, raw } = await bad.server.tokens.publicKey();
        const input = `${encoded({ alg: 'HS256', kid, typ: 'JWT' })}.${String(payload)}`;
        return `${input}.${createHmac('sha256', raw).update(input).digest('base64url')}`;
      },
    ],
    [
      'with a key of its own in the header',
      async (people) => {
        const { publicKey, privateKey } = generateKeyPairSync('ed25519');
        const [, payload] = (await bad.server.tokens.mint(who(people))).split('.');
        const input = `${encoded({ alg: 'EdDSA', jwk: publicKey.export({ format: 'jwk' }), typ: 'JWT' })}.${String(payload)}`;
        return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
      },
    ],
    ['with altered claims', async (people) => flipped(await bad.server.tokens.mint(who(people)), 1)],
    ['with an altered signature', async (people) => flipped(await bad.server.tokens.mint(who(people)), 2)],
    ['that is an approval token', async (people) => (await grantedApproval(bad.server, people)).token],
    ['that is no token', () => Promise.resolve('abc')],
    ['with four parts', async (people) => `${await bad.server.tokens.mint(who(people))}.x`],
    [
      'longer than 8,192 characters',
      (people) => bad.server.tokens.mint(who(people), { claims: { filler: 'x'.repeat(9000) } }),
    ],
  ];
  it.each(cases)('refuses a token %s', async (_title, forge) => {
    const people = await aTenant();
    const token = await forge(people);
    const send = () => post(who(people), 'gateTerraform', good, { authorization: `Bearer ${token}` });
    const answer = await refusedAndUnwritten(
      people,
      send,
      { status: 401, code: 'unauthenticated' },
      ROUTES.gateTerraform,
    );
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="verdict", error="invalid_token"');
    expect(bad.server.output).not.toContain(token.length > 20 ? token : 'no such token');
  });
  it.each([
    ['no token', ''],
    ['another scheme', 'Basic YTpi'],
    ['an empty bearer', 'Bearer '],
  ])('refuses %s', async (_title, authorization) => {
    const people = await aTenant();
    const send = () => post(who(people), 'gateTerraform', good, { authorization });
    await refusedAndUnwritten(people, send, { status: 401, code: 'unauthenticated' }, ROUTES.gateTerraform);
  });
});
