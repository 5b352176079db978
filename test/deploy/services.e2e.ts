import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openFileKeyStore } from '@verdict/adapter-file';
import { createDatabase, type EmbeddedPostgres, startEmbeddedPostgres } from '@verdict/adapter-postgres';
import { Client } from 'pg';
import { appOf, composeOf, type Env, environmentOf, POSTGRES_ONLY, USER_ENV } from '../support/deploy/compose.js';
import type { Api } from '../support/e2e/api.js';
import { ProductProcess, REPOSITORY, waitUntil } from '../support/e2e/processes.js';
import { makeDataDir } from '../support/e2e/standalone.js';
import { ask, must } from '../support/e2e/story.js';
import { freshTenant, peopleOf, TokenMint, type Who } from '../support/e2e/tokens.js';

const run = promisify(execFile);

const { services } = composeOf(POSTGRES_ONLY);
const APPS = Object.entries(services).flatMap(([name, service]) => {
  const app = appOf(service);
  return app === undefined
    ? []
    : Array.from({ length: service.deploy?.replicas ?? 1 }, (_, replica) => ({ name, app, replica }));
});

/** The same URL on the database of the test: role and password stay what compose gives. */
const at = (server: URL, url: string): string => {
  const moved = new URL(url);
  moved.host = server.host;
  return moved.href;
};

/** The services of the compose file as processes: its commands, its environment, on loopback and in a folder of the test. */
describe('the services as docker-compose.yml runs them', () => {
  const processes: ProductProcess[] = [];
  const urls = new Map<string, string>();
  let dataDir: string;
  let postgres: EmbeddedPostgres;
  let database: URL;
  let userEnv: Env;
  let mint: TokenMint;

  const given = (name: string): Env => environmentOf(services[name] ?? {}, userEnv);
  const migrate = () =>
    run(process.execPath, (services['migrate']?.command ?? []).slice(1), {
      cwd: REPOSITORY,
      env: { POSTGRES_ADMIN_URL: database.href, POSTGRES_URL: at(database, given('migrate')['POSTGRES_URL'] ?? '') },
    });
  const apiOf = (name: string, replica = 0): Api => ({
    url: urls.get(`${name} ${replica}`) ?? '',
    tokenFor: (who: Who) => mint.for(who),
  });
  const serviceUrl = (): string => at(database, given('gate')['POSTGRES_URL'] ?? '');
  const asService = async <Row extends object>(statement: string): Promise<readonly Row[]> => {
    const client = new Client({ connectionString: serviceUrl() });
    await client.connect();
    try {
      return (await client.query<Row>(statement)).rows;
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    dataDir = await makeDataDir();
    postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres', 'data'), log: () => undefined });
    database = new URL(await createDatabase(postgres.url, 'verdict'));
    const keysDir = join(dataDir, 'keys');
    mint = new TokenMint(keysDir);
    const [key] = await (await openFileKeyStore(keysDir)).publicKeys('issuer');
    const x = Buffer.from(key?.publicKey ?? []).toString('base64url');
    const jwk = { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: key?.kid, x };
    userEnv = {
      ...USER_ENV,
      AUTH_ISSUERS: JSON.stringify([{ issuer: 'verdict-standalone', jwks: { keys: [jwk] } }]),
    };
    await migrate();
    await Promise.all(
      APPS.map(async ({ name, app, replica }) => {
        const child = new ProductProcess(app, {
          ...given(name),
          ...{ HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', POSTGRES_URL: serviceUrl() },
          ...{ VERDICT_KEYS_DIR: keysDir, VERDICT_EXPORTS_DIR: join(dataDir, 'exports') },
        });
        processes.push(child);
        urls.set(`${name} ${replica}`, await child.ready());
      }),
    );
  }, 180_000);
  afterAll(async () => {
    await Promise.all(processes.map((child) => child.stop()));
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }, 120_000);

  it('start with the role of the services alone, two gates among them, and become ready', async () => {
    expect(APPS.filter(({ app }) => app === 'gate')).toHaveLength(2);
    for (const url of urls.values()) {
      const answer = await fetch(`${url}/health/ready`);
      expect(await answer.json()).toMatchObject({ status: 'up' });
    }
  });

  it('own nothing of the log, and cannot rewrite it', async () => {
    const owners = await asService<{ tableowner: string }>(`SELECT tableowner FROM pg_tables WHERE schemaname = 'log'`);
    expect(new Set(owners.map(({ tableowner }) => tableowner))).toEqual(new Set(['verdict_owner']));
    const [me] = await asService<{ name: string; is_super: boolean; is_owner: boolean }>(
      `SELECT rolname AS name, rolsuper AS is_super, pg_has_role('verdict_owner', 'MEMBER') AS is_owner
         FROM pg_roles WHERE rolname = current_user`,
    );
    expect(me).toEqual({ name: 'verdict_service', is_super: false, is_owner: false });
    for (const statement of ['DELETE FROM log.entries', 'DROP TABLE log.entries', 'SET ROLE verdict_owner']) {
      await expect(asService(statement)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('answer a key from either gate alike', async () => {
    const { dev } = peopleOf(freshTenant());
    const request = { as: dev, body: ask('1'), key: 'once' };
    const first = await must(apiOf('gate', 0), 'gateTerraform', request);
    const second = await must(apiOf('gate', 1), 'gateTerraform', request);
    expect(second.body.decision_id).toBe(first.body.decision_id);
  });

  it('publish keys of one folder', async () => {
    const { dev } = peopleOf(freshTenant());
    const { text: tokenKeys } = await must(apiOf('approvals'), 'jwks', { as: dev });
    const { text: checkpointKeys } = await must(apiOf('audit-export'), 'vkeys', { as: dev });
    const folder = await openFileKeyStore(join(dataDir, 'keys'));
    const [[token], [checkpoint]] = await Promise.all([folder.publicKeys('token'), folder.publicKeys('checkpoint')]);
    expect(tokenKeys).toContain(token?.kid);
    // A vkey ends in the algorithm, 1 for Ed25519, and the raw key.
    expect(checkpointKeys).toContain(Buffer.from([1, ...(checkpoint?.publicKey ?? [])]).toString('base64'));
  });

  it('show what is scraped: lag and parked journals are set though nothing has happened', async () => {
    const url = urls.get('reconciliation 0') ?? '';
    const parked = 'valdrics_ops_enforcement_parked_journals{consumer="read_models"} 0';
    await waitUntil('the gauges are set', async () => (await (await fetch(`${url}/metrics`)).text()).includes(parked));
  });

  it('may be migrated again while they run, by the next release or by the same', async () => {
    expect(JSON.parse((await migrate()).stdout)).toMatchObject({ database: 'verdict', is_password_set: true });
    expect((await fetch(`${apiOf('gate').url}/health/ready`)).status).toBe(200);
  });
});
