import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { context, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Child } from '../testing/child.js';
import { switchTracing, withSpan } from './with-span.js';

interface Sent {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

const received: Sent[] = [];
const paths = new Set<string>();
let collector: Server;

beforeAll(async () => {
  collector = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      paths.add(request.url ?? '');
      if (request.url !== '/v1/traces') return void response.end();
      const batch = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Sent[] }[] }[] };
      received.push(...batch.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => collector.close(resolve)));

describe('a traced process', () => {
  it("makes the command's span a child of the HTTP span, which continues the caller's trace under the route's name", async () => {
    const { port } = collector.address() as AddressInfo;
    const child = new Child({
      AUTH_ISSUERS: JSON.stringify([{ issuer: 'https://idp.test', jwksUrl: 'http://127.0.0.1:9/jwks' }]),
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${String(port)}`,
    });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const address = await child.address();
    await fetch(`${address}/traced?secret=1`, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
    child.signal('SIGTERM');
    expect(await child.exit).toBe(0);

    const http = received.find(({ name }) => name === 'GET /traced');
    const command = received.find(({ name }) => name === 'DecideChange');
    expect(http).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331' });
    expect(command).toMatchObject({ traceId, parentSpanId: http?.spanId });
    expect(http?.attributes).toContainEqual({ key: 'http.route', value: { stringValue: '/traced' } });
    expect([...paths]).toEqual(['/v1/traces']);
    expect(JSON.stringify(received)).not.toContain('secret=1');
  });
});

describe('a span', () => {
  it('costs nothing and hides nothing while tracing is off', async () => {
    expect(await withSpan('work', {}, () => Promise.resolve(7))).toBe(7);
    await expect(withSpan('work', {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('nests, and records that its work failed', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(provider);
    switchTracing(true);
    const failing = withSpan('outer', { 'verdict.source': 'terraform' }, () =>
      withSpan('inner', {}, () => Promise.reject(new Error('no'))),
    );
    await expect(failing).rejects.toThrow('no');
    switchTracing(false);
    const [inner, outer] = exporter.getFinishedSpans();
    expect([inner?.name, outer?.name]).toEqual(['inner', 'outer']);
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(inner?.events.map(({ name }) => name)).toEqual(['exception']);
    trace.disable();
    context.disable();
  });
});
