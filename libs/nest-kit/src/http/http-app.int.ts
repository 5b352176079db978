import 'reflect-metadata';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { LogUnreadable, ReadModelsUnavailable } from '@verdict/application';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Caller as CallerIdentity } from '../auth/caller.js';
import { z } from 'zod';
import { createLogger } from '../logging/logger.js';
import { problem } from '../problems/problem.js';
import type { AnswerHead } from '../routing/answer-head.js';
import { Endpoint } from '../routing/endpoint.decorator.js';
import { Answer, Caller, RawBody, RequestContext } from '../routing/params.decorator.js';
import type { RouteSpec } from '../routing/route-spec.js';
import { RouteWithoutRoles } from '../routing/route-table.js';
import type { RequestInfo } from '../request/request-state.js';
import { createTokenIssuer, type TokenIssuer } from '../testing/token-issuer.js';
import { createHttpApp, KEEP_ALIVE_MS, listRoutes } from './create-http-app.js';
import { listenHttpApp, stopHttpApp } from './run-main.js';

const route = (id: string, more: Partial<RouteSpec>): RouteSpec => ({
  id,
  method: 'POST',
  path: `/api/${id}`,
  roles: ['member', 'service'],
  status: 200,
  response: null,
  problems: [],
  summary: id,
  tag: 'test',
  ...more,
});

const ECHO = route('echo', { scopes: ['gate'] });
const SMALL = route('small', { bodyBytesMax: 8 });
const QUERY = z.object({ timeout: z.string().optional() });
const WHO = route('who', { method: 'GET', path: '/api/who/:item_id', query: QUERY });
const ASKED = route('asked', { query: QUERY });
const FAILS = route('fails', { method: 'GET', roles: 'public' });
const NO_LOG = route('no-log', { method: 'GET', roles: 'public' });
const NO_READ_MODELS = route('no-read-models', { method: 'GET', roles: 'public' });
const LIMITED = route('limited', { method: 'GET', roles: 'public' });
const SECRET = route('review', { path: '/api/review/t/:segment', roles: 'public' });
const CREATED = route('created', { roles: ['admin'], status: 201 });

@Controller()
class TestController {
  @Endpoint(ECHO)
  echo(@RawBody() body: Uint8Array): { readonly bytes: number; readonly text: string } {
    return { bytes: body.length, text: Buffer.from(body).toString('latin1') };
  }
  @Endpoint(ASKED)
  asked(): unknown {
    return {};
  }
  @Endpoint(SMALL)
  small(@RawBody() body: Uint8Array): { readonly bytes: number } {
    return { bytes: body.length };
  }
  @Endpoint(WHO)
  who(@Caller() caller: CallerIdentity, @RequestContext() info: RequestInfo): unknown {
    return { caller, info };
  }
  @Endpoint(FAILS)
  fails(): never {
    throw new Error('SELECT secret FROM nowhere');
  }
  @Endpoint(NO_LOG)
  noLog(): never {
    throw new LogUnreadable('heads cannot be read: connect ECONNREFUSED');
  }
  @Endpoint(NO_READ_MODELS)
  noReadModels(): never {
    throw new ReadModelsUnavailable('the read models cannot be read: connect ECONNREFUSED');
  }
  @Endpoint(LIMITED)
  limited(): never {
    throw problem(
      'rate_limited',
      { detail: 'Slow down.', extra: { limit: 120, status: 200 } },
      { retryAfterSeconds: 0.2 },
    );
  }
  @Endpoint(SECRET)
  secret(): never {
    throw problem('unauthenticated');
  }
  @Endpoint(CREATED)
  created(@Answer() answer: AnswerHead): unknown {
    answer.entry('policy', 41n).etag('7');
    return { made: true };
  }
}
@Module({ controllers: [TestController] })
class TestModule {}

let issuer: TokenIssuer;
let app: NestFastifyApplication;
const lines: string[] = [];

const configFor = ({ issuer: one }: TokenIssuer) =>
  ({ AUTH_ISSUERS: [one], LOG_LEVEL: 'info', METRIC_PREFIX: 'p_', METRIC_ALIAS_PREFIXES: ['q_'] }) as const;

beforeAll(async () => {
  issuer = await createTokenIssuer();
  const logger = createLogger({
    service: 'test',
    level: 'debug',
    stream: { write: (line: string) => void lines.push(line) },
  });
  app = await createHttpApp({
    service: 'test',
    module: TestModule,
    config: configFor(issuer),
    logger,
  });
  await listenHttpApp(app, '127.0.0.1', 0);
});
afterAll(() => stopHttpApp(app));

const bearer = async (claims = {}): Promise<{ authorization: string }> => ({
  authorization: `Bearer ${await issuer.sign(claims)}`,
});
const post = async (url: string, payload: string | Buffer, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url,
    payload,
    headers: { 'content-type': 'application/json', ...(await bearer()), ...headers },
  });

const expectProblem = (
  response: { statusCode: number; headers: Record<string, unknown>; body: string },
  status: number,
  code: string,
) => {
  expect(response.headers['content-type']).toBe('application/problem+json');
  const body = JSON.parse(response.body) as Record<string, unknown>;
  expect({ http: response.statusCode, status: body.status, code: body.code, type: body.type }).toEqual({
    http: status,
    status,
    code,
    type: `urn:verdict:problem:${code}`,
  });
  expect(body.request_id).toBe(response.headers['x-request-id']);
  return body;
};

describe('bodies', () => {
  it('reach the controller as the bytes that were sent', async () => {
    const sent = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
    expect((await post('/api/echo', sent)).json()).toEqual({ bytes: 4, text: sent.toString('latin1') });
    expect(
      (await post('/api/echo', '{}', { 'content-type': 'application/cloudevents+json; charset=utf-8' })).statusCode,
    ).toBe(200);
  });
  it('may be absent', async () => {
    const response = await app.inject({ method: 'POST', url: '/api/echo', headers: await bearer() });
    expect(response.json()).toEqual({ bytes: 0, text: '' });
  });
  it('are refused beyond the limit of their route', async () => {
    expect((await post('/api/small', '12345678')).json()).toEqual({ bytes: 8 });
    expectProblem(await post('/api/small', '123456789'), 413, 'body_too_large');
    expect((await post('/api/echo', 'x'.repeat(256 * 1024))).statusCode).toBe(200);
    expectProblem(await post('/api/echo', 'x'.repeat(256 * 1024 + 1)), 413, 'body_too_large');
  });
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'application/xml'])(
    'are refused as %s',
    async (type) => {
      expectProblem(await post('/api/echo', '{}', { 'content-type': type }), 415, 'media_type_unsupported');
    },
  );
  it('are refused when compressed', async () => {
    expectProblem(await post('/api/echo', '{}', { 'content-encoding': 'gzip' }), 415, 'media_type_unsupported');
    expectProblem(
      await post('/api/echo', '{}', { 'content-encoding': 'identity, gzip' }),
      415,
      'media_type_unsupported',
    );
  });
  it.each(['identity', 'Identity', ' IDENTITY '])('are taken when they are said not to be: %s', async (encoding) => {
    expect((await post('/api/echo', '{}', { 'content-encoding': encoding })).statusCode).toBe(200);
  });
});

describe('callers', () => {
  it('are known to the controller', async () => {
    const headers = {
      ...(await bearer({ projects: ['shop'] })),
      'x-request-id': 'req-1',
      'x-correlation-id': 'corr-1',
    };
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const response = await app.inject({ url: '/api/who/7', headers: { ...headers, traceparent } });
    expect(response.json()).toMatchObject({
      caller: { tenantId: 'acme', subject: 'ann', projects: ['shop'] },
      info: { requestId: 'req-1', correlationId: 'corr-1', traceparent },
    });
  });
  it('without a token are nobody', async () => {
    const response = await app.inject({ url: '/api/who/7' });
    expectProblem(response, 401, 'unauthenticated');
    expect(response.headers['www-authenticate']).toBe('Bearer realm="verdict"');
  });
  it('with a bad token are nobody, and are told so', async () => {
    const response = await app.inject({ url: '/api/who/7', headers: { authorization: 'Bearer abc.def.ghi' } });
    expectProblem(response, 401, 'unauthenticated');
    expect(response.headers['www-authenticate']).toContain('invalid_token');
  });
  it('are checked before the body is read', async () => {
    const response = await app.inject({
      method: 'POST',
      url: '/api/small',
      payload: 'x'.repeat(100),
      headers: { 'content-type': 'application/json' },
    });
    expectProblem(response, 401, 'unauthenticated');
  });
  it('need one of the roles of the route', async () => {
    const forbidden = await app.inject({ method: 'POST', url: '/api/created', headers: await bearer() });
    expectProblem(forbidden, 403, 'forbidden');
    const created = await app.inject({
      method: 'POST',
      url: '/api/created',
      headers: await bearer({ roles: ['admin'] }),
    });
    expect(created.statusCode).toBe(201);
    expect(created.headers).toMatchObject({ 'verdict-entry': 'policy@41', etag: '"7"', 'cache-control': 'no-store' });
  });
  it('admitted as service alone need a scope of the route', async () => {
    const call = async (claims: object) =>
      (await app.inject({ method: 'POST', url: '/api/echo', headers: await bearer({ roles: ['service'], ...claims }) }))
        .statusCode;
    expect(await call({})).toBe(200);
    expect(await call({ scope: 'import' })).toBe(403);
    expect(await call({ scope: 'import', roles: ['service', 'member'] })).toBe(200);
  });
});

describe('problems', () => {
  it('say nothing about the inside when something unexpected fails', async () => {
    const response = await app.inject({ url: '/api/fails', headers: { 'x-request-id': 'boom-1' } });
    expectProblem(response, 500, 'internal_error');
    expect(response.body).not.toMatch(/SELECT|stack|\.ts/);
    expect(lines.some((line) => line.includes('boom-1') && line.includes('SELECT secret'))).toBe(true);
  });
  it('answer what a port calls away with a 503 that may be repeated', async () => {
    for (const [url, code] of [
      ['/api/no-log', 'log_unavailable'],
      ['/api/no-read-models', 'read_model_behind'],
    ] as const) {
      const response = await app.inject({ url });
      expect(expectProblem(response, 503, code)).toMatchObject({ retryable: true });
      expect(response.body).not.toContain('ECONNREFUSED');
    }
  });
  it('carry extra members, which replace no standard one, and when to try again', async () => {
    const response = await app.inject({ url: '/api/limited' });
    expect(expectProblem(response, 429, 'rate_limited')).toMatchObject({
      limit: 120,
      retryable: true,
      instance: '/api/limited',
    });
    expect(response.headers['retry-after']).toBe('1');
  });
  it('answer an unknown path with 404 and a known one with 405 and what it allows', async () => {
    expectProblem(await app.inject({ url: '/api/nowhere' }), 404, 'not_found');
    for (const url of ['/api/who/7?x=1', '/api/%77ho/7', 'http://example.com/api/who/7'])
      for (const method of ['DELETE', 'OPTIONS', 'POST'] as const) {
        const response = await app.inject({ method, url });
        expectProblem(response, 405, 'method_not_allowed');
        expect(response.headers.allow).toBe('GET, HEAD');
      }
  });
  it('answer them so whatever the body is: no route says what it may be', async () => {
    for (const headers of [{ 'content-type': 'text/xml' }, {}, { 'content-type': 'application/json' }])
      for (const payload of ['<a/>', 'x'.repeat(300_000)]) {
        const [url, other] = ['/api/nowhere', '/api/who/7'];
        expectProblem(await app.inject({ method: 'POST', url, headers, payload }), 404, 'not_found');
        expectProblem(await app.inject({ method: 'PUT', url: other, headers, payload }), 405, 'method_not_allowed');
      }
    expect(await rawAnswer('QUERY /api/who/7 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 405 /,
    );
  });
  it('name every member of a query that the route does not know, once the caller is known', async () => {
    const url = '/api/echo?dry_run=true&a%2Fb=1&__proto__=x';
    expectProblem(await app.inject({ method: 'POST', url }), 401, 'unauthenticated');
    const body = expectProblem(await post(url, '{}'), 422, 'unknown_field');
    expect(body.errors).toMatchObject([
      { pointer: '/query/dry_run', code: 'unknown_field' },
      { pointer: '/query/a~1b', code: 'unknown_field' },
      { pointer: '/query/__proto__', code: 'unknown_field' },
    ]);
    expect((await post('/api/asked?timeout=2s', '{}')).statusCode).toBe(200);
    expectProblem(await post('/api/asked?timeot=2s', '{}'), 422, 'unknown_field');
    expect((await app.inject({ url: '/health/live?probe=1' })).statusCode).toBe(200);
  });
  it('answer a malformed path with 400 and an over-long parameter with 404', async () => {
    expectProblem(await app.inject({ url: '/api/who/%zz' }), 400, 'malformed_json');
    expectProblem(await app.inject({ url: `/api/who/${'x'.repeat(600)}` }), 404, 'not_found');
  });
  it('never repeat the secret of a webhook path', async () => {
    const response = await app.inject({ method: 'POST', url: '/api/review/t/s3cr3tsegment?timeout=2s' });
    expect(expectProblem(response, 401, 'unauthenticated').instance).toBe('/api/review/t/redacted');
    expect(lines.join('')).not.toContain('s3cr3tsegment');
  });
});

const rawAnswer = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { port } = app.getHttpServer().address() as { port: number };
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => {
      resolve(text);
    });
    socket.on('error', reject);
  });

it('answers a request that expects what nobody knows as any other: its id and its problem', async () => {
  const head =
    'GET /api/nowhere HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nX-Request-Id: req-7\r\nConnection: close\r\n\r\n';
  const answer = await rawAnswer(head);
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  expect(answer).toMatch(/x-request-id: req-7\r\n/i);
  expect(answer).toContain('urn:verdict:problem:not_found');
});

describe('bytes that are no HTTP request', () => {
  it.each([
    ['garbage', 'NONSENSE\r\n\r\n'],
    ['a content length that is no number', 'POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n'],
    [
      'length and chunks at once',
      'POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['header fields that are too large', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`],
  ])('get a problem for %s', async (_title, bytes) => {
    const answer = await rawAnswer(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/);
    expect(answer).toContain('"code":"malformed_json"');
  });
});

describe('the server', () => {
  it('takes a request id of 1 to 128 visible characters, else makes a UUIDv7', async () => {
    const idFor = async (id: string) =>
      (await app.inject({ url: '/health/live', headers: { 'x-request-id': id } })).headers['x-request-id'];
    expect(await idFor('a')).toBe('a');
    expect(await idFor('x'.repeat(128))).toBe('x'.repeat(128));
    const made = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(await idFor('x'.repeat(129))).toMatch(made);
    expect(await idFor('with space')).toMatch(made);
  });
  it('keeps idle connections longer than the 90 s of an API server', () => {
    const { keepAliveTimeout, headersTimeout, requestTimeout } = app.getHttpServer();
    expect(keepAliveTimeout).toBe(KEEP_ALIVE_MS);
    expect(headersTimeout).toBeGreaterThan(keepAliveTimeout);
    expect(requestTimeout).toBeGreaterThan(0);
  });
  it('logs each request by its pattern, without path, query, token or body', async () => {
    lines.length = 0;
    await app.inject({
      url: '/api/who/private-7?timeout=q',
      headers: { ...(await bearer()), 'x-request-id': 'log-1' },
    });
    await new Promise(setImmediate);
    const line = lines.find((text) => text.includes('log-1')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      request_id: 'log-1',
      method: 'GET',
      route: '/api/who/:item_id',
      status: 200,
      tenant: 'acme',
    });
    expect(line).not.toMatch(/private-7|timeout|Bearer|eyJ/);
  });
  it('serves its metrics', async () => {
    const metrics = await app.inject({ url: '/metrics' });
    expect(metrics.headers['content-type']).toContain('text/plain');
    expect(metrics.body).toContain(
      'p_enforcement_gate_decisions_total{source="terraform",decision="ALLOW",path="normal"} 0',
    );
  });
  it('lists every route with its roles', () => {
    const listed = listRoutes(app).filter(({ spec }) => spec !== null);
    expect(listed.map(({ spec }) => spec?.id)).toEqual(
      expect.arrayContaining(['echo', 'who', 'health_live', 'metrics']),
    );
  });
  it('does not start with a route that has no roles', async () => {
    const OPEN = route('open', { roles: [] });
    @Controller()
    class OpenController {
      @Endpoint(OPEN)
      open(): string {
        return 'open';
      }
    }
    @Module({ controllers: [OpenController] })
    class OpenModule {}
    const unsafe = await createHttpApp({
      service: 'x',
      module: OpenModule,
      config: { ...configFor(issuer), LOG_LEVEL: 'silent' },
    });
    await expect(unsafe.init()).rejects.toThrow(RouteWithoutRoles);
  });
});
