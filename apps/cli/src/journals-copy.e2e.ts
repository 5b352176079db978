import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openFileKeyStore } from '@verdict/adapter-file';
import { openEventStoreJournals } from '@verdict/adapter-eventstoredb';
import {
  createDatabase,
  type EmbeddedPostgres,
  openAuditStore,
  openPostgresJournals,
  startEmbeddedPostgres,
} from '@verdict/adapter-postgres';
import type { Journals, StoredCheckpoint } from '@verdict/application';
import { formatVkey, Frontier, openNote, parseCheckpoint } from '@verdict/ledger';
import { freshHistory } from '@verdict/testkit';
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Api, ApiAnswer } from '../../../test/support/e2e/api.js';
import { ProductProcess, REPOSITORY, waitUntil } from '../../../test/support/e2e/processes.js';
import { makeDataDir } from '../../../test/support/e2e/standalone.js';
import { ask, must } from '../../../test/support/e2e/story.js';
import { freshTenant, peopleOf, TokenMint, type Who } from '../../../test/support/e2e/tokens.js';
import { type EventStoreServer, startEventStoreServer } from '../../../test/support/eventstore-server/src/index.js';
import { type CliRun, runCli } from './testing/run-cli.js';

const LOG_HOST = 'verdict.local';

describe('services that move to another log', () => {
  const people = peopleOf(freshTenant());
  const decisions = `decisions-${people.dev.tenant}`;
  const history = freshHistory();
  const big = `decisions-${history.tenantId}`;
  const running: ProductProcess[] = [];
  let dataDir: string;
  let postgres: EmbeddedPostgres;
  let eventStore: EventStoreServer;
  let mint: TokenMint;
  let env: Readonly<Record<string, string>>;
  /** The second Postgres: another database, which nobody has migrated. */
  let target: { readonly TARGET_POSTGRES_URL: string; readonly TARGET_POSTGRES_ADMIN_URL: string };
  let first: ApiAnswer;
  let signed: StoredCheckpoint | undefined;

  const start = async (app: string, more: Readonly<Record<string, string>> = {}): Promise<Api> => {
    const child = new ProductProcess(app, { ...env, ...more });
    running.push(child);
    const url = await child.ready();
    return { url, tokenFor: (who: Who) => mint.for(who) };
  };
  const stopAll = async (): Promise<void> => {
    for (const child of running.splice(0)) await child.stop();
  };
  const preflight = (api: Api, key: string, amount = '12'): Promise<ApiAnswer> =>
    must(api, 'gateTerraform', { as: people.dev, body: ask(amount), key });
  const urls = (): Readonly<Record<string, string>> => ({
    POSTGRES_URL: postgres.serviceUrl,
    EVENTSTORE_URL: eventStore.url,
  });
  const copy = (from: string, to: string, more: Readonly<Record<string, string>> = {}): Promise<CliRun> =>
    runCli(['journals', 'copy', '--from', from, '--to', to], { cwd: dataDir, env: { ...urls(), ...more } });
  const headOf = async (journals: Journals, journal: string): Promise<bigint> => {
    const [head = -1n] = await journals.heads([journal]);
    return head;
  };

  beforeAll(async () => {
    dataDir = await makeDataDir();
    postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres', 'data'), log: () => undefined });
    eventStore = await startEventStoreServer({ dataDir: join(dataDir, 'eventstore') });
    const keysDir = join(dataDir, 'keys');
    mint = new TokenMint(keysDir);
    const { kid, raw } = await mint.publicKey();
    const jwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      alg: 'EdDSA',
      use: 'sig',
      kid,
      x: Buffer.from(raw).toString('base64url'),
    };
    env = {
      ...{ POSTGRES_URL: postgres.serviceUrl, POSTGRES_ADMIN_URL: postgres.url, HTTP_PORT: '0' },
      ...{ VERDICT_KEYS_DIR: keysDir, VERDICT_EXPORTS_DIR: join(dataDir, 'exports'), VERDICT_LOG_HOST: LOG_HOST },
      AUTH_ISSUERS: JSON.stringify([{ issuer: 'verdict-standalone', jwks: { keys: [jwk] } }]),
    };
    const adminUrl = await createDatabase(postgres.url, 'second');
    const serviceUrl = new URL(postgres.serviceUrl);
    serviceUrl.pathname = '/second';
    target = { TARGET_POSTGRES_URL: serviceUrl.href, TARGET_POSTGRES_ADMIN_URL: adminUrl };
  }, 120_000);
  afterAll(async () => {
    await stopAll();
    await eventStore.stop();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }, 120_000);

  it('decide and sign on the first Postgres', async () => {
    const [gate] = await Promise.all([start('gate'), start('audit-export')]);
    first = await preflight(gate, 'once');
    const audit = await openAuditStore({ url: postgres.serviceUrl });
    try {
      await waitUntil('a checkpoint is signed', async () => {
        const [checkpoint] = await audit.latestCheckpoints([decisions]);
        signed = checkpoint;
        return checkpoint !== undefined;
      });
    } finally {
      await audit.close();
    }
    await stopAll();
  }, 120_000);

  it('find their log whole in EventStoreDB, though the copy was killed after an append nobody had answered', async () => {
    const source = await openPostgresJournals({ url: postgres.serviceUrl });
    for (let count = 0; count < 1_200; count += 1) history.decide();
    const entries = history.fresh('decisions');
    for (let from = 0; from < entries.length; from += 400)
      await source.append(big, BigInt(from) - 1n, entries.slice(from, from + 400));
    await source.close();

    eventStore.faults.arm('never_answer', { stream: big, times: 1_000 });
    const argv = ['journals', 'copy', '--from', 'postgres', '--to', 'eventstoredb'];
    const copying = spawn(process.execPath, [join(REPOSITORY, 'apps/cli/bin/verdict.js'), ...argv], {
      ...{ cwd: dataDir, env: { PATH: process.env['PATH'] ?? '', ...urls() }, stdio: 'ignore' },
    });
    const ended = new Promise((resolve) => copying.on('close', (_code, signal) => resolve(signal)));
    const log = await openEventStoreJournals({ url: eventStore.url });
    try {
      await waitUntil('the first append is stored', async () => (await headOf(log, big)) >= 0n, 60_000);
      copying.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
      expect(await headOf(log, big)).toBe(499n);
    } finally {
      copying.kill('SIGKILL');
      eventStore.faults.clear();
      await log.close();
    }
    const result = await copy('postgres', 'eventstoredb');
    expect({ exit: result.exit, stderr: result.stderr }).toEqual({ exit: 0, stderr: '' });
    const { journals, outcome } = JSON.parse(result.stdout);
    expect(outcome).toBe('equal');
    expect(journals).toContainEqual(expect.objectContaining({ journal: big, entries: 1_200, copied: 700 }));
    expect(journals).toContainEqual(
      expect.objectContaining({ journal: decisions, checkpoint_size: Number(signed?.size), difference: null }),
    );
  }, 120_000);

  it('answer a repeated key there as they did before, and go on', async () => {
    const gate = await start('gate', { VERDICT_LOG: 'eventstoredb', EVENTSTORE_URL: eventStore.url });
    expect((await preflight(gate, 'once')).body.decision_id).toBe(first.body.decision_id);
    const next = await preflight(gate, 'another');
    expect(next.body.decision_id).not.toBe(first.body.decision_id);
    await stopAll();
  }, 120_000);

  it('find it again in a second Postgres, under the checkpoint of the first', async () => {
    const result = await copy('eventstoredb', 'postgres', target);
    expect({ exit: result.exit, stderr: result.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toMatchObject({ outcome: 'equal', left: 0 });
    const copied = await openPostgresJournals({ url: target.TARGET_POSTGRES_URL });
    const tree = new Frontier();
    for await (const { leafHash } of copied.read(decisions, 0n, Number(signed?.size))) tree.append(leafHash);
    await copied.close();
    const [key] = await (await openFileKeyStore(env['VERDICT_KEYS_DIR'] ?? '')).publicKeys('checkpoint');
    const opened = openNote(signed?.note ?? '', [formatVkey(LOG_HOST, key?.publicKey ?? new Uint8Array())]);
    expect(opened.kind === 'opened' && parseCheckpoint(opened.text)).toMatchObject({
      checkpoint: { size: tree.size, root: tree.root() },
    });
  }, 120_000);

  it('answer the same keys on the second Postgres, which has no read models yet', async () => {
    const { TARGET_POSTGRES_URL: POSTGRES_URL, TARGET_POSTGRES_ADMIN_URL: POSTGRES_ADMIN_URL } = target;
    const gate = await start('gate', { POSTGRES_URL, POSTGRES_ADMIN_URL });
    expect((await preflight(gate, 'once')).body.decision_id).toBe(first.body.decision_id);
    await stopAll();
    const listed = await runCli(['journals', 'list'], { cwd: dataDir, env: { POSTGRES_URL } });
    expect({ exit: listed.exit, stderr: listed.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(JSON.parse(listed.stdout).items).toContainEqual(expect.objectContaining({ journal: decisions, entries: 2 }));
  }, 120_000);
});
