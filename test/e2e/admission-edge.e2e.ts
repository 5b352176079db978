import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RouteContract, ROUTES } from '@verdict/contracts';
import { admissionBody, admissionFixtures } from '../fixtures/admission-fixtures.js';
import { fixtureText, planFixtures } from '../fixtures/terraform-fixtures.js';
import { ApiServer } from '../support/api-server/api-server.js';
import type { KubernetesObject, Webhook } from '../support/api-server/types.js';
import { type ApiAnswer, contractDefects } from '../support/e2e/api.js';
import { LedgerReader } from '../support/e2e/ledger.js';
import { makeDataDir, Standalone } from '../support/e2e/standalone.js';
import { must } from '../support/e2e/story.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';
import { mutate } from '../support/mutants/mutate.js';
import { Random } from '../support/mutants/random.js';
import { makeAuthority } from '../support/tls/certificates.js';

const NAME = 'gate.verdict.example.com';
const deployment = (more: object = {}): KubernetesObject => ({
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { name: 'api', namespace: 'shop', ...more },
  spec: { replicas: 2, template: { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] } } },
});
const integrate = async (server: Standalone, tenant: string, more: object = { ways: ['bearer'] }) => {
  const { body } = await must(server, 'createIntegration', {
    as: peopleOf(tenant).admin,
    body: { kind: 'k8s', name: 'cluster', cluster_id: 'east', ...more },
  });
  return body.secrets as { readonly bearer: string };
};
const hook = (url: string, more: Partial<Webhook> = {}): Webhook => ({
  name: NAME,
  url: `${url}${ROUTES.reviewAdmission.path}`,
  timeoutSeconds: 10,
  failurePolicy: 'Fail',
  ...more,
});

describe('a review that cannot be answered in time', () => {
  let server: Standalone;
  beforeAll(async () => {
    server = await Standalone.start({
      env: { VERDICT_COMMIT_DELAY_MS: '1000', VERDICT_QUOTA_GATE_PER_SECOND: '5', VERDICT_QUOTA_GATE_BURST: '5' },
    });
  }, 120_000);
  afterAll(() => server.dispose());

  it('is answered before the caller gives up, with 503, since no verdict is durable yet; the next call gets it', async () => {
    const tenant = freshTenant('late');
    const bearerToken = (await integrate(server, tenant)).bearer;
    const ask = (timeoutSeconds: number, name: string) =>
      new ApiServer([hook(server.url, { bearerToken, timeoutSeconds })]).create('deployments', deployment({ name }));
    await ask(10, 'a'); // The first decision of a tenant waits for its policy, too.
    const began = performance.now();
    const late = await ask(1, 'b');
    expect(performance.now() - began).toBeLessThan(950);
    expect(late.complaints).toEqual([expect.stringContaining('the server answered 503')]);
    const answers = [await ask(10, 'b'), await ask(10, 'b')];
    const ids = answers.map(({ annotations }) => annotations[`${NAME}/decision-id`]);
    expect(ids[0]).toBeDefined();
    expect(new Set(ids).size).toBe(1);
    const ledger = await LedgerReader.open(server.postgresDir);
    const named = (await ledger.entries(tenant, 'decisions')).filter(
      ({ payload }) => payload.request?.resource_reference === 'deployments.apps/shop/b',
    );
    expect(named).toHaveLength(1);
    await ledger.close();
  });

  it('is not answered beyond what its tenant may ask: 503, never 429, and counted; another tenant is answered', async () => {
    const [busy, calm] = [freshTenant('busy'), freshTenant('calm')];
    const [busyToken, calmToken] = [(await integrate(server, busy)).bearer, (await integrate(server, calm)).bearer];
    const ask = (bearerToken: string, name: string) =>
      new ApiServer([hook(server.url, { bearerToken })]).create('deployments', deployment({ name }));
    const many = Promise.all(Array.from({ length: 20 }, (_, index) => ask(busyToken, `b${String(index)}`)));
    const other = await ask(calmToken, 'c');
    const answers = await many;
    const refused = answers.filter(({ complaints }) => complaints.length > 0);
    expect(refused.length).toBeGreaterThanOrEqual(10);
    for (const { complaints } of refused)
      expect(complaints).toEqual([expect.stringContaining('the server answered 503')]);
    expect(other.complaints).toEqual([]);
    const { text } = await server.raw({ method: 'GET', path: '/metrics' });
    expect(text).toMatch(/gate_failures_total\{source="k8s_admission",failure_type="overloaded"\} [1-9]/);
  });
});

describe('a gate that speaks TLS itself', () => {
  const clusters = makeAuthority();
  const client = clusters.issue(['api-server']);
  let folder: string;
  let dataDir: string;
  let server: Standalone;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'verdict-tls-'));
    dataDir = await makeDataDir();
    const own = clusters.issue(['localhost', '127.0.0.1']);
    const file = async (name: string, text: string): Promise<string> => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const plain = await Standalone.start({ dataDir });
    const key = new X509Certificate(client.cert).publicKey.export({ type: 'spki', format: 'der' });
    await integrate(plain, freshTenant('mtls'), {
      ways: ['mtls'],
      client_key_sha256: createHash('sha256').update(key).digest('hex'),
    });
    await plain.stop();
    server = await Standalone.start({
      dataDir,
      env: {
        HTTP_TLS_KEY_FILE: await file('key.pem', own.key),
        HTTP_TLS_CERT_FILE: await file('cert.pem', own.cert),
        HTTP_TLS_CLIENT_CA_FILE: await file('ca.pem', clusters.cert),
      },
    });
  }, 180_000);
  afterAll(async () => {
    await server.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it('knows a cluster by its client certificate, and no other one', async () => {
    expect(server.url).toMatch(/^https:/);
    const as = (identity: Webhook['client']) =>
      new ApiServer([
        hook(server.url, { caBundle: clusters.cert, ...(identity === undefined ? {} : { client: identity }) }),
      ]).create('deployments', deployment());
    const known = await as(client);
    expect(known.complaints).toEqual([]);
    expect(known.annotations[`${NAME}/decision-id`]).toBeDefined();
    for (const stranger of [undefined, clusters.issue(['api-server']), makeAuthority().issue(['x'], client.key)])
      expect((await as(stranger)).complaints).toEqual([expect.stringContaining('the server answered 401')]);
  });
});

const MUTANTS = Number(process.env['VERDICT_TEST_MUTANTS'] ?? '150');
const SEED = Number(process.env['VERDICT_TEST_SEED'] ?? '20261128');
const MIB = 2 ** 20;

describe('whatever a cluster or a pipeline sends', () => {
  let server: Standalone;
  let tenant: string;
  let bearer: string;

  beforeAll(async () => {
    server = await Standalone.start();
    tenant = freshTenant('mutants');
    bearer = (await integrate(server, tenant)).bearer;
  }, 120_000);
  afterAll(() => server.dispose());

  const post = (route: RouteContract, authorization: string, body: string | Uint8Array): Promise<ApiAnswer> =>
    server.raw({
      method: 'POST',
      path: route.path,
      headers: { authorization: `Bearer ${authorization}`, 'content-type': 'application/json' },
      body,
    });
  const residentMib = async (): Promise<number> => {
    const status = await readFile(`/proc/${String(server.pid)}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? '0') / 1024;
  };
  /** Sends mutants one after the other, and counts the answers by status. */
  const sendMutants = async (
    texts: readonly string[],
    send: (mutant: string) => Promise<readonly [RouteContract, ApiAnswer]>,
  ) => {
    const random = new Random(SEED);
    const counts = new Map<number, number>();
    const before = await residentMib();
    for (let count = 0; count < MUTANTS; count += 1) {
      const mutant = mutate(random.pick(texts), random);
      const [route, answer] = await send(mutant);
      const defects = contractDefects(route, answer);
      expect({ count, seed: SEED, defects, mutant: defects.length === 0 ? '' : mutant }).toMatchObject({ defects: [] });
      counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
    }
    const after = await residentMib();
    if (MUTANTS > 1000)
      process.stderr.write(
        `${JSON.stringify(Object.fromEntries(counts))}; resident ${before.toFixed(0)} -> ${after.toFixed(0)} MiB\n`,
      );
    return counts;
  };

  it(
    'a mutated review is answered with a review, or refused with 400, 413 or 422',
    async () => {
      const texts = admissionFixtures()
        .filter(({ bytes }) => bytes < MIB)
        .map(({ file }) => admissionBody(file).toString('utf8'));
      const counts = await sendMutants(texts, async (mutant) => [
        ROUTES.reviewAdmission,
        await post(ROUTES.reviewAdmission, bearer, mutant),
      ]);
      for (const status of counts.keys()) expect([200, 400, 413, 422]).toContain(status);
      expect(counts.get(200)).toBeGreaterThan(0);
    },
    60 * 60_000,
  );

  it(
    'a mutated plan is answered with a verdict, or refused with 400, 413 or 422',
    async () => {
      const token = await server.tokenFor(peopleOf(tenant).dev);
      const texts = planFixtures()
        .map((name) => fixtureText(name, 'plan.json'))
        .filter(({ length }) => length < 100_000);
      const counts = await sendMutants(texts, async (mutant) => {
        const body = `{"action":"terraform.apply","resource_reference":"x","environment":"dev","plan":${mutant}}`;
        return [ROUTES.gateTerraform, await post(ROUTES.gateTerraform, token, body)];
      });
      for (const status of counts.keys()) expect([200, 400, 413, 422]).toContain(status);
      expect(counts.get(200)).toBeGreaterThan(0);
    },
    60 * 60_000,
  );

  it('a review of up to 3 MiB is read, and a larger one is not', async () => {
    const review = (size: number) =>
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        request: { uid: 'u', operation: 'CREATE', object: { kind: 'X', spec: 'x'.repeat(size) } },
      });
    expect((await post(ROUTES.reviewAdmission, bearer, review(3 * MIB - 1000))).status).toBe(200);
    const large = await post(ROUTES.reviewAdmission, bearer, review(3 * MIB));
    expect([large.status, large.body.code]).toEqual([413, 'body_too_large']);
  });

  it('costs exactly nothing where nothing changes, without any price book, and is unknown where something does', async () => {
    const [old, next] = [deployment(), deployment({ labels: { a: 'b' } })];
    const review = (object: KubernetesObject) => ({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: 'u',
        operation: 'UPDATE',
        resource: { group: 'apps', version: 'v1', resource: 'deployments' },
        name: 'api',
        namespace: 'shop',
        object,
        oldObject: old,
      },
    });
    const reasonsOf = async (object: KubernetesObject) => {
      const { body } = await post(ROUTES.reviewAdmission, bearer, JSON.stringify(review(object)));
      return String(body.response.auditAnnotations['reason-codes']).split(',');
    };
    expect(await reasonsOf(next)).toContain('no_cost_change');
    expect(await reasonsOf({ ...next, spec: { ...Object(next['spec']), replicas: 9 } })).toContain('cost_unknown');
    const ledger = await LedgerReader.open(server.postgresDir);
    await ledger.close(); // Derives every decision of this file again.
  });
});
