import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { HcpTerraform, type TaskFaults, type TaskResult } from './hcp-terraform.js';
import { signatureOf, type TaskTerms } from './payload.js';

const KEY = 'hmac-key';

/** Whoever should be the run task: notes what came and answers as told. */
class Receiver {
  readonly received: { readonly body: string; readonly signature: string }[] = [];
  answers: number[] = [];
  text = '';
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}
  static async start(): Promise<Receiver> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const receiver = new Receiver(server, `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
    server.on('request', (incoming, response) => {
      let body = '';
      incoming
        .on('data', (part: Buffer) => (body += part.toString()))
        .on('end', () => {
          receiver.received.push({ body, signature: String(incoming.headers['x-tfc-task-signature']) });
          response.writeHead(receiver.answers.shift() ?? 200).end(receiver.text);
        });
    });
    return receiver;
  }
  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const RESULT = (status: string, more: object = {}, relationships: object = {}) =>
  JSON.stringify({ data: { type: 'task-results', attributes: { status, ...more }, relationships } });
const OUTCOME = { type: 'task-result-outcomes', attributes: { 'outcome-id': 'a', description: 'b' } };

describe('the double of HCP Terraform', () => {
  let peer: HcpTerraform;
  let receiver: Receiver;
  beforeEach(async () => {
    peer = await HcpTerraform.start();
    receiver = await Receiver.start();
  });
  afterEach(async () => {
    receiver.stop();
    await peer.stop();
  });

  const start = (terms?: TaskTerms, faults?: TaskFaults): TaskResult =>
    peer.startTask({ url: receiver.url, hmacKey: KEY }, terms, faults);
  const send = (
    url: string,
    { method = 'PATCH', token, body = '', type = 'application/vnd.api+json' }: Record<string, string | undefined>,
  ): Promise<{ status: number; location: string; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': type, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
      const sent = request(url, { method, headers, ca: peer.authority.cert, agent: false }, (response) => {
        let text = '';
        response
          .on('data', (part: Buffer) => (text += part.toString()))
          .on('end', () => {
            resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '', text });
          });
      });
      sent.on('error', reject).end(body);
    });
  const callback = ({ sent, token }: TaskResult, body: string, more: Record<string, string | undefined> = {}) =>
    send(String(sent['task_result_callback_url']), { token, body, ...more });
  const plan = ({ sent, token }: TaskResult) => send(String(sent['plan_json_api_url']), { method: 'GET', token });

  it('signs the raw body, sends an empty signature without a key, and sends again until it hears 200', async () => {
    receiver.answers = [500, 503, 200];
    const result = start();
    await callback(result, RESULT('passed'));
    await result.done;
    while (receiver.received.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(receiver.received[0]!.signature).toBe(signatureOf(receiver.received[0]!.body, KEY));
    await peer.createTask({ url: receiver.url, hmacKey: '' });
    expect(receiver.received.at(-1)!.signature).toBe('');
  });

  it('creates a task only when the test request is answered 200 with nothing', async () => {
    expect(await peer.createTask({ url: receiver.url, hmacKey: KEY })).toEqual({ isCreated: true, status: 200 });
    expect(JSON.parse(receiver.received[0]!.body)).toMatchObject({ access_token: 'test-token', payload_version: 1 });
    receiver.text = 'hello';
    expect(await peer.createTask({ url: receiver.url, hmacKey: KEY })).toMatchObject({ isCreated: false });
    expect(peer.violations).toEqual(['a request was answered with more than nothing']);
  });

  it('serves a plan as its steps say, and the archive to nobody with a token', async () => {
    const result = start({}, { planSteps: [{ status: 204 }, { status: 307 }], plan: '{"format_version":"1.2"}' });
    expect((await plan(result)).status).toBe(204);
    const { status, location } = await plan(result);
    expect(status).toBe(307);
    expect(new URL(location).origin).toBe(peer.archiveAddress);
    expect((await send(location, { method: 'GET' })).text).toBe('{"format_version":"1.2"}');
    expect(peer.violations).toEqual([]);
    await send(location, { method: 'GET', token: result.token });
    expect(peer.violations).toEqual(['the archive was given a token']);
  });

  it('stops a mandatory run that failed, and goes on with an advisory one', async () => {
    const mandatory = start({ enforcement: 'mandatory' });
    await callback(mandatory, RESULT('running'));
    await callback(mandatory, RESULT('running'));
    await callback(mandatory, RESULT('failed', { message: 'too dear' }));
    expect(await mandatory.done).toMatchObject({ status: 'failed', isRunStopped: true });
    expect(mandatory.statuses).toEqual(['running', 'running', 'failed']);
    const advisory = start({ enforcement: 'advisory' });
    await callback(advisory, RESULT('failed'));
    expect(await advisory.done).toMatchObject({ status: 'failed', isRunStopped: false });
    expect(peer.violations).toEqual([]);
  });

  it('ends as errored when nobody answers, which stops a mandatory run, and takes nothing afterwards', async () => {
    const result = start({}, { timeoutMs: 50 });
    expect(await result.done).toEqual({ status: 'errored', isRunStopped: true, body: null });
    expect((await callback(result, RESULT('passed'))).status).toBe(401);
    expect(peer.violations).toEqual(['the token has ended with the task']);
  });

  it('refuses a second final result', async () => {
    const result = start();
    await callback(result, RESULT('passed'));
    expect((await callback(result, RESULT('failed'))).status).toBe(422);
    expect(peer.violations).toEqual(['the result was passed already']);
    expect(result.finalBodies).toHaveLength(2);
  });

  it('fails callbacks as told, and does not count a fault as a result', async () => {
    const result = start({}, { callbackAnswers: [200, 500], finalAnswers: [503] });
    expect((await callback(result, RESULT('running'))).status).toBe(200);
    expect((await callback(result, RESULT('running'))).status).toBe(500);
    expect((await callback(result, RESULT('passed'))).status).toBe(503);
    expect((await callback(result, RESULT('passed'))).status).toBe(200);
    expect(result.statuses).toEqual(['running', 'passed']);
    const cut = start({}, { callbackAnswers: [0] });
    await expect(callback(cut, RESULT('running'))).rejects.toThrow();
    expect(peer.violations).toEqual([]);
  });

  it.each([
    ['another media type', RESULT('passed'), { type: 'application/json' }, 'the media type is application/json'],
    ['another method', RESULT('passed'), { method: 'POST' }, 'not a PATCH'],
    ['another status', RESULT('pending'), {}, 'the status is pending'],
    ['another type', RESULT('passed').replace('task-results', 'results'), {}, 'the type is not task-results'],
    ['no JSON', 'passed', {}, 'the body is not JSON'],
    ['outcomes among attributes', RESULT('passed', { outcomes: [] }), {}, 'attributes has the member outcomes'],
    ['a url that is none', RESULT('passed', { url: 'here' }), {}, 'the url is no URL'],
    [
      'an outcome without description',
      RESULT('passed', {}, { outcomes: { data: [{ ...OUTCOME, attributes: { 'outcome-id': 'a' } }] } }),
      {},
      'an outcome has no description',
    ],
    [
      'a level that nobody knows',
      RESULT(
        'passed',
        {},
        {
          outcomes: {
            data: [
              { ...OUTCOME, attributes: { ...OUTCOME.attributes, tags: { S: [{ label: 'x', level: 'fatal' }] } } },
            ],
          },
        },
      ),
      {},
      'a tag has the level "fatal"',
    ],
    [
      'a body beyond 1 MiB',
      RESULT('passed', { message: 'x'.repeat(1024 * 1024) }),
      {},
      'the body is larger than 1 MiB',
    ],
  ])('writes down %s, and takes nothing of it', async (_what, body, more, violation) => {
    const result = start();
    expect((await callback(result, body, more)).status).toBe(422);
    expect(peer.violations).toContain(violation);
    expect(result.statuses).toEqual([]);
  });

  it('writes down outcomes for a peer that has none, a wrong token, none at all, and addresses it does not have', async () => {
    const result = start({ hasOutcomes: false });
    const outcomes = RESULT('passed', {}, { outcomes: { data: [OUTCOME] } });
    expect((await callback(result, outcomes)).status).toBe(422);
    expect((await callback(result, RESULT('passed'), { token: 'wrong' })).status).toBe(401);
    expect((await callback(result, RESULT('passed'), { token: undefined })).status).toBe(401);
    expect((await send(`${peer.address}/api/v2/plans/other/json-output`, { method: 'GET' })).status).toBe(404);
    expect(peer.violations).toEqual([
      'outcomes were sent to a peer that has none',
      'task-results was asked for without the token of the task',
      'task-results was asked for without the token of the task',
      'there is no /api/v2/plans/other/json-output',
    ]);
  });
});
