import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Standalone } from '../support/e2e/standalone.js';
import { TraceCollector } from '../support/e2e/trace-collector.js';

describe('traces', () => {
  const collector = new TraceCollector();
  let server: Standalone;

  beforeAll(async () => {
    server = await Standalone.start({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start() } });
  });
  afterAll(async () => {
    await server.dispose();
    collector.stop();
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
    const segment = randomBytes(32).toString('base64url');
    const review = `/api/v1/enforcement/gate/k8s/admission/review/t/${segment}?timeout=2s`;
    const asked = await fetch(`${server.url}${review}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer vct_${segment}` },
      body: '{}',
    });
    expect(asked.status).toBe(401);
    await server.stop(); // The last spans leave with the process.
    const ofTrace = collector.ofTrace(trace);
    const named = (name: string) => ofTrace.find((span) => span.name === name);
    const command = named('decide change');
    const http = named('POST /api/v1/enforcement/gate/terraform');
    expect(http).toMatchObject({ parentSpanId: 'b7ad6b7169203331' });
    expect(command).toMatchObject({ parentSpanId: http?.spanId });
    const appends = ofTrace.filter(({ name }) => name === 'journal append');
    expect(appends.length).toBeGreaterThan(0);
    for (const append of appends) expect(append.parentSpanId).toBe(command?.spanId);
    // The secret of a webhook's path is in no span.
    expect(collector.spans.map(({ name }) => name)).toContain(
      'POST /api/v1/enforcement/gate/k8s/admission/review/t/:segment',
    );
    expect(JSON.stringify(collector.spans)).not.toContain(segment);
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
