import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Standalone } from '../support/e2e/standalone.js';

/** An OTLP collector that keeps the bytes it gets; span names stand in them as text. */
class Collector {
  readonly bodies: Buffer[] = [];
  readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.bodies.push(Buffer.concat(chunks));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  get text(): string {
    return Buffer.concat(this.bodies).toString('latin1');
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
    expect(collector.text).toContain(Buffer.from(trace, 'hex').toString('latin1'));
    for (const name of ['decide change', 'journal append', '/api/v1/enforcement/gate/terraform']) {
      expect(collector.text).toContain(name);
    }
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
