import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '@verdict/contracts';
import { rm } from 'node:fs/promises';
import { type ApiAnswer, contractDefects } from '../support/e2e/api.js';
import { LedgerReader } from '../support/e2e/ledger.js';
import { isAlive, pause, waitUntil } from '../support/e2e/processes.js';
import { makeDataDir, Standalone } from '../support/e2e/standalone.js';
import {
  ask,
  consumeBody,
  createBudget,
  grantedApproval,
  MONEY_ONLY,
  must,
  publishPolicy,
} from '../support/e2e/story.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';

/** What a client knows of one command after any number of tries. */
interface Told {
  readonly key: string;
  readonly amount: string;
  readonly answers: ApiAnswer[];
}

const NOT_DURABLE = ['outcome_unknown', 'verdict_not_durable', 'log_unavailable'];

describe('what was answered is durable', () => {
  let server: Standalone;
  let dataDir: string;

  beforeAll(async () => {
    dataDir = await makeDataDir();
    server = await Standalone.start({ dataDir });
  }, 120_000);
  afterAll(async () => {
    await (await LedgerReader.open(server.postgresDir)).close(); // Derives every decision again (G7).
    await server.dispose();
    await rm(dataDir, { recursive: true, force: true });
  }, 120_000);

  const gate = async (tenant: string, told: Told): Promise<ApiAnswer | undefined> => {
    try {
      const answer = await server.raw({
        method: 'POST',
        path: ROUTES.gateTerraform.path,
        headers: {
          authorization: `Bearer ${await server.tokenFor(peopleOf(tenant).dev)}`,
          'content-type': 'application/json',
          'idempotency-key': told.key,
        },
        body: JSON.stringify(ask(told.amount)),
      });
      told.answers.push(answer);
      return answer;
    } catch {
      return undefined; // The connection died: the client knows nothing.
    }
  };

  /** Clients that ask one after the other until they are told to stop. */
  const underLoad = (tenant: string, clients: number) => {
    const asked: Told[] = [];
    let isOver = false;
    const client = async (number: number): Promise<void> => {
      for (let turn = 0; !isOver; turn += 1) {
        const told: Told = { key: `load-${number}-${turn}`, amount: `${1 + (turn % 7)}.5`, answers: [] };
        asked.push(told);
        if ((await gate(tenant, told)) === undefined) await pause(25);
      }
    };
    const clientsDone = Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
    return {
      asked,
      acknowledged: () => asked.filter(({ answers }) => answers.some(({ status }) => status === 200)).length,
      end: async () => {
        isOver = true;
        await clientsDone;
      },
    };
  };

  const moneyTenant = async (limit: string) => {
    const tenant = freshTenant();
    const people = peopleOf(tenant);
    await publishPolicy(server, people, MONEY_ONLY);
    const budget = await createBudget(server, people, limit);
    return { tenant, people, budgetId: String(budget.body.budget_id) };
  };

  /** Asks every key again until it has an answer, then compares all answers of the key, and all of them with the log. */
  const expectOneOutcomePerKey = async (tenant: string, asked: readonly Told[]): Promise<void> => {
    for (const told of asked) {
      await waitUntil(`${told.key} is answered`, async () => (await gate(tenant, told))?.status === 200, 60_000);
    }
    const all = asked.flatMap(({ answers }) => answers);
    const defects = all.flatMap((answer) =>
      contractDefects(ROUTES.gateTerraform, answer).map((defect) => `${answer.text}: ${defect}`),
    );
    expect(defects).toEqual([]);
    const failures = new Set(
      all.filter(({ status }) => status !== 200).map(({ status, body }) => `${status} ${String(body.code)}`),
    );
    expect([...failures].filter((failure) => !NOT_DURABLE.map((code) => `503 ${code}`).includes(failure))).toEqual([]);
    for (const { key, answers } of asked) {
      const outcomes = answers
        .filter(({ status }) => status === 200)
        .map(({ body }) => `${String(body.decision_id)} ${String(body.decision)} ${String(body.entry.leaf_hash)}`);
      expect({ key, outcomes: [...new Set(outcomes)].length }).toEqual({ key, outcomes: 1 });
    }
    const ledger = await LedgerReader.open(server.postgresDir);
    try {
      const entries = await ledger.entries(tenant, 'decisions');
      const recorded = new Map(
        entries
          .filter(({ type }) => type === 'decision_recorded')
          .map(({ payload }) => [String(payload.key.text), payload]),
      );
      expect(entries.map(({ revision }) => revision)).toEqual(entries.map((_, index) => index));
      expect(entries.length).toBe(asked.length);
      expect(recorded.size).toBe(asked.length);
      for (const { key, answers } of asked) {
        const { body } = answers.findLast(({ status }) => status === 200) ?? { body: {} };
        expect(recorded.get(key)).toMatchObject({ decision_id: body.decision_id, decision: body.decision });
      }
    } finally {
      await ledger.close();
    }
  };

  it('keeps every acknowledged verdict, once, when the process is killed under load, and takes its database over', async () => {
    const { tenant, people, budgetId } = await moneyTenant('1000000');
    const load = underLoad(tenant, 12);
    await waitUntil('there is load', async () => load.acknowledged() > 150);
    const postgres = await server.postgresPid();
    await server.kill9();
    await pause(200);
    await load.end();
    expect(await isAlive(postgres)).toBe(true);
    await server.restart();
    expect(await server.postgresPid()).toBe(postgres);
    const isAdopted = (): boolean => server.log.some(({ msg }) => msg === 'postgres adopted');
    // Log lines travel through a buffer: the server answers before its last lines are here.
    for (const deadline = Date.now() + 10_000; !isAdopted() && Date.now() < deadline;) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(isAdopted()).toBe(true);
    const acknowledged = load.asked.filter(({ answers }) => answers.some(({ status }) => status === 200));
    await expectOneOutcomePerKey(tenant, load.asked);
    for (const { answers } of acknowledged) expect(answers.at(-1)?.body).toMatchObject({ replayed: true });
    const held = load.asked.reduce((sum, { amount }) => sum + Number(amount), 0);
    const budget = await must(server, 'getBudget', { as: people.dev, params: { budget_id: budgetId } });
    expect(Number(budget.body.held_usd)).toBeCloseTo(held, 4);
  }, 120_000);

  it('answers while the database is gone, never with a 500, and has one outcome per key when it is back', async () => {
    const { tenant } = await moneyTenant('1000000');
    const load = underLoad(tenant, 12);
    await waitUntil('there is load', async () => load.acknowledged() > 100);
    const killed = await server.postgresPid();
    process.kill(killed, 'SIGKILL');
    await waitUntil('the database is back', async () => ![0, killed].includes(await server.postgresPid()), 60_000);
    const before = load.acknowledged();
    await waitUntil('there is load again', async () => load.acknowledged() > before + 50, 60_000);
    await load.end();
    await expectOneOutcomePerKey(tenant, load.asked);
    // A tenant that nobody has seen before is served too, if not at the first try.
    const dev = peopleOf(freshTenant()).dev;
    const stranger = () => server.call('gateTerraform', { as: dev, body: ask('5'), key: 'stranger-1' });
    await waitUntil('a new tenant is served', async () => (await stranger()).status === 200);
  }, 180_000);

  it('answers everything that takes money the same: an approval token is used once across a kill', async () => {
    const tenant = freshTenant();
    const people = peopleOf(tenant);
    await waitUntil(
      'the tenant is served',
      async () => (await server.call('getPolicy', { as: people.dev })).status === 200,
    );
    const granted = await grantedApproval(server, people);
    const use = () => server.call('consume', { as: people.dev, body: consumeBody(granted), key: 'deploy-1' });
    const lost = use().catch(() => undefined);
    await pause(3);
    await server.kill9();
    const first = await lost;
    await server.restart();
    const second = await use();
    expect(second.status).toBe(200);
    if (first !== undefined) expect(second.body.entry).toEqual(first.body.entry);
    const replayed = await server.call('consume', { as: people.dev, body: consumeBody(granted), key: 'deploy-2' });
    expect([replayed.status, replayed.body.code]).toEqual([409, 'token_replayed']);
  }, 120_000);

  it('answers what is in flight when it is asked to stop, leaves no process, and begins where it stopped', async () => {
    const { tenant, people } = await moneyTenant('1000000');
    const load = underLoad(tenant, 8);
    await waitUntil('there is load', async () => load.acknowledged() > 50);
    const postgres = await server.postgresPid();
    const inFlight = Array.from({ length: 40 }, (_, number): Told => ({
      key: `last-${number}`,
      amount: '2',
      answers: [],
    }));
    const sent = inFlight.map((told) => gate(tenant, told));
    await pause(15);
    expect(await server.stop()).toBe(0);
    await load.end();
    await Promise.all(sent);
    expect(await isAlive(server.pid)).toBe(false);
    expect(await isAlive(postgres)).toBe(false);
    const cutOff = load.asked.filter(({ answers }) => answers.some(({ status }) => status >= 500));
    expect(cutOff.map(({ answers }) => answers.map(({ text }) => text))).toEqual([]);
    await server.restart();
    expect(await server.postgresPid()).not.toBe(postgres);
    await expectOneOutcomePerKey(tenant, [...load.asked, ...inFlight]);
    const policy = await must(server, 'getPolicy', { as: people.dev });
    expect(policy.body).toMatchObject({ version: 2, author: 'admin-1' });
  }, 120_000);

  it('allows exactly as many of 1,000 concurrent changes as the budget fits', async () => {
    const { tenant, people, budgetId } = await moneyTenant('375');
    const dev = people.dev;
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, number) =>
        server.call('gatePreflight', { as: dev, body: { ...ask('10'), run_id: `run-${number}` } }),
      ),
    );
    const decisions = answers.map(({ status, body }) =>
      status === 200 ? String(body.decision) : `${status} ${String(body.code)}`,
    );
    const counts = decisions.reduce<Record<string, number>>(
      (sums, each) => ({ ...sums, [each]: (sums[each] ?? 0) + 1 }),
      {},
    );
    expect(counts).toEqual({ ALLOW: 37, DENY: 963 });
    const budget = await must(server, 'getBudget', { as: dev, params: { budget_id: budgetId } });
    expect(budget.body).toMatchObject({ held_usd: '370.0000', headroom_usd: '5.0000' });
    const ledger = await LedgerReader.open(server.postgresDir);
    const entries = await ledger.entries(tenant, 'decisions');
    await ledger.close();
    expect(entries.length).toBe(1000);
    for (const { payload } of entries) {
      for (const { limit_usd: limit, spent_usd: spent, held_usd: held } of payload.balances_after.filter(
        (each: { account: string }) => each.account.startsWith('budget:'),
      )) {
        expect(Number(spent) + Number(held)).toBeLessThanOrEqual(Number(limit));
      }
    }
  }, 120_000);
});
