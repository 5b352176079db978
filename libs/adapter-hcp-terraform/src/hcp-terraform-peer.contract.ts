import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { PeerRequest, TerraformPeer } from '@verdict/application';
import {
  HcpTerraform,
  type PlanStep,
  type TaskFaults,
  type TaskResult,
} from '../../../test/support/hcp-terraform/hcp-terraform.js';
import { signatureOf } from '../../../test/support/hcp-terraform/payload.js';
import { createHcpTerraformPeer } from './hcp-terraform-peer.js';

const NOWHERE = { url: 'http://127.0.0.1:1/', hmacKey: 'k' };
const BODY = JSON.stringify({ data: { type: 'task-results', attributes: { status: 'running' } } });
const KIB = 1024;

/** What every adapter of TerraformPeer obeys, against the double of the real peer. */
const describeTerraformPeer = (adapter: string, open: (ca: string) => TerraformPeer): void =>
  describe(`TerraformPeer contract: ${adapter}`, () => {
    let double: HcpTerraform;
    let peer: TerraformPeer;
    beforeAll(async () => {
      double = await HcpTerraform.start();
      peer = open(double.authority.cert);
    });
    afterAll(() => double.stop());
    afterEach(() => {
      double.violations.length = 0;
    });

    const task = (faults: TaskFaults = {}): TaskResult => double.startTask(NOWHERE, {}, faults);
    const to = ({ token }: TaskResult, url: unknown, more: Partial<PeerRequest> = {}): PeerRequest => ({
      peer: { address: double.address, isPrivateAllowed: true },
      url: String(url),
      token,
      timeoutMs: 2_000,
      ...more,
    });
    const fetchPlan = (result: TaskResult, more: Partial<PeerRequest & { bytesMax: number }> = {}) =>
      peer.fetchPlan({ ...to(result, result.sent['plan_json_api_url']), bytesMax: 64 * KIB, ...more });
    const planOf = (...planSteps: readonly PlanStep[]) => fetchPlan(task({ planSteps }));
    const sendResult = (result: TaskResult, more: Partial<PeerRequest & { body: string }> = {}) =>
      peer.sendResult({ ...to(result, result.sent['task_result_callback_url']), body: BODY, ...more });

    it('knows a signature from the raw body and the key, in lower case only', () => {
      const body = Buffer.from('{"a": 1}');
      const signature = signatureOf('{"a": 1}', 'one');
      expect(peer.isSigned(body, signature, ['one'])).toBe(true);
      expect(peer.isSigned(body, signature, ['other', 'one'])).toBe(true);
      expect(peer.isSigned(body, signature, ['other'])).toBe(false);
      expect(peer.isSigned(body, signature, [])).toBe(false);
      expect(peer.isSigned(Buffer.from('{"a":1}'), signature, ['one'])).toBe(false);
      expect(peer.isSigned(body, signature.toUpperCase(), ['one'])).toBe(false);
      expect(peer.isSigned(body, signature.slice(0, -2), ['one'])).toBe(false);
      expect(peer.isSigned(body, '', ['one'])).toBe(false);
      expect(peer.isSigned(body, signatureOf('{"a": 1}', ''), [''])).toBe(false);
    });

    it('follows one redirect to the archive, without the token, and gives the bytes as they are', async () => {
      const plan = '{"format_version": "1.2", "x": 1.50}';
      const answer = await fetchPlan(task({ plan }));
      expect(answer.kind === 'plan' && Buffer.from(answer.bytes).toString()).toBe(plan);
      expect(double.violations).toEqual([]);
    });

    it.each<readonly [number, object]>([
      [204, { kind: 'not_ready' }],
      [422, { kind: 'unsupported' }],
      [404, { kind: 'refused', status: 404 }],
      [503, { kind: 'unreachable' }],
    ])('tells what %i from the plan means', async (status, answer) => {
      expect(await planOf({ status: status as 204 })).toEqual(answer);
    });

    it('reads as many bytes as allowed, and not one more', async () => {
      const plan = 'x'.repeat(64 * KIB);
      expect((await fetchPlan(task({ plan }))).kind).toBe('plan');
      expect(await fetchPlan(task({ plan: `${plan}x` }))).toEqual({ kind: 'too_large' });
    });

    it('follows no redirect to another private host, without TLS, with credentials, or a second time', async () => {
      const { port } = new URL(double.archiveAddress);
      const targets = [
        `https://127.0.0.1:${port}/object/x`,
        `https://[::1]:${port}/object/x`,
        `https://169.254.169.254/latest/meta-data`,
        `http://localhost:${port}/object/x`,
        `https://user:pass@localhost:${port}/object/x`,
        `${double.archiveAddress}/moved`,
        'https://',
        'file:///etc/passwd',
      ];
      for (const location of targets)
        expect([location, await planOf({ status: 307, location })]).toEqual([location, { kind: 'forbidden' }]);
      expect(double.violations).toEqual([]);
    });

    it('sends nothing to any address but that of the integration, however it is spelt', async () => {
      const result = task();
      const path = new URL(String(result.sent['task_result_callback_url'])).pathname;
      const { port } = new URL(double.address);
      const urls = [
        `https://evil.test${path}`,
        `https://localhost${path}`,
        `${double.archiveAddress}${path}`,
        `https://localhost:${port}@evil.test${path}`,
        `https://user@localhost:${port}${path}`,
        `https://localhost.evil.test:${port}${path}`,
        `http://localhost:${port}${path}`,
        `//localhost:${port}${path}`,
        path,
        '',
      ];
      for (const url of urls) {
        expect([url, await sendResult(result, { url })]).toEqual([url, 'forbidden']);
        expect([url, (await fetchPlan(result, { url })).kind]).toEqual([url, 'forbidden']);
      }
      expect(await sendResult(result, { url: `HTTPS://LOCALHOST:${port}${path}` })).toBe('taken');
    });

    it('ends an attempt in its time, with all that belongs to it: the name, the archive and its name', async () => {
      const { cert: ca } = double.authority;
      const slowly = createHcpTerraformPeer({ ca, resolve: () => sleep(700, ['127.0.0.1']) });
      const never = createHcpTerraformPeer({ ca, resolve: () => sleep(30_000, ['127.0.0.1'], { ref: false }) });
      const result = task();
      const url = String(result.sent['plan_json_api_url']);
      const asked = { ...to(result, url, { timeoutMs: 1_000 }), bytesMax: 64 * KIB };
      const started = performance.now();
      expect(await slowly.fetchPlan(asked)).toEqual({ kind: 'unreachable' }); // Each name alone would be in time.
      expect(await slowly.fetchPlan({ ...asked, timeoutMs: 20_000 })).toMatchObject({ kind: 'plan' });
      expect(await never.fetchPlan(asked)).toEqual({ kind: 'unreachable' });
      expect(await never.sendResult({ ...asked, body: BODY })).toBe('unreachable');
      expect(performance.now() - started).toBeLessThan(20_000);
    });

    it('connects to no private address unless the integration says so', async () => {
      const result = task();
      const address = { address: double.address, isPrivateAllowed: false };
      expect(await sendResult(result, { peer: address })).toBe('forbidden');
      expect(await fetchPlan(result, { peer: address })).toEqual({ kind: 'forbidden' });
      expect(result.statuses).toEqual([]);
    });

    it('connects to the address that was checked: a name that resolves differently a second time changes nothing', async () => {
      const asked: string[] = [];
      const rebound = createHcpTerraformPeer({
        ca: double.authority.cert,
        resolve: (host) => {
          asked.push(host);
          return Promise.resolve(asked.length === 1 ? ['169.254.169.254', '127.0.0.1'] : ['169.254.169.254']);
        },
      });
      const result = task();
      const request = { ...to(result, result.sent['task_result_callback_url']), body: BODY };
      expect(await rebound.sendResult(request)).toBe('taken'); // By the one address that is allowed.
      expect(asked).toEqual(['localhost']);
      expect(await rebound.sendResult(request)).toBe('forbidden');
    });

    it('resolves a name once, by its own resolver: the connection never asks again', async () => {
      const result = task();
      const address = `https://hcp.test:${new URL(double.address).port}`;
      const url = String(result.sent['task_result_callback_url']).replace(double.address, address);
      const named = createHcpTerraformPeer({
        ca: double.authority.cert,
        resolve: () => Promise.resolve(['127.0.0.1']),
      });
      const request = { ...to(result, url, { peer: { address, isPrivateAllowed: true } }), body: BODY };
      expect(await named.sendResult(request)).toBe('taken'); // No other resolver knows this name.
    });

    it('believes nobody whose certificate is not that of the name', async () => {
      const stranger = createHcpTerraformPeer();
      const result = task();
      const request = { ...to(result, result.sent['task_result_callback_url']), body: BODY };
      expect(await stranger.sendResult(request)).toBe('unreachable');
      const renamed = createHcpTerraformPeer({
        ca: double.authority.cert,
        resolve: () => Promise.resolve(['127.0.0.1']),
      });
      const { port } = new URL(double.address);
      const other = `https://other.test:${port}`;
      const url = request.url.replace(double.address, other);
      expect(await renamed.sendResult({ ...request, peer: { address: other, isPrivateAllowed: true }, url })).toBe(
        'unreachable',
      );
    });

    it('tells what is worth sending again from what is not', async () => {
      const result = task({ callbackAnswers: [500, 503, 429, 0, 401, 422, 404, 302] });
      const answers: string[] = [];
      for (let count = 0; count < 9; count += 1) answers.push(await sendResult(result));
      expect(answers).toEqual([
        ...['unreachable', 'unreachable', 'unreachable', 'unreachable'],
        ...['refused', 'refused', 'refused', 'refused', 'taken'],
      ]);
      expect(double.violations).toEqual([]);
    });

    it('gives up when the peer does not answer in time', async () => {
      const result = task();
      const silent = createHcpTerraformPeer({ resolve: () => Promise.resolve(['127.0.0.1']) });
      const url = `https://silent.test:9/x`;
      const address = { address: 'https://silent.test:9', isPrivateAllowed: true };
      expect(await silent.sendResult({ ...to(result, url, { peer: address, timeoutMs: 200 }), body: BODY })).toBe(
        'unreachable',
      );
    });
  });

describeTerraformPeer('HTTPS', (ca) => createHcpTerraformPeer({ ca }));
