import 'reflect-metadata';
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FoundIntegration } from '@verdict/application';
import {
  base32Spelling,
  bearerSecretOf,
  bearerSecretSha256,
  instantOf,
  type IntegrationProof,
  pathSecretSha256,
  sha256Of,
} from '@verdict/domain';
import { makeAuthority } from '../../../../test/support/tls/certificates.js';
import type { WebhookRoutes } from '../auth/webhook-check.js';
import { createLogger } from '../logging/logger.js';
import { type Call, TheCall } from '../routing/call.decorator.js';
import { Endpoint } from '../routing/endpoint.decorator.js';
import type { RouteSpec } from '../routing/route-spec.js';
import { createTokenIssuer } from '../testing/token-issuer.js';
import { createHttpApp } from './create-http-app.js';
import { listenHttpApp, stopHttpApp } from './run-main.js';
import { readTls, type ServerTls } from './tls.js';
import { WEBHOOK_ROUTES } from './tokens.js';

const spec = (id: string, path: string): RouteSpec => ({
  id,
  method: 'POST',
  path,
  roles: 'public',
  status: 200,
  response: null,
  problems: [],
  summary: id,
  tag: 'test',
  bodyBytesMax: 64,
});
const PLAIN = spec('plain', '/review');
const SEGMENT = spec('segment', '/review/t/:segment');

@Controller()
class TestController {
  @Endpoint(PLAIN)
  plain(@TheCall() call: Call): object {
    return { tenant: call.integration.tenantId, bytes: call.bytes.length };
  }
  @Endpoint(SEGMENT)
  segment(@TheCall() call: Call): object {
    return { tenant: call.integration.tenantId, bytes: call.bytes.length };
  }
}
@Module({ controllers: [TestController] })
class TestModule {}

const clusters = makeAuthority();
const strangers = makeAuthority();
const client = clusters.issue(['api-server']);
const keyHash = ({ cert }: { readonly cert: string }) =>
  sha256Of(
    createHash('sha256')
      .update(new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex'),
  );
const secret = randomBytes(32).toString('base64url');
const bearer = bearerSecretOf(randomBytes(32).toString('base64url'));
const known: readonly IntegrationProof[] = [
  { way: 'mtls', sha256: keyHash(client) },
  { way: 'bearer', sha256: bearerSecretSha256(bearer) ?? sha256Of('') },
  { way: 'path', sha256: pathSecretSha256(secret) ?? sha256Of('') },
];
const found: FoundIntegration = {
  tenantId: 'acme',
  integration: {
    integrationId: 'i',
    revision: 0n,
    name: 'cluster',
    terms: { kind: 'k8s', cluster_id: 'c', project_rules: [], annotation_prefixes: [], trusted_controllers: [] },
    secrets: [],
    createdBy: 'd',
    createdAt: instantOf(0),
    revokedAt: null,
  },
};

let folder: string;
let tls: ServerTls | undefined;
let app: NestFastifyApplication;
let url: string;
const lines: string[] = [];

interface Answer {
  readonly status: number;
  readonly text: string;
}
interface Asked {
  readonly path?: string;
  readonly authorization?: string;
  readonly identity?: object;
  readonly body?: string;
}
const ask = ({ path = '/review', authorization, identity = {}, body = '{}' }: Asked): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
    };
    const sent = request(
      new URL(path, url),
      { method: 'POST', agent: false, ca: clusters.cert, servername: 'localhost', headers, ...identity },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text });
        });
      },
    );
    sent.on('error', reject).end(body);
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'verdict-tls-'));
  const own = clusters.issue(['localhost']);
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  tls = readTls({
    HTTP_TLS_KEY_FILE: file('key.pem', own.key),
    HTTP_TLS_CERT_FILE: file('cert.pem', own.cert),
    HTTP_TLS_CLIENT_CA_FILE: file('ca.pem', clusters.cert),
  });
  const { issuer } = await createTokenIssuer();
  app = await createHttpApp({
    service: 'test',
    module: TestModule,
    config: { AUTH_ISSUERS: [issuer], LOG_LEVEL: 'info', METRIC_PREFIX: 'p_', METRIC_ALIAS_PREFIXES: [] },
    logger: createLogger({
      service: 'test',
      level: 'debug',
      stream: { write: (line: string) => void lines.push(line) },
    }),
    tls,
    bodyBytesMax: { segment: 128 },
  });
  const routes = app.get<WebhookRoutes>(WEBHOOK_ROUTES);
  for (const { id } of [PLAIN, SEGMENT])
    routes.add(id, (proof) =>
      Promise.resolve(known.some((each) => each.way === proof.way && each.sha256 === proof.sha256) ? found : undefined),
    );
  url = await listenHttpApp(app, '127.0.0.1', 0);
});
afterAll(async () => {
  await stopHttpApp(app);
  rmSync(folder, { recursive: true, force: true });
});

describe('a webhook over TLS', () => {
  it('is served as https, over HTTP/1.1, and keeps idle connections longer than an API server does', () => {
    expect(url).toMatch(/^https:/);
    const server = app.getHttpServer();
    expect(server.keepAliveTimeout).toBe(100_000);
    expect(server.headersTimeout).toBeGreaterThan(100_000);
  });
  it('is admitted with the registered key in a certificate of the configured authority', async () => {
    expect(await ask({ identity: client })).toEqual({ status: 200, text: '{"tenant":"acme","bytes":2}' });
  });
  it('is refused with another key, and with a certificate of any other authority, even for the registered key', async () => {
    const impostor = strangers.issue(['api-server'], client.key);
    expect(keyHash(impostor)).toBe(keyHash(client));
    for (const identity of [clusters.issue(['api-server']), strangers.issue(['api-server']), impostor])
      expect((await ask({ identity })).status).toBe(401);
  });
  it('is admitted with the bearer secret, and with both spellings of the path secret', async () => {
    const asked = [
      { authorization: `Bearer ${bearer}` },
      { path: `/review/t/${secret}` },
      { path: `/review/t/${base32Spelling(secret)}` },
    ];
    for (const each of asked) expect((await ask(each)).status).toBe(200);
  });
  it('is refused without a proof, or with one that is wrong in its last character', async () => {
    const wrong = (text: string): string => `${text.slice(0, -1)}${text.endsWith('A') ? 'E' : 'A'}`;
    const asked: readonly Asked[] = [
      {},
      { authorization: `Bearer ${wrong(bearer)}` },
      { authorization: 'Basic abc' },
      { path: `/review/t/${wrong(secret)}` },
      { path: `/review/t/${secret.toUpperCase()}` },
      { path: '/review/t/short' },
    ];
    for (const each of asked) {
      const { status, text } = await ask(each);
      expect([status, JSON.parse(text)]).toMatchObject([401, { code: 'unauthenticated' }]);
    }
  });
  it('is refused before its body is read', async () => {
    const body = 'x'.repeat(500);
    expect((await ask({ body })).status).toBe(401);
    expect((await ask({ body, identity: client })).status).toBe(413);
    expect((await ask({ body: 'x'.repeat(100), path: `/review/t/${secret}` })).status).toBe(200);
  });
  it('leaves its secrets in no log line and no problem', async () => {
    const segment = randomBytes(32).toString('base64url');
    const { text } = await ask({ path: `/review/t/${segment}`, authorization: `Bearer ${bearer}x` });
    expect(JSON.parse(text)).toMatchObject({ instance: '/review/t/redacted' });
    const told = lines.join('') + text;
    expect(told).toContain('/review/t/:segment');
    for (const each of [segment, secret, base32Spelling(secret), bearer]) expect(told).not.toContain(each);
  });
});

describe('the files of TLS', () => {
  it('are all there, or it does not start, and no content is told', () => {
    const key = join(folder, 'key.pem');
    const cert = join(folder, 'cert.pem');
    expect(readTls({})).toBeUndefined();
    expect(() => readTls({ HTTP_TLS_KEY_FILE: key })).toThrow('HTTP_TLS_CERT_FILE: needed');
    expect(() => readTls({ HTTP_TLS_CERT_FILE: cert })).toThrow('HTTP_TLS_KEY_FILE: needed');
    expect(() => readTls({ HTTP_TLS_CLIENT_CA_FILE: cert })).toThrow('HTTP_TLS_KEY_FILE: needed');
    expect(() => readTls({ HTTP_TLS_KEY_FILE: key, HTTP_TLS_CERT_FILE: `${cert}x` })).toThrow('cannot be read');
    expect(() => readTls({ HTTP_TLS_KEY_FILE: cert, HTTP_TLS_CERT_FILE: cert })).toThrow('not a key');
  });
  it('ask clients for a certificate only where their authorities are named', () => {
    expect(tls).toMatchObject({ requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2' });
    const own = readTls({ HTTP_TLS_KEY_FILE: join(folder, 'key.pem'), HTTP_TLS_CERT_FILE: join(folder, 'cert.pem') });
    expect(own).not.toHaveProperty('requestCert');
  });
});
