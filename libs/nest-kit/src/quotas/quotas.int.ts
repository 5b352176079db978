import 'reflect-metadata';
import { request } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Inject, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GateQuery } from '@verdict/contracts';
import { createHttpApp } from '../http/create-http-app.js';
import { listenHttpApp, stopHttpApp } from '../http/run-main.js';
import { QUOTAS } from '../http/tokens.js';
import { createLogger } from '../logging/logger.js';
import { type Call, TheCall } from '../routing/call.decorator.js';
import { Endpoint } from '../routing/endpoint.decorator.js';
import type { RouteSpec } from '../routing/route-spec.js';
import { createTokenIssuer } from '../testing/token-issuer.js';
import type { QuotaConfig } from './quota-env.js';
import { rateKindOf } from './quota-kind.js';
import type { Quotas } from './quotas.js';

const route = (id: string, more: Partial<RouteSpec> = {}): RouteSpec => ({
  id,
  method: 'POST',
  path: `/api/${id}`,
  roles: ['member', 'service'],
  status: 200,
  response: null,
  problems: [],
  summary: id,
  tag: 'gate',
  ...more,
});
const GATE = route('gate', { query: GateQuery });
const REVIEW = route('review', { path: '/api/gate/k8s/review', answersOverload: true });
const CONSUME = route('consume', { tag: 'approvals', quota: 'consume' });
const VOTE = route('vote', { tag: 'approvals' });
const ADMINISTER = route('administer', { tag: 'policy', roles: ['admin'] });
const LIST = route('list', { method: 'GET', roles: ['member', 'admin'] });
const OPEN = route('open', { method: 'GET', roles: 'public' });

/** Work that lasts until the test ends it. */
let working: (() => void)[] = [];
let isSlow = false;

@Controller()
class TestController {
  constructor(@Inject(QUOTAS) readonly quotas: Quotas) {}
  @Endpoint(GATE)
  async gate(@TheCall() call: Call): Promise<object> {
    if (isSlow) await new Promise<void>((resolve) => working.push(resolve));
    return { tenant: call.tenantId };
  }
  @Endpoint(REVIEW)
  async review(@TheCall() call: Call): Promise<object> {
    if (call.overload !== null) return { answer: 'gate_overloaded', by: call.overload.kind };
    if (isSlow) await new Promise<void>((resolve) => working.push(resolve));
    return { answer: 'evaluated' };
  }
  @Endpoint(CONSUME)
  consume(): object {
    return {};
  }
  @Endpoint(VOTE)
  vote(): object {
    return {};
  }
  @Endpoint(ADMINISTER)
  administer(): object {
    return {};
  }
  @Endpoint(LIST)
  list(): object {
    return {};
  }
  @Endpoint(OPEN)
  open(): object {
    return {};
  }
}
@Module({ controllers: [TestController] })
class TestModule {}

let app: NestFastifyApplication;
let url: string;
let lines: string[] = [];
let tokenOf: (tenant: string, subject?: string, role?: string) => Promise<string>;

const start = async (quotas: Partial<QuotaConfig>): Promise<void> => {
  const issuer = await createTokenIssuer();
  lines = [];
  working = [];
  isSlow = false;
  tokenOf = (tenant, subject = 'dev', role = 'member') =>
    issuer.sign({ tenant_id: tenant, sub: subject, roles: [role] });
  app = await createHttpApp({
    service: 'test',
    module: TestModule,
    config: {
      AUTH_ISSUERS: [issuer.issuer],
      LOG_LEVEL: 'info',
      METRIC_PREFIX: 'p_',
      METRIC_ALIAS_PREFIXES: [],
      ...quotas,
    },
    logger: createLogger({ service: 'test', level: 'info', stream: { write: (line) => void lines.push(line) } }),
  });
  url = await listenHttpApp(app, '127.0.0.1', 0);
};
afterEach(() => {
  for (const finish of working) finish();
  return stopHttpApp(app);
});

const ask = async (spec: RouteSpec, tenant: string, { subject, role }: { subject?: string; role?: string } = {}) => {
  const answer = await fetch(url + spec.path, {
    method: spec.method,
    headers: { authorization: `Bearer ${await tokenOf(tenant, subject, role)}`, 'content-type': 'application/json' },
    ...(spec.method === 'GET' ? {} : { body: '{}' }),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
};
const statuses = async (count: number, ...how: Parameters<typeof ask>): Promise<readonly number[]> => {
  const found: number[] = [];
  for (let asked = 0; asked < count; asked += 1) found.push((await ask(...how)).status);
  return found;
};
const until = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5));
};
const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`p_enforcement_${name}`));
  return Number(line?.split(' ').at(-1));
};

describe('the limit of a route', () => {
  it('follows from its method and its roles, and no route that has a caller is without one', async () => {
    await start({});
    expect([GATE, REVIEW, CONSUME, VOTE, ADMINISTER, LIST].map(rateKindOf)).toEqual([
      'gate',
      'gate',
      'consume',
      'writes',
      'admin_writes',
      'reads',
    ]);
  });
  it('is the tenant: what one has used up another still has', async () => {
    await start({ VERDICT_QUOTA_GATE_PER_SECOND: 1, VERDICT_QUOTA_GATE_BURST: 3 });
    expect(await statuses(5, GATE, 'loud')).toEqual([200, 200, 200, 429, 429]);
    const { status, headers, body } = await ask(GATE, 'loud', { subject: 'somebody-else' });
    expect([status, headers.get('retry-after')]).toEqual([429, '1']);
    expect(body).toMatchObject({ code: 'rate_limited', retryable: true, limit: 1, limit_kind: 'gate' });
    expect(await statuses(3, GATE, 'quiet')).toEqual([200, 200, 200]);
    expect(await statuses(3, LIST, 'loud')).toEqual([200, 200, 200]);
    expect(await metric('quota_refusals_total{kind="gate"}')).toBe(3);
    expect(await metric('gate_refusals_total{source="terraform",code="rate_limited"}')).toBe(3);
  });
  it('of consume is the subject', async () => {
    await start({ VERDICT_QUOTA_CONSUME_PER_MINUTE: 2 });
    expect(await statuses(3, CONSUME, 'acme', { subject: 'one' })).toEqual([200, 200, 429]);
    expect(await statuses(2, CONSUME, 'acme', { subject: 'two' })).toEqual([200, 200]);
    const { headers, body } = await ask(CONSUME, 'acme', { subject: 'one' });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(20);
    expect(body).toMatchObject({ limit: 2, limit_kind: 'consume' });
  });
  it('of administration and of reads is the tenant, each of its own', async () => {
    await start({ VERDICT_QUOTA_ADMIN_WRITES_PER_MINUTE: 2, VERDICT_QUOTA_READS_PER_SECOND: 4 });
    const admin = { subject: 'ann', role: 'admin' };
    expect(await statuses(2, ADMINISTER, 'acme', admin)).toEqual([200, 200]);
    expect((await ask(ADMINISTER, 'acme', { ...admin, subject: 'ben' })).body).toMatchObject({
      code: 'rate_limited',
      limit_kind: 'admin_writes',
    });
    expect(await statuses(2, VOTE, 'acme')).toEqual([200, 200]);
    const reads = await Promise.all(Array.from({ length: 12 }, () => ask(LIST, 'acme')));
    expect(reads.filter(({ status }) => status === 429).length).toBeGreaterThan(4);
    expect(await statuses(20, OPEN, 'acme')).toEqual(Array.from({ length: 20 }, () => 200));
  });
  it('is lower where the policy of the tenant says so', async () => {
    await start({ VERDICT_QUOTA_GATE_PER_SECOND: 100, VERDICT_QUOTA_GATE_BURST: 100 });
    app.get<Quotas>(QUOTAS).lowerGate((tenant) => (tenant === 'low' ? { perSecond: 1, burst: 2 } : undefined));
    expect(await statuses(3, GATE, 'low')).toEqual([200, 200, 429]);
    expect(await statuses(3, GATE, 'other')).toEqual([200, 200, 200]);
  });
  it('counts a call that asks many questions as many, and lets one that is larger than the burst pass after a rest', async () => {
    await start({ VERDICT_QUOTA_GATE_PER_SECOND: 1, VERDICT_QUOTA_GATE_BURST: 10 });
    const quotas = app.get<Quotas>(QUOTAS);
    const batch = (tenantId: string, members: number) => {
      const who = { tenantId, subject: 'dev' };
      return [quotas.spend('gate', who), quotas.spendMembers(who, members)].map((met) => met?.kind ?? 'passed');
    };
    expect(batch('a', 6)).toEqual(['passed', 'passed']);
    expect(batch('a', 4)).toEqual(['passed', 'passed']);
    expect(batch('a', 1)).toEqual(['gate', 'passed']);
    expect(batch('b', 100)).toEqual(['passed', 'passed']);
    expect(batch('b', 2)).toEqual(['gate', 'gate']);
  });
  it('leaves the answer to a controller whose caller is owed another one', async () => {
    await start({ VERDICT_QUOTA_GATE_PER_SECOND: 1, VERDICT_QUOTA_GATE_BURST: 1 });
    expect((await ask(REVIEW, 'loud')).body).toEqual({ answer: 'evaluated' });
    const { status, body } = await ask(REVIEW, 'loud');
    expect([status, body]).toEqual([200, { answer: 'gate_overloaded', by: 'gate' }]);
    expect(await metric('quota_refusals_total{kind="gate"}')).toBe(1);
  });
  it('is one warning for each tenant, limit and subject, with the count', async () => {
    await start({ VERDICT_QUOTA_GATE_PER_SECOND: 1, VERDICT_QUOTA_GATE_BURST: 1, VERDICT_QUOTA_CONSUME_PER_MINUTE: 1 });
    await statuses(4, GATE, 'a');
    await statuses(3, GATE, 'b');
    await statuses(3, CONSUME, 'a', { subject: 'eve' });
    await stopHttpApp(app);
    const warnings = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ level }) => level === 'warn');
    expect(warnings.map(({ tenant, limit, subject, count }) => ({ tenant, limit, subject, count }))).toEqual([
      { tenant: 'a', limit: 'gate', subject: null, count: 3 },
      { tenant: 'b', limit: 'gate', subject: null, count: 2 },
      { tenant: 'a', limit: 'consume', subject: 'eve', count: 2 },
    ]);
  });
});

describe('calls in flight', () => {
  const full = (limits: Partial<QuotaConfig> = {}) =>
    start({ VERDICT_GATE_IN_FLIGHT: 1, VERDICT_GATE_WAITING: 1, VERDICT_GATE_WAIT_MS: 60_000, ...limits });
  const waiting = () => metric('gate_queue_depth');

  it('wait in turns of their tenants, and only the tenant whose line is full is refused', async () => {
    await full();
    isSlow = true;
    const first = ask(GATE, 'loud');
    await until(() => working.length === 1);
    const second = ask(GATE, 'loud');
    await until(async () => (await waiting()) === 1);
    const refused = await ask(GATE, 'loud');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(refused.body).toMatchObject({ code: 'rate_limited', limit: 1, limit_kind: 'in_flight' });
    expect((await ask(REVIEW, 'loud')).body).toEqual({ answer: 'gate_overloaded', by: 'in_flight' });
    const other = ask(GATE, 'quiet');
    await until(async () => (await waiting()) === 2);
    for (let done = 0; done < 3; done += 1) {
      await until(() => working.length === 1);
      working.pop()?.();
    }
    expect([(await first).status, (await second).status, (await other).status]).toEqual([200, 200, 200]);
    expect(await waiting()).toBe(0);
  });
  it('are refused when their wait is over', async () => {
    await full({ VERDICT_GATE_WAIT_MS: 50 });
    isSlow = true;
    void ask(GATE, 'loud').catch(() => undefined);
    await until(() => working.length === 1);
    expect((await ask(GATE, 'quiet')).body).toMatchObject({ code: 'rate_limited', limit_kind: 'in_flight' });
  });
  it('are refused before their callers give up, where these say how long they wait', async () => {
    await full();
    isSlow = true;
    void ask(GATE, 'loud').catch(() => undefined);
    await until(() => working.length === 1);
    const began = performance.now();
    const answer = await ask({ ...GATE, path: `${GATE.path}?timeout=1s` }, 'quiet');
    expect(answer.body).toMatchObject({ code: 'rate_limited', limit_kind: 'in_flight' });
    expect(performance.now() - began).toBeLessThan(1000);
  });
  it('keep their place until their work is done, also when the client has gone away', async () => {
    await full({ VERDICT_GATE_WAIT_MS: 100 });
    isSlow = true;
    const token = await tokenOf('loud');
    const gone = request(`${url}/api/gate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    gone.on('error', () => undefined).end('{}');
    await until(() => working.length === 1);
    gone.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await ask(GATE, 'quiet')).status).toBe(429);
    working.pop()?.();
    isSlow = false;
    await until(async () => (await ask(GATE, 'quiet')).status === 200);
  });
  it('give their place back when they fail', async () => {
    await full({ VERDICT_GATE_WAIT_MS: 100 });
    const wrong = await fetch(`${url}/api/gate`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'text/plain' },
    });
    expect(wrong.status).toBe(401);
    for (let call = 0; call < 5; call += 1) expect((await ask(GATE, 'acme')).status).toBe(200);
  });
});
