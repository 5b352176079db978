import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EntryLog,
  type JournalKind,
  journalName,
  type ParkedJournal,
  type ProjectedSlice,
  type ProjectionStore,
  ProjectionsUnavailable,
  Projector,
  type ProjectorOptions,
  silentProjectorObserver,
} from '@verdict/application';
import {
  freshHistory,
  MemoryJournals,
  MemoryStore,
  newest,
  type History,
  withEmbeddedPostgres,
} from '@verdict/testkit';
import { withClient } from '../shared/admin.js';
import { openReadModels, type OpenReadModels } from './open-read-models.js';
import { allowReadModels } from './schema.js';

const database = withEmbeddedPostgres();
const clock = { nowMs: () => Date.now() };
const KINDS: readonly JournalKind[] = ['policy', 'decisions', 'approvals', 'reservations'];
const QUICK: ProjectorOptions = { retry: { triesMax: 3, firstMs: 5, longestMs: 10 }, pollEveryMs: 10_000, restMs: 1 };
const WAIT_MS = 5_000;
const PATIENCE_MS = 40_000;

let opened: OpenReadModels;
const running: Projector[] = [];

beforeAll(async () => {
  await allowReadModels(database.adminUrl);
  opened = await openReadModels({ url: database.serviceUrl });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((projector) => projector.stop()));
});
afterAll(() => opened.close());

const start = async (
  log: EntryLog,
  store: ProjectionStore = opened.store,
  options: ProjectorOptions = {},
): Promise<Projector> => {
  const projector = new Projector({ log, store, clock }, { ...QUICK, ...options });
  running.push(projector);
  await projector.start();
  return projector;
};

/** Appends what the history has from `start` on; past the tail that the EntryLog keeps, as another process would. */
const append = async (log: EntryLog, history: History, kind: JournalKind, start = 0): Promise<void> => {
  const entries = history.fresh(kind).slice(start);
  for (let from = 0; from < entries.length; from += 100) {
    const result = await log.journals.append(
      journalName(kind, history.tenantId),
      BigInt(start + from) - 1n,
      entries.slice(from, from + 100),
    );
    expect(result.kind).toBe('appended');
  }
};
const appendAll = async (log: EntryLog, history: History): Promise<void> => {
  for (const kind of KINDS) await append(log, history, kind);
};
const untilProjected = async (projector: Projector, history: History): Promise<void> => {
  for (const kind of KINDS) {
    const last = BigInt(history.journals[kind].length) - 1n;
    if (last >= 0n) expect(await projector.waitFor(history.tenantId, kind, last, WAIT_MS)).toBe(true);
  }
};
const eventually = async (isSo: () => boolean): Promise<void> => {
  const deadline = Date.now() + WAIT_MS;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
const decisionCount = async (tenantId: string): Promise<number> => {
  const { readModels } = opened;
  return (await readModels.listDecisions(tenantId, {}, await newest(readModels, tenantId, 1_000))).rows.length;
};

/** A store that can be told to fail, and that remembers what it was asked. */
const faulty = (
  fails: (slices: readonly ProjectedSlice[]) => Error | undefined,
): ProjectionStore & { readonly calls: (readonly ProjectedSlice[])[] } => {
  const calls: (readonly ProjectedSlice[])[] = [];
  const { store } = opened;
  return {
    calls,
    marks: () => store.marks(),
    park: (parked) => store.park(parked),
    resume: (journal) => store.resume(journal),
    parked: () => store.parked(),
    apply: async (slices) => {
      calls.push(slices);
      const error = fails(slices);
      if (error !== undefined) throw error;
      return store.apply(slices);
    },
  };
};
const neverFails = (): undefined => undefined;

const busyHistory = (decisions: number): History => {
  const history = freshHistory();
  for (let count = 0; count < decisions; count += 1) {
    const decision = history.decide({ needsApproval: count % 3 === 0 });
    if (count % 3 === 0) {
      history.request(decision);
      history.vote(decision.approvalId, 'vera');
      history.grant(decision.approvalId);
    }
    if (count % 5 === 0) history.settle(decision.decisionId);
  }
  history.setBudget(1);
  return history;
};

describe('following the log', () => {
  it('projects what is there at the start and what comes later', async () => {
    const log = new EntryLog(new MemoryJournals());
    const history = busyHistory(7);
    await appendAll(log, history);
    const projector = await start(log);
    await untilProjected(projector, history);
    const before = history.journals.decisions.length;
    history.decide();
    await append(log, history, 'decisions', before);
    await untilProjected(projector, history);
    expect(await decisionCount(history.tenantId)).toBe(8);
    expect(await opened.readModels.highWater(history.tenantId)).toMatchObject({ decisions: 7n, policy: 0n });
    expect(projector.lag()).toEqual({
      entries: { policy: 0, decisions: 0, approvals: 0, reservations: 0 },
      oldestMs: 0,
      parkedJournals: [],
    });
  });

  it('does not rest while a journal has a full slice waiting', async () => {
    const log = new EntryLog(new MemoryJournals());
    const history = freshHistory();
    for (let count = 0; count < 1_000; count += 1) history.decide();
    await append(log, history, 'decisions');
    await start(log, opened.store, { restMs: 3_600_000 });
    const mark = async (): Promise<bigint> => (await opened.readModels.highWater(history.tenantId)).decisions;
    const deadline = Date.now() + PATIENCE_MS;
    while ((await mark()) < 999n && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await mark()).toBe(999n);
  });

  it('rests although hints come, so one transaction stores what many told of, and not while a reader waits', async () => {
    const history = busyHistory(30);
    const store = faulty(neverFails);
    const log = new EntryLog(new MemoryJournals({ store: new MemoryStore() }));
    const projector = await start(log, store, { restMs: 3_600_000 });
    const decisions = history.fresh('decisions');
    const name = journalName('decisions', history.tenantId);
    const appendOne = (index: number) =>
      log.journals.append(name, BigInt(index) - 1n, decisions.slice(index, index + 1));
    await appendOne(0);
    await eventually(() => store.calls.length === 1);
    for (let index = 1; index < decisions.length; index += 1) {
      await appendOne(index);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(store.calls).toHaveLength(1);
    expect(await projector.waitFor(history.tenantId, 'decisions', BigInt(decisions.length) - 1n, WAIT_MS)).toBe(true);
    expect(store.calls).toHaveLength(2);
  });

  it('is not disturbed by hints that come twice, late or never', async () => {
    const journals = new MemoryJournals();
    const log = new EntryLog(journals);
    const projector = await start(log, opened.store, { pollEveryMs: 50 });
    journals.faults.arm('duplicate_notice', 5);
    journals.faults.arm('late_notice', 5);
    journals.faults.arm('lost_notice', 1_000);
    const history = busyHistory(20);
    await appendAll(log, history);
    await untilProjected(projector, history);
    expect(journals.faults.count('lost_notice')).toBeGreaterThan(0);
    expect(await decisionCount(history.tenantId)).toBe(20);
  });

  it('takes slices of at most 200 entries, in order', async () => {
    const log = new EntryLog(new MemoryJournals());
    const history = freshHistory();
    for (let count = 0; count < 650; count += 1) history.decide();
    await append(log, history, 'decisions');
    const store = faulty(neverFails);
    await untilProjected(await start(log, store), history);
    const sizes = store.calls.flatMap((slices) => slices.map(({ entries }) => entries.length));
    expect(sizes).toEqual([200, 200, 200, 50]);
    expect(await decisionCount(history.tenantId)).toBe(650);
  });

  it('brings many tenants on in few transactions', async () => {
    const log = new EntryLog(new MemoryJournals());
    const histories = Array.from({ length: 300 }, freshHistory);
    for (const history of histories) {
      history.decide();
      await append(log, history, 'decisions');
    }
    const store = faulty(neverFails);
    const projector = await start(log, store);
    for (const history of histories) await untilProjected(projector, history);
    expect(store.calls.length).toBeLessThanOrEqual(10);
  });

  it('is exact when two projectors follow the same log into the same store', async () => {
    const shared = new MemoryStore();
    const logs = [1, 2].map(() => new EntryLog(new MemoryJournals({ store: shared })));
    const projectors = await Promise.all(logs.map((log) => start(log)));
    const histories = Array.from({ length: 5 }, () => busyHistory(30));
    await Promise.all(histories.map((history) => appendAll(logs[0]!, history)));
    for (const projector of projectors) for (const history of histories) await untilProjected(projector, history);
    for (const { tenantId } of histories) expect(await decisionCount(tenantId)).toBe(30);
    expect(projectors.map((projector) => projector.lag().parkedJournals)).toEqual([[], []]);
  });

  it('goes on where the store is, also when the store went back', async () => {
    const log = new EntryLog(new MemoryJournals());
    const history = freshHistory();
    for (let count = 0; count < 5; count += 1) history.decide();
    await append(log, history, 'decisions');
    const projector = await start(log, opened.store, { pollEveryMs: 50 });
    await untilProjected(projector, history);
    await withClient(database.serviceUrl, async (client) => {
      await client.query('BEGIN');
      await client.query('DELETE FROM read_model.decisions WHERE tenant_id = $1 AND revision >= 2', [history.tenantId]);
      await client.query('UPDATE read_model.high_water SET next_revision = 2 WHERE journal = $1', [
        journalName('decisions', history.tenantId),
      ]);
      await client.query('COMMIT');
    });
    history.decide();
    await append(log, history, 'decisions', 5); // Its slice begins above the mark: a gap.
    await untilProjected(projector, history);
    expect(await decisionCount(history.tenantId)).toBe(6);
  });
});

describe('waiting for an entry', () => {
  it('answers false in time for an entry that does not come, and for any once stopped', async () => {
    const projector = await start(new EntryLog(new MemoryJournals()));
    expect(await projector.waitFor('nobody', 'decisions', 0n, 20)).toBe(false);
    const waiting = projector.waitFor('nobody', 'decisions', 0n, 60_000);
    await projector.stop();
    expect(await waiting).toBe(false);
    expect(await projector.waitFor('nobody', 'decisions', 0n, 60_000)).toBe(false);
  });
});

describe('failures', () => {
  it('parks a journal at the entry that cannot be stored; entries before it and other journals go on', async () => {
    const log = new EntryLog(new MemoryJournals());
    const [bad, good] = [freshHistory(), busyHistory(10)];
    for (let count = 0; count < 3; count += 1) bad.decide();
    bad.journals.decisions.push(bad.journals.decisions[0]!); // The same decision again.
    bad.decide();
    bad.setBudget(1);
    const parked: ParkedJournal[] = [];
    const observer = { ...silentProjectorObserver, parked: (each: ParkedJournal) => void parked.push(each) };
    const projector = await start(log, opened.store, { observer });
    await Promise.all([appendAll(log, bad), appendAll(log, good)]);
    await untilProjected(projector, good);
    await eventually(() => parked.length > 0);
    const journal = journalName('decisions', bad.tenantId);
    expect(parked).toEqual([
      { journal, revision: 3n, error: expect.stringContaining('duplicate key'), since: expect.any(String) },
    ]);
    expect((await opened.store.parked()).filter((each) => each.journal === journal)).toEqual(parked);
    expect(await decisionCount(bad.tenantId)).toBe(3);
    expect(await opened.readModels.highWater(bad.tenantId)).toMatchObject({ decisions: 2n, policy: 0n });
    expect(projector.lag()).toMatchObject({ entries: { decisions: 2 }, parkedJournals: [journal] });
    expect(await projector.waitFor(bad.tenantId, 'decisions', 4n, 60_000)).toBe(false); // At once.
    const later = await start(log); // A restart does not try it again.
    const fresh = freshHistory();
    fresh.decide();
    await append(log, fresh, 'decisions');
    await untilProjected(later, fresh);
    expect(later.lag().parkedJournals).toEqual([journal]);
  });

  it('parks at an entry of a type that this release does not know', async () => {
    const log = new EntryLog(new MemoryJournals());
    const history = freshHistory();
    history.decide();
    history.decide();
    history.journals.decisions.push({ ...history.journals.decisions[0]!, type: 'decision_revoked' } as never);
    await append(log, history, 'decisions');
    const projector = await start(log);
    await eventually(() => projector.lag().parkedJournals.length > 0);
    expect(await opened.readModels.highWater(history.tenantId)).toMatchObject({ decisions: 1n });
  });

  it('goes on at the entry that failed when the journal is resumed', async () => {
    const log = new EntryLog(new MemoryJournals());
    const history = freshHistory();
    for (let count = 0; count < 4; count += 1) history.decide();
    await append(log, history, 'decisions');
    let isBroken = true;
    const store = faulty((slices) =>
      isBroken && slices.some(({ entries }) => entries.some(({ revision }) => revision === 2n))
        ? new RangeError('defect')
        : undefined,
    );
    const projector = await start(log, store);
    const journal = journalName('decisions', history.tenantId);
    await eventually(() => projector.lag().parkedJournals.includes(journal));
    expect(await decisionCount(history.tenantId)).toBe(2);
    isBroken = false;
    await projector.resume(journal);
    await untilProjected(projector, history);
    expect(await decisionCount(history.tenantId)).toBe(4);
    expect((await opened.store.parked()).filter((each) => each.journal === journal)).toEqual([]);
  });

  it('waits out a store that is away, however long, and parks nothing', async () => {
    const log = new EntryLog(new MemoryJournals());
    const history = busyHistory(5);
    let refusals = 10; // More than the tries of an entry.
    let outages = 0;
    const store = faulty(() => ((refusals -= 1) >= 0 ? new ProjectionsUnavailable('away') : undefined));
    const observer = { ...silentProjectorObserver, unavailable: () => void (outages += 1) };
    await appendAll(log, history);
    const options = { observer, restMs: 1 };
    const projector = await start(log, store, options);
    for (let waited = 0; waited < 20 && outages < 4; waited += 1)
      await new Promise((resolve) => setTimeout(resolve, 100));
    refusals = 0;
    await untilProjected(projector, history);
    expect(outages).toBeGreaterThanOrEqual(3);
    expect(projector.lag().parkedJournals).toEqual([]);
  });

  it('changes nothing when the connection dies between the rows and the mark', async () => {
    const history = freshHistory();
    history.decide();
    history.setBudget(1);
    const slices = [history.slice('decisions'), history.slice('policy')];
    const journal = journalName('decisions', history.tenantId);
    await opened.store.apply([freshHistory().slice('decisions')]); // Marks of nobody: the tables are in use.
    await withClient(database.adminUrl, async (admin) => {
      await admin.query(`CREATE FUNCTION read_model.die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NEW; END $$`);
      await admin.query(
        `CREATE TRIGGER die BEFORE UPDATE ON read_model.high_water FOR EACH ROW WHEN (NEW.journal = '${journal}') EXECUTE FUNCTION read_model.die()`,
      );
      await expect(opened.store.apply(slices)).rejects.toBeInstanceOf(ProjectionsUnavailable);
      await admin.query('DROP TRIGGER die ON read_model.high_water');
    });
    expect(await decisionCount(history.tenantId)).toBe(0);
    expect(await opened.readModels.highWater(history.tenantId)).toMatchObject({ decisions: -1n, policy: -1n });
    expect((await opened.store.apply(slices)).get(journal)).toBe(1n);
    expect(await decisionCount(history.tenantId)).toBe(1);
  });
});

describe('numbers', () => {
  it('keeps revisions beyond 2^53 exact, in rows, marks, pages and ranges', async () => {
    const base = 2n ** 60n + 1n;
    const history = freshHistory();
    const ids = Array.from({ length: 3 }, () => history.decide().decisionId);
    const journal = journalName('decisions', history.tenantId);
    await withClient(database.serviceUrl, (client) =>
      client.query(
        `INSERT INTO read_model.high_water (consumer, journal, next_revision) VALUES ('read_models', $1, $2)`,
        [journal, base.toString()],
      ),
    );
    expect((await opened.store.apply([history.slice('decisions', 0, 3, base)])).get(journal)).toBe(base + 3n);
    const { readModels } = opened;
    const page = await newest(readModels, history.tenantId, 1);
    const first = await readModels.listDecisions(history.tenantId, {}, page);
    expect(first).toMatchObject({ rows: [{ row: { revision: base + 2n } }], last: base + 2n });
    const next = await readModels.listDecisions(history.tenantId, {}, { ...page, limit: 5, after: first.last });
    expect(next.rows.map(({ row }) => row.revision)).toEqual([base + 1n, base]);
    expect((await readModels.highWater(history.tenantId)).decisions).toBe(base + 2n);
    const found: string[] = [];
    for await (const id of readModels.idsInRange(history.tenantId, 'decisions', base + 1n, base + 2n)) found.push(id);
    expect(found).toEqual([ids[1]]);
  });
});
