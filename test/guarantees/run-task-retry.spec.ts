import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DecideRunTask, type FetchedPlan, type HeldRunTask, journalName, type RunTask } from '@verdict/application';
import { FOREIGN_DEPTH_MAX, readJson } from '@verdict/contracts';
import { readPriceBook } from '@verdict/domain';
import { fixtureText, readFixture } from '../fixtures/terraform-fixtures.js';
import { MONEY_ONLY, ServiceWorld, valueOf } from '../support/service-world.js';

const FIXTURE = 'priced-aws-basic';
const PLAN: FetchedPlan = {
  bytes: Buffer.from(fixtureText(FIXTURE, 'plan.json')),
  json: readFixture(FIXTURE, 'plan.json'),
};

let world: ServiceWorld;
let integrationId: string;
beforeEach(async () => {
  world = await new ServiceWorld().start();
  await world.policy(MONEY_ONLY);
  await world.budget('1000000');
  const terms = {
    kind: 'run_task',
    address: 'https://tfe.example.com',
    allow_private_address: false,
    project_rules: [{ project: '*', workspace: '*', project_id: 'web', environment: 'prod' }],
  } as const;
  const input = { name: 'tfe', terms, ways: [], clientKeySha256: null } as const;
  const made = valueOf(await world.integrations.create(input, world.meta('admin-1')));
  integrationId = made.integration.integrationId;
});
afterEach(() => world.stop());

/** The book of the fixture, knowing so many kinds of things. */
const publish = async (version: string, entriesCount = Infinity): Promise<void> => {
  const text = JSON.parse(fixtureText(FIXTURE, 'price-book.v1.json')) as { readonly entries: readonly object[] };
  const book = { ...text, version, entries: text.entries.slice(0, entriesCount) };
  const read = readJson(Buffer.from(JSON.stringify(book)), { depthMax: FOREIGN_DEPTH_MAX });
  const reading = read.kind === 'ok' ? readPriceBook(read.value) : undefined;
  if (reading?.kind !== 'book') throw new Error('the price book of the fixture is not one');
  valueOf(await world.admin.publishPriceBook(reading.book, world.meta('admin-1')));
};

/** Fingerprints of what was asked, in order. */
let asked: string[] = [];
const ask = (taskResultId: string, more: Partial<RunTask> = {}, plan: FetchedPlan | null = PLAN) => {
  const { gate, clock } = world;
  const decideChange: typeof world.decideChange = async (...question) => {
    const result = await world.decideChange(...question);
    if (result.kind === 'done') asked.push(result.value.recorded.request_fingerprint);
    return result;
  };
  const task: RunTask = {
    ...{ taskResultId, stage: 'post_plan', callbackUrl: '', planUrl: '', hasOutcomes: true, isSpeculative: false },
    ...{ isMandatory: true, organization: 'o', project: 'p', workspaceId: 'ws-1', workspace: 'shop', runId: 'run-1' },
    ...{ runUrl: null, createdBy: null },
    ...more,
  };
  const held: HeldRunTask = {
    ...{ tenantId: 'acme', integrationId, taskResultId, task: '', sealedToken: '', arrivedAtMs: 0, result: null },
    ...{ lane: 'plan', attempt: 0 },
  };
  return new DecideRunTask({ gate, decideChange, clock, publicUrl: null }).decide(held, task, plan ?? undefined);
};
const typesOfDecisions = async (): Promise<readonly string[]> => {
  const types: string[] = [];
  for await (const { type } of world.log.read(journalName('decisions', 'acme'), 0n)) types.push(type);
  return types;
};

describe('a run task whose answer was recorded and not sent', () => {
  it('is answered as recorded after a new price book, which reads other attributes of the same plan', async () => {
    await publish('1');
    const first = await ask('taskrs-1');
    expect(first).toMatchObject({ status: 'passed' });
    await publish('2', 1);
    expect(await ask('taskrs-1')).toEqual(first);
    expect(await typesOfDecisions()).toEqual(['decision_recorded']);
  });

  it('is answered as recorded also where an earlier decision of its run had answered it', async () => {
    await publish('1');
    await ask('taskrs-1');
    const second = await ask('taskrs-2', { stage: 'pre_apply' });
    expect(second).toMatchObject({ status: 'passed' });
    await publish('2', 1);
    expect(await ask('taskrs-2', { stage: 'pre_apply' })).toEqual(second);
    expect(await typesOfDecisions()).toEqual(['decision_recorded', 'decision_reanswered']);
  });

  it('is not answered by what somebody else asked under its key', async () => {
    await publish('1');
    const forged = await world.ask('1', { key: 'runtask:taskrs-1' });
    expect(valueOf(forged).recorded.decision).toBe('ALLOW');
    expect(await ask('taskrs-1')).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('idempotency_conflict'),
    });
  });
});

const unreadable = (text: string): FetchedPlan => {
  const bytes = Buffer.from(text);
  const read = readJson(bytes, { depthMax: FOREIGN_DEPTH_MAX });
  return { bytes, json: read.kind === 'ok' ? read.value : undefined };
};

describe('a run task whose plan nobody can read', () => {
  const fingerprintOf = async (taskResultId: string, runId: string, text: string | null): Promise<string> => {
    asked = [];
    await ask(taskResultId, { runId }, text === null ? null : unreadable(text));
    return asked[0] ?? 'none';
  };

  it.each<[string, string | null, string | null]>([
    ['of another major version', '{"format_version":"2.0","a":1}', '{"format_version":"2.0","a":2}'],
    ['that is no JSON', '<html>1</html>', '<html>2</html>'],
    [
      'of a wrong shape',
      '{"format_version":"1.2","resource_changes":1}',
      '{"format_version":"1.2","resource_changes":2}',
    ],
    ['that never came', null, null],
  ])('%s is not taken for that of another run, so that no other approval serves it', async (_what, one, other) => {
    const first = await fingerprintOf('taskrs-1', 'run-1', one);
    expect(await fingerprintOf('taskrs-2', 'run-2', other)).not.toBe(first);
  });

  it('is the same for the next task of its run, which is answered as the first', async () => {
    for (const [runId, text] of [
      ['run-1', '<html>1</html>'],
      ['run-2', null],
    ] as const) {
      const first = await fingerprintOf(`${runId}-a`, runId, text);
      expect(await fingerprintOf(`${runId}-b`, runId, text)).toBe(first);
    }
    expect(await typesOfDecisions()).toEqual(
      Array.from({ length: 2 }, () => ['decision_recorded', 'decision_reanswered']).flat(),
    );
  });
});
