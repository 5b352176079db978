import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openFileKeyStore } from '@verdict/adapter-file';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@verdict/adapter-postgres';
import { fixtureText } from '../fixtures/terraform-fixtures.js';
import type { Api } from '../support/e2e/api.js';
import { LedgerReader } from '../support/e2e/ledger.js';
import { ProductProcess, waitUntil } from '../support/e2e/processes.js';
import { makeDataDir } from '../support/e2e/standalone.js';
import { createBudget, MONEY_ONLY, must, publishBook, publishPolicy } from '../support/e2e/story.js';
import { freshTenant, peopleOf, TokenMint } from '../support/e2e/tokens.js';
import { HcpTerraform, type RunTask, type TaskResult } from '../support/hcp-terraform/hcp-terraform.js';
import { trusting } from '../support/hcp-terraform/settings.js';

const STACK = 'aws-web-stack';
const PLAN = fixtureText(STACK, 'plan.json');
const PATH = '/api/v1/enforcement/gate/terraform/run-task';
const TASKS = 24;

/** The gate alone, without approvals or reconciliation, and twice on one database. */
describe('two gates on one inbox of run tasks', () => {
  const gates: { readonly process: ProductProcess; readonly url: string }[] = [];
  let peer: HcpTerraform;
  let trust: Awaited<ReturnType<typeof trusting>>;
  let dataDir: string;
  let postgres: EmbeddedPostgres;
  let mint: TokenMint;
  let ledger: LedgerReader;
  let env: Readonly<Record<string, string>>;

  const start = async (): Promise<void> => {
    const process = new ProductProcess('gate', env);
    gates.push({ process, url: await process.ready() });
  };
  const apiOf = (gate: number): Api => ({ url: gates[gate]?.url ?? '', tokenFor: (who) => mint.for(who) });

  beforeAll(async () => {
    peer = await HcpTerraform.start();
    trust = await trusting(peer);
    dataDir = await makeDataDir();
    postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres', 'data'), log: () => undefined });
    const keysDir = join(dataDir, 'keys');
    mint = new TokenMint(keysDir);
    const [key] = await (await openFileKeyStore(keysDir)).publicKeys('issuer');
    const x = Buffer.from(key?.publicKey ?? []).toString('base64url');
    const jwk = { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: key?.kid, x };
    env = {
      POSTGRES_URL: postgres.serviceUrl,
      POSTGRES_ADMIN_URL: postgres.url,
      VERDICT_KEYS_DIR: keysDir,
      HTTP_PORT: '0',
      AUTH_ISSUERS: JSON.stringify([{ issuer: 'verdict-standalone', jwks: { keys: [jwk] } }]),
      ...trust.env,
    };
    await start();
    await start();
    ledger = await LedgerReader.at(postgres.serviceUrl, postgres.url);
  }, 180_000);
  afterAll(async () => {
    await Promise.all(gates.map(({ process }) => process.stop()));
    await ledger.close(); // Derives every decision again (G7).
    await postgres.stop();
    await peer.stop();
    await trust.dispose();
    await rm(dataDir, { recursive: true, force: true });
  }, 120_000);

  const estate = async () => {
    const tenant = freshTenant();
    const people = peopleOf(tenant);
    await publishBook(apiOf(0), people, STACK);
    await publishPolicy(apiOf(0), people, MONEY_ONLY);
    await createBudget(apiOf(0), people, '1000000');
    const { body } = await must(apiOf(0), 'createIntegration', {
      as: people.admin,
      body: {
        ...{ kind: 'run_task', name: 'hcp', address: peer.address, allow_private_address: true },
        project_rules: [{ workspace: '*', project_id: 'web', environment: 'prod' }],
      },
    });
    const hmacKey = String(body.secrets.hmac_key);
    const taskAt = (gate: number): RunTask => ({
      url: `${gates[gate]?.url ?? ''}${PATH}/${String(body.integration_id)}`,
      hmacKey,
    });
    const decisions = async () =>
      (await ledger.entries(tenant, 'decisions')).filter(({ type }) => type === 'decision_recorded');
    return { taskAt, decisions };
  };
  /** Each task has one verdict, one decision, and one final answer that was taken; no body differs from another. */
  const expectOnce = async (results: readonly TaskResult[], decisions: () => Promise<readonly unknown[]>) => {
    const ends = await Promise.all(results.map(({ done }) => done));
    expect(ends.map(({ status }) => status)).toEqual(results.map(() => 'passed'));
    for (const { statuses, finalBodies } of results) {
      expect(statuses.filter((status) => status !== 'running')).toEqual(['passed']);
      expect(new Set(finalBodies).size).toBe(1);
    }
    const keys = (await decisions()).map((entry) => (entry as { payload: { key: { text: string } } }).payload.key.text);
    expect([...keys].sort()).toEqual(results.map(({ id }) => `runtask:${id}`).sort());
    expect(peer.violations.splice(0)).toEqual([]);
  };

  it('answer each task once, whichever of them took it', async () => {
    const { taskAt, decisions } = await estate();
    const before = peer.counts.callbacks;
    const results = Array.from({ length: TASKS }, (_, index) =>
      peer.startTask(taskAt(index % 2), { runId: `run-${String(index)}` }, { plan: PLAN, deliveries: 2 }),
    );
    await expectOnce(results, decisions);
    expect(peer.counts.callbacks - before).toBe(2 * TASKS); // Running and passed, once each.
  }, 120_000);

  it('answer what the other has taken and not finished when it is killed', async () => {
    const { taskAt, decisions } = await estate();
    const waiting = [{ status: 204 }, { status: 204 }, { status: 204 }, { status: 307 }] as const;
    const results = Array.from({ length: 8 }, (_, index) =>
      peer.startTask(taskAt(1), { runId: `killed-${String(index)}` }, { plan: PLAN, planSteps: waiting }),
    );
    await waitUntil('work on all has begun', () =>
      Promise.resolve(results.every(({ statuses }) => statuses.includes('running'))),
    );
    await gates[1]?.process.kill9();
    await expectOnce(results, decisions);
  }, 120_000);

  it('answer what was taken before all of them were gone, once one is back', async () => {
    const { taskAt, decisions } = await estate();
    const results = Array.from({ length: 4 }, (_, index) =>
      peer.startTask(
        taskAt(0),
        { runId: `gone-${String(index)}` },
        { plan: PLAN, planSteps: [{ status: 204 }, { status: 204 }, { status: 307 }] },
      ),
    );
    await waitUntil('all were taken', () =>
      Promise.resolve(results.every(({ deliveries }) => deliveries.includes(200))),
    );
    await gates[0]?.process.kill9();
    gates.splice(0);
    await start();
    await expectOnce(results, decisions);
  }, 120_000);
});
