import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Summary {
  readonly requests: number;
  readonly rps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly non2xx: number;
  readonly otherVerdicts: number;
  readonly statuses: Readonly<Record<string, number>>;
}
type Answer = (response: ServerResponse, number: number) => void;

let folder: string;
const seen: { readonly key: string; readonly token: string; readonly resource: string }[] = [];

const leafOf = (number: number): string => number.toString(16).padStart(64, '0');
const verdict = (number: number, decision = 'ALLOW'): string =>
  JSON.stringify({
    decision,
    reservation_active: true,
    waterfall: [{ entry: 'x' }],
    entry: { origin: 'a/b/decisions', revision: number, leaf_hash: leafOf(number) },
    observed: { policy: 1 },
  });
const allow: Answer = (response, number) =>
  void response.setHeader('content-type', 'application/json').end(verdict(number));

/** The part of the gate's HTTP that the load sees. */
const withGate = async (answer: Answer, use: (port: number) => Promise<void>): Promise<void> => {
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { readonly resource_reference: string };
      seen.push({
        key: String(request.headers['idempotency-key']),
        token: String(request.headers.authorization),
        resource: body.resource_reference,
      });
      answer(response, seen.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

const load = (job: Readonly<Record<string, unknown>>): Promise<Summary> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [here('load.mjs')], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.once('close', (code) =>
      code === 0 ? resolve(JSON.parse(text) as Summary) : reject(new Error(`ended with ${String(code)}`)),
    );
    child.stdin.end(
      JSON.stringify({ host: '127.0.0.1', run: 'r', tokens: ['t0'], acknowledgedFile: join(folder, 'ack'), ...job }),
    );
  });
const acknowledged = (): readonly string[] => readFileSync(join(folder, 'ack'), 'utf8').trim().split('\n');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verdict-load-'));
  seen.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the closed loop', () => {
  it('sends each request under a key and for a resource of its own, tenants in turn, and writes down what was acknowledged', () =>
    withGate(allow, async (port) => {
      const summary = await load({ port, connections: 4, seconds: 0.5, tokens: ['t0', 't1'] });
      expect(summary).toMatchObject({
        requests: seen.length,
        non2xx: 0,
        otherVerdicts: 0,
        statuses: { 200: seen.length },
      });
      expect(new Set(seen.map(({ key }) => key)).size).toBe(seen.length);
      expect(new Set(seen.map(({ resource }) => resource)).size).toBe(seen.length);
      const ofFirst = seen.filter(({ token }) => token === 'Bearer t0').length;
      expect(Math.abs(ofFirst * 2 - seen.length)).toBeLessThanOrEqual(8);
      expect(acknowledged()).toHaveLength(seen.length);
      const leaves = acknowledged().map((line) => line.split(' ')[2]);
      expect(leaves.sort()).toEqual(seen.map((_, number) => leafOf(number)));
    }));
  it('counts refusals, lost connections and verdicts of another kind apart from good answers', () =>
    withGate(
      (response, number) => {
        if (number % 4 === 1) response.writeHead(503, { 'content-length': '2' }).end('{}');
        else if (number % 4 === 2) response.destroy();
        else if (number % 4 === 3) response.end(verdict(number, 'DENY'));
        else response.end(verdict(number));
      },
      async (port) => {
        const { requests, statuses, non2xx, otherVerdicts } = await load({ port, connections: 1, seconds: 2 });
        expect(requests).toBeGreaterThan(20);
        expect(Math.abs((statuses['0'] ?? 0) - requests / 4)).toBeLessThanOrEqual(1);
        expect(Math.abs((statuses['503'] ?? 0) - requests / 4)).toBeLessThanOrEqual(1);
        expect(non2xx).toBe((statuses['0'] ?? 0) + (statuses['503'] ?? 0));
        expect(Math.abs(otherVerdicts - requests / 4)).toBeLessThanOrEqual(1);
        expect(acknowledged()).toHaveLength(statuses['200'] ?? 0);
      },
    ));
});

describe('the open loop', () => {
  it('sends at its rate and counts the latency from when a request was due, so that a stall is in every request it delays', () =>
    withGate(
      (response, number) => {
        if (number === 200) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500); // The whole server stalls.
        allow(response, number);
      },
      async (port) => {
        const summary = await load({ port, connections: 4, perSecond: 400, seconds: 1.5 });
        expect(summary.requests).toBe(600);
        expect(summary.maxMs).toBeGreaterThan(450);
        // The stall lasts for 200 due times; with 4 connections a client that counts from sending sees 4 slow requests.
        expect(summary.p99Ms).toBeGreaterThan(350);
      },
    ));
});

describe('the reading of answers', () => {
  it('waits for a whole answer, and keeps what follows it', async () => {
    const { readAnswer } = await import(here('connection.mjs'));
    const bytes = Buffer.from('HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1');
    for (let length = 0; length < bytes.length - 8; length += 1)
      expect(readAnswer(bytes.subarray(0, length))).toBeUndefined();
    const { status, body, rest } = readAnswer(bytes);
    expect([status, body.toString(), rest.toString()]).toEqual([201, 'abc', 'HTTP/1.1']);
  });
  it('gives percentiles by nearest rank', async () => {
    const { percentile } = await import(here('recorder.mjs'));
    const sorted = Array.from({ length: 200 }, (_, index) => index + 1);
    expect([percentile(sorted, 50), percentile(sorted, 99), percentile([7], 99), percentile([], 99)]).toEqual([
      100, 198, 7, 0,
    ]);
  });
});

describe('the look into the ledger', () => {
  it('tells a missing decision and one that two answers named', async () => {
    const { auditAcknowledged } = await import(here('audit.mjs'));
    const path = join(folder, 'ack');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(path, [0, 1, 2, 2].map((number) => `0 ${number} ${leafOf(number)}\n`).join(''));
    const ledger = createServer((request, response) => {
      const from = Number(/from_revision=(\d+)/.exec(request.url ?? '')?.[1]);
      const revision = from === 0 ? 0 : 2; // Pages of one entry; revision 1 is lost.
      response.end(JSON.stringify({ items: [{ revision, leaf_hash: leafOf(revision) }], last_revision: revision }));
    });
    await new Promise<void>((resolve) => ledger.listen(0, '127.0.0.1', resolve));
    const keys = {
      publicKeys: async () => [{ kid: 'k' }],
      sign: async () => ({ kid: 'k', signature: new Uint8Array(64) }),
    };
    const url = `http://127.0.0.1:${(ledger.address() as AddressInfo).port}`;
    const found = await auditAcknowledged({ url, keys, files: [{ path, tenants: ['a'] }], secondsMax: 10 });
    ledger.closeAllConnections();
    ledger.close();
    expect(found).toEqual({ acknowledged: 4, twice: 1, missing: 1, unread: 0, found: 2 });
  });
});
