import { describe, expect, it } from '@jest/globals';
import type { JournalKind, Page, PageRequest, ProjectionStore, ReadModels } from '@verdict/application';
import { freshHistory, type History } from './read-models-contract/history.js';
import { describeIntegrations } from './read-models-contract/integrations.js';
import { describeKeyedAnswers } from './read-models-contract/keyed-answers.js';

/** Read models and the store that fills them. Opened once; every test has a tenant of its own. */
export interface ReadModelsUnderTest {
  readonly readModels: ReadModels;
  readonly store: ProjectionStore;
}

const KINDS: readonly JournalKind[] = ['policy', 'decisions', 'approvals', 'reservations'];
const NOW = '2026-11-23T00:00:00.000Z';
const START: PageRequest = { limit: 50, cursor: undefined };

const tell = async (store: ProjectionStore, history: History): Promise<void> => {
  await store.apply(KINDS.map((kind) => history.slice(kind)));
};

const rowsOf = <Row>(page: Page<Row>): readonly Row[] => {
  if (page.kind !== 'page') throw new Error(page.kind);
  return page.rows;
};

/** Walks a list to its end, in pages of `limit`. */
const walk = async <Row>(list: (page: PageRequest) => Promise<Page<Row>>, limit: number): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit, cursor });
    if (page.kind !== 'page') throw new Error(page.kind);
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return rows;
};

const collect = async (ids: AsyncIterable<string>): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const id of ids) found.push(id);
  return found;
};

type Subject = () => ReadModelsUnderTest;

const describeDecisions = (subject: Subject): void =>
  describe('decisions', () => {
    it('gives back every column exactly, money with its four places', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const { decisionId, approvalId, key } = history.decide({
        needsApproval: true,
        holdUsd: '999999999999.9999',
        monthlyUsd: '-0.0001',
      });
      await tell(store, history);
      const view = await readModels.findDecision(history.tenantId, decisionId);
      expect(view).toEqual({
        row: {
          tenantId: history.tenantId,
          decisionId,
          revision: 0n,
          decidedAt: '2026-11-22T02:13:18.000Z',
          expiresAt: '2027-11-22T02:13:18.000Z',
          projectId: 'web',
          environmentClass: 'prod',
          source: 'terraform',
          resourceReference: 'aws_db_instance.main',
          decision: 'REQUIRE_APPROVAL',
          reasonCodes: ['approval_required', 'budget_exceeded'],
          monthlyDeltaUsd: '-0.0001',
          holdUsd: '999999999999.9999',
          requestFingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
          keyScope: key.scope,
          keyText: key.text,
          payloadHash: expect.stringMatching(/^[0-9a-f]{64}$/),
          approvalId,
          isDryRun: false,
          holdState: 'held',
        },
        approvalStatus: null,
        settlement: null,
        booking: null,
      });
    });

    it('shows an unknown amount as null and a decision without money as holding none', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const { decisionId } = history.decide({ decision: 'DENY', holdUsd: '0.0000', monthlyUsd: null });
      history.void(decisionId); // Nothing was held, so nothing ends.
      await tell(store, history);
      expect((await readModels.findDecision(history.tenantId, decisionId))?.row).toMatchObject({
        monthlyDeltaUsd: null,
        holdState: 'none',
        approvalId: null,
      });
    });

    it('keeps texts of any characters, U+0000 replaced where the store cannot hold it', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const odd = history.decide({ resourceReference: `\\N"{NULL},'; -- \u{1F600}\n\t` });
      const zero = history.decide({ resourceReference: 'a\u0000b' });
      await tell(store, history);
      expect((await readModels.findDecision(history.tenantId, odd.decisionId))?.row.resourceReference).toBe(
        `\\N"{NULL},'; -- \u{1F600}\n\t`,
      );
      expect((await readModels.findDecision(history.tenantId, zero.decisionId))?.row.resourceReference).toBe(
        'a\ufffdb',
      );
    });

    it('keeps texts apart that hold what might separate them, and empty ones', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const texts = ['', '\u001f', '\u001f1\u001e', 'a\u001f', '\u001f\u001f1\u001e\u001e', ''];
      const ids = texts.map((resourceReference) => history.decide({ resourceReference }).decisionId);
      await tell(store, history);
      const found = await Promise.all(ids.map((id) => readModels.findDecision(history.tenantId, id)));
      expect(found.map((view) => view?.row.resourceReference)).toEqual(texts);
      const alone = freshHistory();
      const { decisionId } = alone.decide({ resourceReference: '' });
      await tell(store, alone);
      expect((await readModels.findDecision(alone.tenantId, decisionId))?.row.resourceReference).toBe('');
    });

    it('lists newest first, page by page, each row once, whatever the page size', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const ids = Array.from({ length: 11 }, () => history.decide().decisionId);
      await tell(store, history);
      for (const limit of [1, 2, 5, 10, 11, 12]) {
        const rows = await walk((page) => readModels.listDecisions(history.tenantId, {}, page), limit);
        expect(rows.map(({ row }) => row.decisionId)).toEqual([...ids].reverse());
      }
    });

    it('applies filters before the limit', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const wanted = history.decide({
        projectId: 'api',
        environmentClass: 'nonprod',
        decision: 'DENY',
        source: 'k8s_admission',
      });
      for (let count = 0; count < 5; count += 1) history.decide();
      await tell(store, history);
      const page = { limit: 1, cursor: undefined };
      for (const filter of [
        { projectId: 'api' },
        { projectId: ['api', 'elsewhere'] },
        { environmentClass: 'nonprod' },
        { decision: 'DENY' },
        { source: 'k8s_admission' },
      ]) {
        const found = await readModels.listDecisions(history.tenantId, filter, page);
        expect(found).toMatchObject({
          kind: 'page',
          rows: [{ row: { decisionId: wanted.decisionId } }],
          nextCursor: null,
        });
      }
      const ofNone = await readModels.listDecisions(history.tenantId, { projectId: [] }, page);
      expect(ofNone).toEqual({ kind: 'page', rows: [], nextCursor: null });
    });

    it('shows what the approvals and the settlements say of a decision', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const decision = history.decide({ needsApproval: true });
      history.request(decision);
      history.grant(decision.approvalId);
      history.settle(decision.decisionId);
      await tell(store, history);
      const [view] = rowsOf(await readModels.listDecisions(history.tenantId, {}, START));
      expect(view).toMatchObject({
        approvalStatus: 'granted',
        settlement: {
          status: 'savings',
          revision: 1n,
          expectedUsd: '125.5000',
          actualUsd: '110.0000',
          driftUsd: '-15.5000',
          overrunUsd: '0.0000',
        },
      });
      expect(await readModels.findDecision(history.tenantId, decision.decisionId)).toEqual(view);
    });

    it('finds the newest answer of each key and leaves out keys without one', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const key = { scope: 'terraform:false', text: 'pipeline-7' };
      history.decide({ key });
      const newest = history.decide({ key });
      const long = { scope: 'k8s_admission:false', text: 'x'.repeat(4_000) };
      const other = history.decide({ key: { ...long, text: `${long.text}-other` } });
      const same = history.decide({ key: long });
      await tell(store, history);
      const asked = [
        key,
        long,
        { scope: 'terraform:true', text: 'pipeline-7' },
        { ...long, text: `${long.text}-none` },
      ];
      const found = await readModels.findAnswers(history.tenantId, asked);
      expect(found.map(({ decisionId }) => decisionId)).toEqual([newest.decisionId, same.decisionId]);
      const views = await Promise.all(
        [newest, same].map(({ decisionId }) => readModels.findDecision(history.tenantId, decisionId)),
      );
      expect(found).toEqual(views.map((view) => view?.row));
      expect(other.decisionId).not.toBe(same.decisionId);
    });
  });

const describeApprovals = (subject: Subject): void =>
  describe('approvals', () => {
    it('follows a request from pending to consumed', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const decision = history.decide({ needsApproval: true });
      history.request(decision, { requester: 'pipeline', onBehalfOf: 'ana', quorum: 2 });
      history.file(decision.approvalId, 'bob', 'CHG-7');
      history.file(decision.approvalId, 'bob');
      history.vote(decision.approvalId, 'zoe');
      history.vote(decision.approvalId, 'carl, "the" {judge}');
      history.vote(decision.approvalId, 'zoe');
      history.vote(decision.approvalId, 'zoe', 'deny');
      await tell(store, history);
      const pending = await readModels.findApproval(history.tenantId, decision.approvalId);
      expect(pending).toEqual({
        tenantId: history.tenantId,
        approvalId: decision.approvalId,
        decisionId: decision.decisionId,
        revision: 0n,
        status: 'pending',
        projectId: 'web',
        requester: 'pipeline',
        excludedVoters: ['ana', 'bob', 'pipeline'],
        approvedBy: ['carl, "the" {judge}'], // A person's newest vote counts.
        quorum: 2,
        ticket: 'CHG-7',
        requestedAt: '2026-11-22T02:13:19.000Z',
        approveBy: '2026-12-01T00:00:00.000Z',
        useBy: null,
      });
      const before = history.journals.approvals.length;
      history.vote(decision.approvalId, 'dora');
      history.grant(decision.approvalId);
      history.endApproval(decision.approvalId, 'token_consumed');
      await store.apply([history.slice('approvals', before)]); // Now the row is older than the slice.
      const consumed = {
        ...pending,
        status: 'consumed',
        approvedBy: ['carl, "the" {judge}', 'dora'],
        useBy: '2026-12-24T00:00:00.000Z',
      };
      expect(await readModels.findApproval(history.tenantId, decision.approvalId)).toEqual(consumed);
    });

    it('excludes nobody where duties are not separated', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const decision = history.decide({ needsApproval: true });
      history.request(decision, { isSeparationRequired: false });
      history.file(decision.approvalId, 'bob');
      await tell(store, history);
      expect((await readModels.findApproval(history.tenantId, decision.approvalId))?.excludedVoters).toEqual([]);
    });

    it('lists newest first, by status and project', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const decisions = Array.from({ length: 6 }, () => history.decide({ needsApproval: true }));
      for (const [index, decision] of decisions.entries())
        history.request(decision, { projectId: index % 2 === 0 ? 'web' : 'api' });
      const [first, second] = decisions;
      history.endApproval(first!.approvalId, 'approval_denied');
      history.endApproval(second!.approvalId, 'approval_withdrawn');
      await tell(store, history);
      const ids = async (filter: { status?: string; projectId?: string }): Promise<readonly string[]> =>
        (await walk((page) => readModels.listApprovals(history.tenantId, filter, page), 2)).map(
          ({ approvalId }) => approvalId,
        );
      const newest = decisions.map(({ approvalId }) => approvalId).reverse();
      expect(await ids({})).toEqual(newest);
      expect(await ids({ status: 'pending' })).toEqual(newest.slice(0, 4));
      expect(await ids({ status: 'denied' })).toEqual([first!.approvalId]);
      expect(await ids({ status: 'pending', projectId: 'web' })).toEqual([newest[1], newest[3]]);
    });
  });

const describeReservations = (subject: Subject): void =>
  describe('reservations', () => {
    it('lists holds that are neither ended nor settled, oldest first', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const [voided, expired, superseded, settled, first, second] = Array.from(
        { length: 6 },
        (_, index) => history.decide({ projectId: index === 5 ? 'api' : 'web' }).decisionId,
      );
      history.decide({ holdUsd: '0.0000' });
      history.void(voided!);
      history.expire(expired!);
      history.void(superseded!, 'superseded');
      history.settle(settled!);
      await tell(store, history);
      const ids = async (projectId?: string): Promise<readonly string[]> =>
        (await walk((page) => readModels.listActiveReservations(history.tenantId, { projectId }, page), 1)).map(
          ({ row }) => row.decisionId,
        );
      expect(await ids()).toEqual([first, second]);
      expect(await ids('api')).toEqual([second]);
      expect((await readModels.findDecision(history.tenantId, voided!))?.row.holdState).toBe('voided');
      expect((await readModels.findDecision(history.tenantId, expired!))?.row.holdState).toBe('expired');
      expect((await readModels.findDecision(history.tenantId, superseded!))?.row.holdState).toBe('superseded');
    });

    it('knows a settled hold whichever journal is told first', async () => {
      const { readModels, store } = subject();
      for (const kinds of [
        ['decisions', 'reservations'],
        ['reservations', 'decisions'],
      ] as const) {
        const history = freshHistory();
        history.settle(history.decide().decisionId);
        for (const kind of kinds) await store.apply([history.slice(kind)]);
        expect(rowsOf(await readModels.listActiveReservations(history.tenantId, {}, START))).toEqual([]);
        expect(rowsOf(await readModels.listDecisions(history.tenantId, {}, START))[0]?.settlement?.actualUsd).toBe(
          '110.0000',
        );
      }
    });

    it('knows what a sweep ended and what was corrected since, whichever journal is told first', async () => {
      const { readModels, store } = subject();
      for (const kinds of [
        ['decisions', 'reservations'],
        ['reservations', 'decisions'],
      ] as const) {
        const history = freshHistory();
        const [assumed, released, corrected] = Array.from({ length: 3 }, () => history.decide().decisionId);
        history.assume(assumed!);
        history.release(released!);
        history.assume(corrected!);
        history.correct(corrected!, '140.0000');
        history.correct(corrected!, '145.5000');
        for (const kind of kinds) await store.apply([history.slice(kind)]);
        expect(rowsOf(await readModels.listActiveReservations(history.tenantId, {}, START))).toEqual([]);
        const bookingOf = async (id: string) => (await readModels.findDecision(history.tenantId, id))?.booking;
        expect(await bookingOf(assumed!)).toMatchObject({ status: 'assumed', actualUsd: '125.5000' });
        expect(await bookingOf(released!)).toMatchObject({ status: 'released', actualUsd: '0.0000' });
        expect(await bookingOf(corrected!)).toMatchObject({ status: 'overage', actualUsd: '145.5000', revision: 4n });
        expect(await readModels.bookingRevisions(history.tenantId, corrected!)).toEqual([2n, 3n, 4n]);
        expect(await readModels.bookingRevisions(history.tenantId, released!)).toEqual([1n]);
        expect(await readModels.bookingRevisions(freshHistory().tenantId, released!)).toEqual([]);
        expect(rowsOf(await readModels.listDecisions(history.tenantId, {}, START))).toHaveLength(3);
      }
    });

    it('names what booked something for a decision, its settlement first', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const { decisionId: id } = history.decide();
      const other = history.decide().decisionId;
      history.settle(other);
      history.settle(id);
      history.correct(id, '140.0000');
      for (const kind of ['decisions', 'reservations'] as const) await store.apply([history.slice(kind)]);
      // A settlement comes after the actual that it settles.
      expect(await readModels.bookingRevisions(history.tenantId, id)).toEqual([3n, 4n]);
    });

    it('knows a settled hold when both journals are told at the same time', async () => {
      const { readModels, store } = subject();
      const histories = Array.from({ length: 20 }, freshHistory);
      for (const history of histories) history.settle(history.decide().decisionId);
      await Promise.all(
        histories.flatMap((history) => [
          store.apply([history.slice('decisions')]),
          store.apply([history.slice('reservations')]),
        ]),
      );
      for (const { tenantId } of histories)
        expect(rowsOf(await readModels.listActiveReservations(tenantId, {}, START))).toEqual([]);
    });

    it('lists exceptions newest first, by kind, resolved ones included', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const decisions = Array.from({ length: 3 }, () => history.decide().decisionId);
      const [first, second, third] = decisions.map((id, index) =>
        history.openException(id, index === 1 ? 'savings' : 'overage'),
      );
      await tell(store, history);
      const before = history.journals.reservations.length;
      history.resolve(first!);
      await store.apply([history.slice('reservations', before)]);
      const rows = await walk((page) => readModels.listExceptions(history.tenantId, {}, page), 2);
      expect(rows.map(({ exceptionId, status }) => [exceptionId, status])).toEqual([
        [third, 'open'],
        [second, 'open'],
        [first, 'resolved'],
      ]);
      expect(rows[2]).toMatchObject({
        kind: 'overage',
        amountUsd: '5.5000',
        owner: 'finance',
        revision: 0n,
        dueAt: '2026-12-31T00:00:00.000Z',
        resolution: 'accepted',
        resolvedRevision: 3n,
      });
      expect(rows[1]).toMatchObject({ resolution: null, resolvedRevision: null });
      expect(rowsOf(await readModels.listExceptions(history.tenantId, { status: 'open' }, START))).toHaveLength(2);
      expect(
        rowsOf(await readModels.listExceptions(history.tenantId, { kind: 'savings' }, START)).map(
          ({ exceptionId }) => exceptionId,
        ),
      ).toEqual([second]);
    });
  });

const describeWalks = (subject: Subject): void =>
  describe('cursors and tenants', () => {
    it('refuses a cursor of another tenant, list, filter, order, or of nobody', async () => {
      const { readModels, store } = subject();
      const [history, other] = [freshHistory(), freshHistory()];
      for (const each of [history, other]) for (let count = 0; count < 3; count += 1) each.decide();
      await tell(store, history);
      await tell(store, other);
      const page = await readModels.listDecisions(
        history.tenantId,
        { projectId: 'web' },
        { limit: 1, cursor: undefined },
      );
      const cursor = (page.kind === 'page' ? page.nextCursor : null) ?? '';
      const again = { limit: 1, cursor };
      expect(await readModels.listDecisions(history.tenantId, { projectId: 'web' }, again)).toMatchObject({
        kind: 'page',
      });
      const invalid = { kind: 'cursor_invalid' };
      expect(await readModels.listDecisions(other.tenantId, { projectId: 'web' }, again)).toEqual(invalid);
      expect(await readModels.listDecisions(history.tenantId, {}, again)).toEqual(invalid);
      expect(await readModels.listDecisions(history.tenantId, { projectId: ['web'] }, again)).toEqual(invalid);
      expect(await readModels.listDecisions(history.tenantId, { projectId: 'web', decision: 'ALLOW' }, again)).toEqual(
        invalid,
      );
      expect(await readModels.listDecisions(history.tenantId, { source: 'web' }, again)).toEqual(invalid);
      expect(await readModels.listActiveReservations(history.tenantId, { projectId: 'web' }, again)).toEqual(invalid);
      expect(await readModels.listApprovals(history.tenantId, { projectId: 'web' }, again)).toEqual(invalid);
      for (const forged of [
        '',
        'x',
        `${cursor}=`,
        `${cursor}AA`,
        cursor.slice(0, -1),
        Buffer.alloc(40).toString('base64url'),
      ]) {
        expect(
          await readModels.listDecisions(history.tenantId, { projectId: 'web' }, { limit: 1, cursor: forged }),
        ).toEqual(invalid);
      }
    });

    it('shows a walk no row that came after its first page', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      for (let count = 0; count < 4; count += 1) history.decide();
      await tell(store, history);
      const first = await readModels.listDecisions(history.tenantId, {}, { limit: 2, cursor: undefined });
      history.decide();
      await store.apply([history.slice('decisions', 4)]);
      const second = await readModels.listDecisions(
        history.tenantId,
        {},
        { limit: 2, cursor: (first.kind === 'page' ? first.nextCursor : null) ?? undefined },
      );
      expect([...rowsOf(first), ...rowsOf(second)].map(({ row }) => row.revision)).toEqual([3n, 2n, 1n, 0n]);
    });

    it('never shows a tenant what another one has', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const decision = history.decide({ needsApproval: true });
      history.request(decision);
      history.openException(decision.decisionId);
      history.setBudget(1);
      await tell(store, history);
      const { tenantId } = freshHistory();
      expect(await readModels.findDecision(tenantId, decision.decisionId)).toBeUndefined();
      expect(await readModels.findApproval(tenantId, decision.approvalId)).toBeUndefined();
      expect(await readModels.findAnswers(tenantId, [decision.key])).toEqual([]);
      const pages = await Promise.all([
        readModels.listDecisions(tenantId, {}, START),
        readModels.listApprovals(tenantId, {}, START),
        readModels.listActiveReservations(tenantId, {}, START),
        readModels.listExceptions(tenantId, {}, START),
      ]);
      for (const page of pages) expect(page).toEqual({ kind: 'page', rows: [], nextCursor: null });
      for (const kind of KINDS) expect(await collect(readModels.idsInRange(tenantId, kind, 0n, 100n))).toEqual([]);
      expect(await readModels.highWater(tenantId)).toEqual({
        policy: -1n,
        decisions: -1n,
        approvals: -1n,
        reservations: -1n,
      });
    });

    it('keeps apart two tenants that use the same ids and the same keys', async () => {
      const { readModels, store } = subject();
      const [a, b] = [freshHistory(), freshHistory()];
      const { decisionId, key } = a.decide();
      b.journals.decisions.push(...a.journals.decisions);
      b.void(decisionId);
      await store.apply([a.slice('decisions'), b.slice('decisions')]);
      expect((await readModels.findDecision(a.tenantId, decisionId))?.row.holdState).toBe('held');
      expect((await readModels.findDecision(b.tenantId, decisionId))?.row.holdState).toBe('voided');
      const [answersA, answersB] = await Promise.all([
        readModels.findAnswers(a.tenantId, [key]),
        readModels.findAnswers(b.tenantId, [key]),
      ]);
      expect([answersA[0]?.tenantId, answersB[0]?.tenantId]).toEqual([a.tenantId, b.tenantId]);
    });
  });

const describeStore = (subject: Subject): void =>
  describe('the projection store', () => {
    it('changes nothing when a slice comes twice, and takes the new part of one that overlaps', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      for (let count = 0; count < 6; count += 1) history.decide();
      const { journal } = history.slice('decisions');
      expect((await store.apply([history.slice('decisions', 0, 4)])).get(journal)).toBe(4n);
      expect((await store.apply([history.slice('decisions', 0, 4)])).get(journal)).toBe(4n);
      expect((await store.apply([history.slice('decisions', 2, 6)])).get(journal)).toBe(6n);
      expect((await store.apply([history.slice('decisions', 1, 3)])).get(journal)).toBe(6n);
      expect(rowsOf(await readModels.listDecisions(history.tenantId, {}, START))).toHaveLength(6);
      expect((await readModels.highWater(history.tenantId)).decisions).toBe(5n);
    });

    it('answers a gap with what it lacks and changes nothing', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      for (let count = 0; count < 4; count += 1) history.decide();
      const { journal } = history.slice('decisions');
      expect((await store.apply([history.slice('decisions', 2)])).get(journal)).toBe(0n);
      await store.apply([history.slice('decisions', 0, 1)]);
      expect((await store.apply([history.slice('decisions', 2)])).get(journal)).toBe(1n);
      expect(rowsOf(await readModels.listDecisions(history.tenantId, {}, START))).toHaveLength(1);
    });

    it('applies updates in order, to rows of the same slice and to older ones alike', async () => {
      const { readModels, store } = subject();
      for (const cut of [1, 2, 3, 4]) {
        const history = freshHistory();
        const first = history.decide();
        const second = history.decide();
        history.void(first.decisionId, 'superseded');
        history.expire(first.decisionId); // A hold ends once.
        history.expire(second.decisionId);
        await store.apply([history.slice('decisions', 0, cut)]);
        await store.apply([history.slice('decisions', cut)]);
        expect((await readModels.findDecision(history.tenantId, first.decisionId))?.row.holdState).toBe('superseded');
        expect((await readModels.findDecision(history.tenantId, second.decisionId))?.row.holdState).toBe('expired');
      }
    });

    it('applies all slices of a call or none', async () => {
      const { readModels, store } = subject();
      const [good, bad] = [freshHistory(), freshHistory()];
      good.decide();
      bad.decide();
      bad.journals.decisions.push(...bad.journals.decisions); // The same decision twice: no such row can be.
      await expect(store.apply([good.slice('decisions'), bad.slice('decisions')])).rejects.toThrow();
      await store.apply([bad.slice('decisions', 0, 1)]);
      await expect(store.apply([good.slice('decisions'), bad.slice('decisions', 1)])).rejects.toThrow();
      expect((await readModels.highWater(good.tenantId)).decisions).toBe(-1n);
      expect(rowsOf(await readModels.listDecisions(good.tenantId, {}, START))).toEqual([]);
      expect((await readModels.highWater(bad.tenantId)).decisions).toBe(0n);
    });

    it('is exact when two processes apply the same journals at the same time', async () => {
      const { readModels, store } = subject();
      const histories = Array.from({ length: 4 }, freshHistory);
      for (const history of histories)
        for (let count = 0; count < 20; count += 1) history.settle(history.decide().decisionId);
      const applyInSteps = async (step: number, order: readonly History[]): Promise<void> => {
        for (let start = 0; start < 40; start += step) {
          await store.apply(
            order
              .flatMap((history) => [
                history.slice('decisions', start, start + step),
                history.slice('reservations', start, start + step),
              ])
              .filter(({ entries }) => entries.length > 0),
          );
        }
      };
      await Promise.all([applyInSteps(3, histories), applyInSteps(5, [...histories].reverse())]);
      for (const { tenantId } of histories) {
        expect(rowsOf(await readModels.listDecisions(tenantId, {}, START))).toHaveLength(20);
        expect(await readModels.highWater(tenantId)).toMatchObject({ decisions: 19n, reservations: 39n });
      }
    });

    it('remembers parked journals until they are resumed', async () => {
      const { store } = subject();
      const { journal } = freshHistory().slice('approvals');
      const mine = async () => (await store.parked()).filter((parked) => parked.journal === journal);
      const parked = { journal, revision: 7n, error: 'it broke', since: NOW };
      await store.park(parked);
      await store.park({ ...parked, revision: 2n ** 62n, error: 'it broke \u0000 again' });
      expect(await mine()).toEqual([{ ...parked, revision: 2n ** 62n, error: 'it broke \ufffd again' }]);
      await store.resume(journal);
      await store.resume(journal);
      expect(await mine()).toEqual([]);
    });
  });

const describeRanges = (subject: Subject): void =>
  describe('ranges', () => {
    it('gives the sorted ids of main rows in a half-open range of revisions', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      const decisions = Array.from({ length: 5 }, () => history.decide({ needsApproval: true }));
      history.void(decisions[0]!.decisionId);
      for (const decision of decisions) history.request(decision);
      history.settle(decisions[0]!.decisionId);
      history.settle(decisions[1]!.decisionId);
      history.setBudget(1);
      history.setBudget(2);
      await tell(store, history);
      const { tenantId } = history;
      const ids = async (kind: JournalKind, from: bigint, to: bigint) =>
        collect(readModels.idsInRange(tenantId, kind, from, to));
      expect(await ids('decisions', 1n, 4n)).toEqual(
        decisions
          .slice(1, 4)
          .map(({ decisionId }) => decisionId)
          .sort(),
      );
      expect(await ids('decisions', 5n, 100n)).toEqual([]);
      expect(await ids('approvals', 0n, 5n)).toEqual(decisions.map(({ approvalId }) => approvalId).sort());
      expect(await ids('reservations', 0n, 2n)).toEqual([decisions[0]!.decisionId]);
      expect(await ids('policy', 0n, 2n)).toEqual([`budget:b-${tenantId}@1`, `budget:b-${tenantId}@2`]);
    });

    it('gives more ids than fit into one portion, and can be left early', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      for (let count = 0; count < 4_100; count += 1) history.setBudget(count);
      await store.apply([history.slice('policy')]);
      const ids = await collect(readModels.idsInRange(history.tenantId, 'policy', 0n, 5_000n));
      expect(new Set(ids).size).toBe(4_100);
      expect([...ids].sort()).toEqual(ids);
      for (let round = 0; round < 12; round += 1) {
        for await (const id of readModels.idsInRange(history.tenantId, 'policy', 0n, 5_000n)) {
          expect(id).toBe(ids[0]);
          break;
        }
      }
    });
  });

/** What every adapter of ReadModels obeys. `subject` can be read inside tests. */
export const describeReadModels = (adapter: string, subject: Subject): void =>
  describe(`ReadModels contract: ${adapter}`, () => {
    describeDecisions(subject);
    describeApprovals(subject);
    describeReservations(subject);
    describeWalks(subject);
    describeRanges(subject);
    describeIntegrations(subject);
    describeKeyedAnswers(subject);
  });

/** What every adapter of ProjectionStore obeys, seen through the read models that it fills. */
export const describeProjectionStore = (adapter: string, subject: Subject): void =>
  describe(`ProjectionStore contract: ${adapter}`, () => {
    describeStore(subject);
  });
