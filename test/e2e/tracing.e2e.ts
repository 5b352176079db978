import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Standalone } from '../support/e2e/standalone.js';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
}
interface Export {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

/** An OTLP collector that keeps what it gets. */
class Collector {
  readonly bodies: Buffer[] = [];
  readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.bodies.push(Buffer.concat(chunks));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  get spans(): readonly Span[] {
    return this.bodies
      .map((body) => JSON.parse(body.toString()) as Export)
      .flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      );
  }
}

describe('traces', () => {
  const collector = new Collector();
  let server: Standalone;

  beforeAll(async () => {
    server = await Standalone.start({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start() } });
  });
  afterAll(async () => {
    await server.dispose();
    collector.server.close();
  });

  it('follow a request from HTTP through the command to the append, once an endpoint is configured', async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const token = await server.tokenFor({ tenant: 'traced', subject: 'dev-1', roles: ['member'] });
    const answer = await fetch(`${server.url}/api/v1/enforcement/gate/terraform`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        traceparent: `00-${trace}-b7ad6b7169203331-01`,
      },
      body: JSON.stringify({
        action: 'terraform.apply',
        resource_reference: 'r',
        environment: 'dev',
        estimated_monthly_delta_usd: '1',
      }),
    });
    expect(answer.status).toBe(200);
    await server.stop(); // The last spans leave with the process.
    const ofTrace = collector.spans.filter(({ traceId }) => traceId === trace);
    const named = (name: string) => ofTrace.find((span) => span.name === name);
    const command = named('decide change');
    const http = named('POST /api/v1/enforcement/gate/terraform');
    expect(http).toMatchObject({ parentSpanId: 'b7ad6b7169203331' });
    expect(command).toMatchObject({ parentSpanId: http?.spanId });
    const appends = ofTrace.filter(({ name }) => name === 'journal append');
    expect(appends.length).toBeGreaterThan(0);
    for (const append of appends) expect(append.parentSpanId).toBe(command?.spanId);
  });

  it('come with the API document and its page, served by the same process', async () => {
    const plain = await Standalone.start();
    try {
      const document = (await (await fetch(`${plain.url}/openapi.json`)).json()) as { readonly openapi: string };
      expect(document.openapi).toMatch(/^3\.1/);
      expect(await (await fetch(`${plain.url}/docs`)).text()).toContain('swagger-ui');
    } finally {
      await plain.dispose();
    }
  });
});
