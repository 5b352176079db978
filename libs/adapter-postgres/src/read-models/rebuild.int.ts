import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ApprovalRow,
  changeApproval,
  endHold,
  EntryLog,
  type GrantUseRow,
  type JournalKind,
  journalName,
  projectEntry,
  Projector,
  type StoredApprovalRow,
  type StoredDecisionRow,
} from '@verdict/application';
import {
  freshHistory,
  LISTS,
  MemoryJournals,
  newest,
  type History,
  Walked,
  withEmbeddedPostgres,
} from '@verdict/testkit';
import fc from 'fast-check';
import { withClient } from '../shared/admin.js';
import { openReadModels, type OpenReadModels } from './open-read-models.js';
import { rebuildReadModels } from './rebuild.js';
import { allowReadModels } from './schema.js';

const database = withEmbeddedPostgres();
const KINDS: readonly JournalKind[] = ['policy', 'decisions', 'approvals', 'reservations'];
let opened: OpenReadModels;
const journals = new MemoryJournals();
const log = new EntryLog(journals);

beforeAll(async () => {
  await allowReadModels(database.adminUrl);
  const several = await Promise.all([1, 2, 3, 4].map(() => openReadModels({ url: database.serviceUrl }))); // As processes start.
  opened = several[0]!;
  await Promise.all(several.slice(1).map((each) => each.close()));
});
afterAll(() => opened.close());

type Step = readonly [what: number, which: number, who: number];
const steps = fc.array(fc.tuple(fc.nat(14), fc.nat(1_000), fc.nat(3)), { minLength: 1, maxLength: 60 });

interface Open {
  readonly decisionId: string;
  readonly approvalId: string;
  isRequested: boolean;
  isSettled: boolean;
  hasException: boolean;
}

/** Any order of legal moves; what a real service would also refuse, such as voting late, only makes it harder. */
const play = (moves: readonly Step[]): History => {
  const history = freshHistory();
  const all: Open[] = [];
  for (const [what, which, who] of moves) {
    const one = all[which % Math.max(1, all.length)];
    const voter = `voter-${String(who)}`;
    if (one === undefined || what <= 2) {
      const holdUsd = which % 4 === 0 ? '0.0000' : `${String(which)}.00${String(10 + who)}`;
      const uses =
        one !== undefined && what === 2 && which % 3 === 0 ? { approvalId: one.approvalId, use: which } : undefined;
      const made = history.decide({
        ...(uses === undefined ? {} : { uses }),
        needsApproval: what === 1,
        holdUsd,
        projectId: `p${String(who)}`,
        key: { scope: 's', text: `k${String(which % 5)}` },
      });
      all.push({ ...made, isRequested: false, isSettled: false, hasException: false });
    } else if (what === 3) {
      history.setBudget(which);
    } else if (what === 4) {
      history.void(one.decisionId, which % 2 === 0 ? 'superseded' : 'approval_denied');
    } else if (what === 5) {
      history.expire(one.decisionId);
    } else if (what === 6 && !one.isSettled) {
      one.isSettled = true;
      history.settle(one.decisionId, 'savings', `-${String(which)}.5000`);
    } else if (what === 13 && !one.isSettled) {
      one.isSettled = true;
      if (which % 2 === 0) history.assume(one.decisionId);
      else history.release(one.decisionId);
    } else if (what === 14 && one.isSettled) {
      history.correct(one.decisionId, `${String(which)}.2500`);
    } else if (what === 7 && !one.hasException) {
      one.hasException = true;
      const exceptionId = history.openException(one.decisionId);
      if (which % 2 === 0) history.resolve(exceptionId);
    } else if (!one.isRequested) {
      one.isRequested = true;
      history.request(one, {
        requester: voter,
        isSeparationRequired: which % 2 === 0,
        onBehalfOf: which % 3 === 0 ? 'ana' : null,
      });
    } else if (what === 8)
      history.file(one.approvalId, voter, which % 2 === 0 ? `CHG-${String(which)}` : null, which % 3 === 0);
    else if (what === 9)
      history.vote(one.approvalId, voter, which % 3 === 0 ? 'deny' : 'approve', [`stage-${String(which % 5)}`]);
    else if (what === 10) history.grant(one.approvalId);
    else if (what === 11) history.endApproval(one.approvalId, which % 2 === 0 ? 'approval_denied' : 'token_consumed');
    else history.endApproval(one.approvalId, which % 2 === 0 ? 'approval_expired' : 'approval_withdrawn');
  }
  return history;
};

const append = async (history: History): Promise<void> => {
  for (const kind of KINDS) {
    const entries = history.fresh(kind);
    if (entries.length > 0) await journals.append(journalName(kind, history.tenantId), -1n, entries);
  }
};

/** Applies the journals in pieces, kinds interleaved, some pieces twice, some too early. */
const applyBadly = async (history: History, cuts: readonly number[]): Promise<void> => {
  const next = new Map<JournalKind, number>();
  for (let round = 0; ; round += 1) {
    const behind = KINDS.filter((kind) => (next.get(kind) ?? 0) < history.journals[kind].length);
    const size = 1 + (cuts[round % Math.max(1, cuts.length)] ?? 6);
    const kind = behind[(round + size) % Math.max(1, behind.length)];
    if (kind === undefined) return;
    const from = next.get(kind) ?? 0;
    const early = history.slice(kind, from + 1, from + 1 + size);
    if (early.entries.length > 0 && round % 3 === 0) await opened.store.apply([early]);
    const again = KINDS.filter((each) => each !== kind && (next.get(each) ?? 0) > 0).map((each) =>
      history.slice(each, 0, 1),
    );
    await opened.store.apply([history.slice(kind, Math.max(0, from - (round % 2)), from + size), ...again]);
    next.set(kind, from + size);
  }
};

/** The same rows made in the plainest way: one change after the other. */
const plainRows = (
  history: History,
): { readonly decisions: Map<string, StoredDecisionRow>; readonly approvals: Map<string, StoredApprovalRow> } => {
  const decisions = new Map<string, StoredDecisionRow>();
  const approvals = new Map<string, StoredApprovalRow>();
  for (const kind of KINDS) {
    for (const change of history
      .recorded(kind)
      .flatMap((entry) => projectEntry({ tenantId: history.tenantId, kind }, entry))) {
      if (change.op === 'insert' && change.table === 'decisions') decisions.set(change.row.decisionId, change.row);
      if (change.op === 'insert' && change.table === 'approvals') approvals.set(change.row.approvalId, change.row);
      if (change.op === 'update' && change.table === 'decisions')
        decisions.set(change.decisionId, endHold(decisions.get(change.decisionId)!, change));
      if (change.op === 'update' && change.table === 'approvals') {
        const row = approvals.get(change.approvalId);
        if (row !== undefined) approvals.set(change.approvalId, changeApproval(row, change.change, change.revision));
      }
    }
  }
  return { decisions, approvals };
};

/** The newest use of each grant. */
const usesOf = (history: History): ReadonlyMap<string, GrantUseRow> =>
  new Map(
    history
      .recorded('decisions')
      .flatMap((entry) => projectEntry({ tenantId: history.tenantId, kind: 'decisions' }, entry))
      .flatMap((change) => (change.table === 'grant_uses' ? [[change.row.approvalId, change.row] as const] : [])),
  );

const rebuild = (verifyOnly: boolean) => rebuildReadModels({ url: database.serviceUrl, log, verifyOnly });

describe('rebuilding the read models', () => {
  it('gives what the live projection gave, for any history and any way in which it came', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.array(fc.nat(9), { maxLength: 6 }), async (moves, cuts) => {
        const history = play(moves);
        await append(history);
        await applyBadly(history, cuts);
        const { decisions, approvals } = plainRows(history);
        const page = await newest(opened.readModels, history.tenantId, 1_000);
        const shown = await opened.readModels.listDecisions(history.tenantId, {}, page);
        expect(shown.rows.map(({ row }) => row)).toEqual(
          [...decisions.values()].reverse().map(({ holdEndedRevision: _, ...row }) => row),
        );
        const listed = await opened.readModels.listApprovals(history.tenantId, {}, page);
        const lastUse = usesOf(history);
        const expected = [...approvals.values()]
          .reverse()
          .map(({ isSeparationRequired: _, sinceRevision: __, ...row }): ApprovalRow => ({
            ...row,
            lastUse: lastUse.get(row.approvalId) ?? null,
          }));
        expect(listed.rows).toEqual(expected);
      }),
      { numRuns: 40 },
    );
    const progress: number[] = [];
    const report = await rebuildReadModels({
      url: database.serviceUrl,
      log,
      verifyOnly: true,
      onProgress: ({ entries }) => void progress.push(entries),
    });
    expect(report).toMatchObject({ isEqual: true, isSwapped: false });
    expect(report.entries).toBeGreaterThan(100);
    expect(progress.at(-1)).toBe(report.entries);
    for (const { table, liveRows, rebuiltRows } of report.tables)
      expect([table, rebuiltRows]).toEqual([table, liveRows]);
    expect(report.tables.find(({ table }) => table === 'approvals')?.liveRows).toBeGreaterThan(0);
  }, 120_000);

  it('shows at every point what was to be seen when it was reached, whatever came since, and also once rebuilt', async () => {
    const all: Walked[] = [];
    await fc.assert(
      fc.asyncProperty(steps, fc.array(fc.nat(9), { minLength: 1, maxLength: 12 }), async (moves, cuts) => {
        const walked = new Walked(opened, LISTS, play(moves));
        await append(walked.history);
        for (let round = 0; ; round += 1) {
          const cut = cuts[round % cuts.length] ?? 0;
          const behind = KINDS.filter((kind) => walked.isBehind(kind));
          if (behind.length === 0) break;
          await walked.tell(cut % 3 === 0 ? behind : behind.slice(cut % behind.length).slice(0, 1), 1 + cut);
        }
        all.push(walked);
        await walked.expectAllAsSeen([1 + (cuts[0] ?? 0)]);
      }),
      { numRuns: 12 },
    );
    expect(await rebuild(false)).toMatchObject({ isEqual: true, isSwapped: true });
    for (const walked of all) await walked.expectAllAsSeen([3]);
  }, 120_000);

  it('names every row that differs, changes nothing when it verifies only, and puts all right when it swaps', async () => {
    const history = freshHistory();
    const [lost, wrong, kept] = [history.decide(), history.decide({ needsApproval: true }), history.decide()];
    history.request(wrong);
    history.settle(kept.decisionId);
    await append(history);
    await opened.store.apply(KINDS.map((kind) => history.slice(kind)));
    await withClient(database.serviceUrl, async (client) => {
      await client.query('DELETE FROM read_model.decisions WHERE decision_id = $1', [lost.decisionId]);
      await client.query('UPDATE read_model.decisions SET hold_usd = hold_usd + 0.0001 WHERE decision_id = $1', [
        wrong.decisionId,
      ]);
      await client.query(`INSERT INTO read_model.policy_changes VALUES ($1, 9, 'budget_set', 'made up')`, [
        history.tenantId,
      ]);
    });
    const verified = await rebuild(true);
    expect(verified).toMatchObject({ isEqual: false, isSwapped: false });
    const names = verified.tables
      .filter(({ differing }) => differing > 0)
      .map(({ table, differing, examples }) => [table, differing, [...examples].sort()]);
    const idOf = ({ decisionId }: { readonly decisionId: string }): string => `${history.tenantId} ${decisionId}`;
    expect(names).toEqual([
      ['decisions', 2, [idOf(lost), idOf(wrong)].sort()],
      ['policy_changes', 1, [`${history.tenantId} 9`]],
    ]);
    expect(await opened.readModels.findDecision(history.tenantId, lost.decisionId)).toBeUndefined();
    expect(await rebuild(false)).toMatchObject({ isEqual: false, isSwapped: true });
    expect((await opened.readModels.findDecision(history.tenantId, lost.decisionId))?.row.holdUsd).toBe('125.5000');
    expect(await rebuild(true)).toMatchObject({ isEqual: true });
  }, 60_000);

  it('lets a projector go on in the tables that took the place of those it knew', async () => {
    const projector = new Projector(
      { log, store: opened.store, clock: { nowMs: () => Date.now() } },
      { restMs: 1, pollEveryMs: 100 },
    );
    await projector.start();
    const histories = Array.from({ length: 5 }, freshHistory);
    const writer = { isDone: false };
    const writing = (async () => {
      for (let revision = 0; !writer.isDone || revision < 20; revision += 1) {
        for (const history of histories) {
          history.decide();
          await journals.append(
            journalName('decisions', history.tenantId),
            BigInt(revision) - 1n,
            history
              .fresh('decisions')
              .slice(-1)
              .map((entry) => ({ ...entry })),
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    for (let count = 0; count < 2; count += 1)
      expect(await rebuild(false)).toMatchObject({ isEqual: true, isSwapped: true });
    writer.isDone = true;
    await writing;
    for (const {
      tenantId,
      journals: { decisions },
    } of histories) {
      expect(await projector.waitFor(tenantId, 'decisions', BigInt(decisions.length) - 1n, 10_000)).toBe(true);
      expect((await opened.readModels.highWater(tenantId)).decisions).toBe(BigInt(decisions.length) - 1n);
    }
    await projector.stop();
    expect(await rebuild(true)).toMatchObject({ isEqual: true });
  }, 60_000);

  it('keeps parked journals parked, survives what a crashed rebuild left, and runs once at a time', async () => {
    const journal = journalName('policy', freshHistory().tenantId);
    const parked = { journal, revision: 0n, error: 'it broke', since: '2026-11-22T02:13:17.000Z' };
    await opened.store.park(parked);
    await withClient(database.serviceUrl, async (client) => {
      await client.query('CREATE SCHEMA read_model_rebuild CREATE TABLE decisions (nonsense text)');
      await client.query('CREATE SCHEMA read_model_replaced CREATE TABLE decisions (nonsense text)');
    });
    const both = await Promise.allSettled([rebuild(false), rebuild(false)]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { message: 'another rebuild of the read models is running' },
    });
    expect((await opened.store.parked()).filter((each) => each.journal === journal)).toEqual([parked]);
    const left = await withClient(database.serviceUrl, (client) =>
      client.query(`SELECT nspname FROM pg_namespace WHERE nspname ~ '^read_model' ORDER BY 1`),
    );
    expect(left.rows).toEqual([{ nspname: 'read_model' }]);
  }, 60_000);
});
