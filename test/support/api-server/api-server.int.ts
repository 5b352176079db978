import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { isAuditKey, recordWarnings } from './admit.js';
import { ApiServer } from './api-server.js';
import { timeoutParameter } from './call-webhook.js';
import type { KubernetesObject, Webhook } from './types.js';

interface Review {
  readonly request: {
    readonly uid: string;
    readonly name?: string;
    readonly oldObject: unknown;
    readonly dryRun: boolean;
  };
}
interface Answering {
  readonly status?: number;
  readonly body?: string;
  readonly delayMs?: number;
}
const HEAD = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
const yes = (uid: string, more: object = {}) => ({ ...HEAD, response: { uid, allowed: true, ...more } });

const seen: { readonly url: string; readonly review: Review }[] = [];
let answer: (review: Review) => Answering;
const say = (make: (uid: string) => unknown): void => {
  answer = ({ request: { uid } }) => ({ body: JSON.stringify(make(uid)) });
};
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const review = JSON.parse(text) as Review;
      seen.push({ url: request.url ?? '', review });
      const { status = 200, body = '', delayMs = 0 } = answer(review);
      setTimeout(() => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      }, delayMs);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/review`;
});
afterEach(() => {
  seen.length = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const hook = (more: Partial<Webhook> = {}): Webhook => ({
  name: 'gate.verdict.example.com',
  url,
  timeoutSeconds: 1,
  failurePolicy: 'Fail',
  ...more,
});
const deployment = (metadata: object = { name: 'api' }): KubernetesObject => ({
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { namespace: 'shop', ...metadata },
  spec: { replicas: 1 },
});
const create = (...webhooks: readonly Webhook[]) => new ApiServer(webhooks).create('deployments', deployment());

describe('a call', () => {
  it.each<[string, (uid: string) => unknown]>([
    ['no response', () => HEAD],
    ['a response of null', () => ({ ...HEAD, response: null })],
    ['another uid', () => yes('other')],
    ['no uid', () => ({ ...HEAD, response: { allowed: true } })],
    ['another version', (uid) => ({ ...yes(uid), apiVersion: 'admission.k8s.io/v1beta1' })],
    ['another kind', (uid) => ({ ...yes(uid), kind: 'Status' })],
    ['a patch', (uid) => yes(uid, { patch: 'W10=', patchType: 'JSONPatch' })],
    ['an empty patch', (uid) => yes(uid, { patch: null })],
    ['a text where a truth belongs', (uid) => yes(uid, { allowed: 'true' })],
    ['an annotation that is no text', (uid) => yes(uid, { auditAnnotations: { a: 1 } })],
    ['warnings that are no texts', (uid) => yes(uid, { warnings: [1] })],
    ['a list', () => []],
  ])('has failed when the answer has %s', async (_, make) => {
    say(make);
    expect(await create(hook())).toMatchObject({ allowed: false, code: 500 });
  });
  it('has failed when the answer is no JSON, has another status than 2xx, or does not come in time', async () => {
    for (const answering of [{ body: 'yes' }, { status: 500 }, { status: 404 }]) {
      answer = () => answering;
      expect((await create(hook())).code).toBe(500);
    }
    answer = ({ request: { uid } }) => ({ body: JSON.stringify(yes(uid)), delayMs: 1500 });
    expect((await create(hook())).code).toBe(500);
    expect((await create(hook({ url: 'http://127.0.0.1:9/' }))).code).toBe(500);
  });
  it('that failed lets the request pass under Ignore, and the audit event says so', async () => {
    say(() => HEAD);
    const admitted = await create(hook({ failurePolicy: 'Ignore' }));
    expect(admitted.allowed).toBe(true);
    expect(admitted.annotations).toEqual({
      'failed-open.validating.webhook.admission.k8s.io/round_0_index_0': 'gate.verdict.example.com',
    });
  });
  it('tells the deadline in whole seconds, rounded up, and has a uid of its own', async () => {
    expect([2000, 1999, 1001, 1000, 1].map(timeoutParameter)).toEqual(['2s', '2s', '2s', '1s', '1s']);
    say(yes);
    const cluster = new ApiServer([hook({ timeoutSeconds: 5 })]);
    await cluster.create('deployments', deployment(), { timeoutMs: 1500 });
    await cluster.create('deployments', deployment({ name: 'b' }));
    expect(seen.map((each) => each.url)).toEqual(['/review?timeout=2s', '/review?timeout=5s']);
    expect(new Set(seen.map(({ review }) => review.request.uid)).size).toBe(2);
  });
});

describe('a denial', () => {
  const denied = (status?: object) => {
    say((uid) => yes(uid, { allowed: false, ...(status === undefined ? {} : { status }) }));
    return create(hook());
  };
  const prefix = 'admission webhook "gate.verdict.example.com" denied the request';
  it('shows the message, else the reason, else that there is no explanation', async () => {
    expect(await denied({ code: 403, reason: 'Forbidden', message: 'no' })).toMatchObject({
      code: 403,
      message: `${prefix}: no`,
    });
    expect((await denied({ code: 403, reason: 'Forbidden' })).message).toBe(`${prefix}: Forbidden`);
    expect((await denied()).message).toBe(`${prefix} without explanation`);
  });
  it('has no code below 400', async () => {
    expect((await denied({ code: 200, message: 'x' })).code).toBe(400);
    expect((await denied({})).code).toBe(400);
  });
});

describe('warnings and annotations', () => {
  it('drop a warning with a control character, and show equal ones once', async () => {
    say((uid) => yes(uid, { warnings: ['a', 'b\nc', 'a', ''] }));
    const { warnings, complaints } = await create(hook());
    expect(warnings).toEqual(['a']);
    expect(complaints).toEqual(['warning dropped: "b\\nc"']);
  });
  it('cut all warnings once they are too long together', () => {
    const texts = Array.from({ length: 20 }, (_, index) => `${String(index)}${'x'.repeat(300)}`);
    const { warnings } = recordWarnings(texts);
    expect(warnings).toHaveLength(16);
    expect(warnings[0]).toHaveLength(256);
  });
  it('lose an annotation whose key has a slash, is too long or is no name', async () => {
    const keys = ['good.Key_1', 'verdict.io/id', 'x'.repeat(64), '-a', 'a-', 'ü', ''];
    say((uid) => yes(uid, { auditAnnotations: Object.fromEntries(keys.map((key) => [key, 'v'])) }));
    const { annotations, complaints } = await create(hook());
    expect(annotations).toEqual({ 'gate.verdict.example.com/good.Key_1': 'v' });
    expect(complaints).toHaveLength(keys.length - 1);
    expect(isAuditKey('Gate.example.com/a')).toBe(false);
  });
  it('never write an annotation over', async () => {
    let calls = 0;
    say((uid) => yes(uid, { auditAnnotations: { a: String((calls += 1)) } }));
    const { annotations, complaints } = await create(hook(), hook());
    expect(Object.values(annotations)).toHaveLength(1);
    expect(complaints).toEqual(['annotation may not be overwritten: gate.verdict.example.com/a']);
  });
});

describe('what one request of a user leads to', () => {
  it('is another review after each storage conflict, with another old object', async () => {
    say(yes);
    const cluster = new ApiServer([hook()]);
    await cluster.create('deployments', deployment());
    seen.length = 0;
    cluster.conflicts = 2;
    await cluster.update('deployments', 'shop', 'api', (old) => ({ ...old, spec: { replicas: 2 } }));
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map(({ review }) => JSON.stringify(review.request.oldObject))).size).toBe(3);
    expect(cluster.get('deployments', 'shop', 'api')).toMatchObject({ spec: { replicas: 2 } });
  });
  it('is another review for each generated name that is taken, at most eight', async () => {
    say(yes);
    const cluster = new ApiServer([hook()]);
    const generated = deployment({ generateName: 'job-' });
    cluster.nextNames.push('job-a', 'job-a', 'job-b');
    expect((await cluster.create('deployments', generated)).allowed).toBe(true);
    expect((await cluster.create('deployments', generated)).allowed).toBe(true);
    expect(seen.map(({ review }) => review.request.name)).toEqual(['job-a', 'job-a', 'job-b']);
    cluster.nextNames.push(...Array.from({ length: 9 }, () => 'job-a'));
    expect((await cluster.create('deployments', generated)).code).toBe(409);
    expect(cluster.attempts).toHaveLength(8);
  });
  it('is a review without a name on a deletecollection', async () => {
    say(yes);
    const cluster = new ApiServer([hook()]);
    await cluster.create('deployments', deployment());
    await cluster.delete('deployments', 'shop', 'api', { isCollection: true });
    expect(seen[1]?.review.request).not.toHaveProperty('name');
    expect(cluster.get('deployments', 'shop', 'api')).toBeUndefined();
  });
  it('is a review that changes nothing with dryRun, and none for what is not registered', async () => {
    say(yes);
    const cluster = new ApiServer([hook({ resources: ['deployments'] })]);
    await cluster.create('deployments', deployment(), { dryRun: true });
    expect(seen[0]?.review.request.dryRun).toBe(true);
    expect(cluster.get('deployments', 'shop', 'api')).toBeUndefined();
    await cluster.create('deployments', deployment());
    await cluster.scale('deployments', 'shop', 'api', 9);
    expect(seen).toHaveLength(2);
    expect(cluster.get('deployments', 'shop', 'api')).toMatchObject({ spec: { replicas: 9 } });
  });
});
