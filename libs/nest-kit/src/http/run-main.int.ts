import { afterEach, describe, expect, it } from '@jest/globals';
import { Child } from '../testing/child.js';

const AUTH_ISSUERS = JSON.stringify([{ issuer: 'https://idp.test', jwksUrl: 'http://127.0.0.1:9/jwks' }]);
const children: Child[] = [];
const run = (env: Record<string, string> = {}): Child => {
  const child = new Child({ AUTH_ISSUERS, ...env });
  children.push(child);
  return child;
};

afterEach(() => {
  for (const child of children.splice(0)) child.signal('SIGKILL');
});

describe('a process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s answers what is in flight, then ends its modules, then exits 0',
    async (signal) => {
      const child = run();
      const slow = fetch(`${await child.address()}/slow`);
      await child.says(/slow began/);
      child.signal(signal);
      const began = Date.now();
      const response = await slow;
      expect(await response.json()).toEqual({ slow: true });
      expect(await child.exit).toBe(0);
      expect(Date.now() - began).toBeLessThan(3000); // The client keeps its connection open; that must not hold us.
      expect(child.output).toContain('module destroyed');
    },
  );

  it('takes no new connection while it stops', async () => {
    const child = run();
    const address = await child.address();
    const slow = fetch(`${address}/slow`);
    await child.says(/slow began/);
    const answers: Response[] = [];
    const answered = slow.then((answer) => answers.push(answer));
    const isTaken = async (): Promise<boolean> => {
      const answer = fetch(`${address}/health/live`, { headers: { connection: 'close' } });
      return await answer.then(
        () => true,
        () => false,
      );
    };
    expect(await isTaken()).toBe(true);
    child.signal('SIGTERM');
    while ((await isTaken()) && answers.length === 0); // Until the signal is there; the slow answer comes after it.
    expect(answers).toHaveLength(0);
    await answered;
  });

  it('exits 130 at once on the second signal', async () => {
    const child = run({ HANG: '1' });
    await child.address();
    child.signal('SIGTERM');
    await child.says(/module destroyed/);
    child.signal('SIGINT');
    expect(await child.exit).toBe(130);
  });

  it('exits 2 on bad configuration and names the variables, not their values', async () => {
    const child = run({ HTTP_PORT: 'hunter2', AUTH_ISSUERS: '' });
    expect(await child.exit).toBe(2);
    expect(child.output).toMatch(/bad configuration: .*HTTP_PORT/);
    expect(child.output).toContain('AUTH_ISSUERS');
    expect(child.output).not.toContain('hunter2');
  });

  it('exits 1 on an error that nobody caught, and logs it', async () => {
    const child = run();
    await fetch(`${await child.address()}/crash`).catch(() => undefined);
    expect(await child.exit).toBe(1);
    expect(child.output).toContain('nobody caught this');
  });

  it('is ready once it listens, and serves its document and a page without foreign addresses', async () => {
    const child = run();
    const address = await child.address();
    for (const probe of ['live', 'ready', 'startup'])
      expect((await fetch(`${address}/health/${probe}`)).status).toBe(200);
    expect(await (await fetch(`${address}/openapi.json`)).json()).toMatchObject({ openapi: '3.1.0' });
    const page = await fetch(`${address}/docs`);
    expect(page.status).toBe(200);
    expect(await page.text()).not.toMatch(/(?:src|href)="https?:/);
    const script = await fetch(`${address}/docs/swagger-ui-bundle.js`);
    expect(script.status).toBe(200);
    await script.arrayBuffer();
  });
});
