import { describe, expect, it } from '@jest/globals';
import type { JournalKind, PageAt, ProjectionStore, ReadModels, ReadPage, ReadPoint } from '@verdict/application';
import { freshHistory, type History } from './history.js';
import { newest, walk } from './pages.js';

interface Subject {
  readonly readModels: ReadModels;
  readonly store: ProjectionStore;
}

/** A list with one set of filters. */
type List = (readModels: ReadModels, tenantId: string, page: PageAt) => Promise<ReadPage<unknown>>;
export type NamedLists = Readonly<Record<string, List>>;

const EXCEPTION_LISTS: NamedLists = {
  'all exceptions': (models, tenantId, page) => models.listExceptions(tenantId, {}, page),
  'open exceptions': (models, tenantId, page) => models.listExceptions(tenantId, { status: 'open' }, page),
  'resolved exceptions': (models, tenantId, page) => models.listExceptions(tenantId, { status: 'resolved' }, page),
  'overages that are open': (models, tenantId, page) =>
    models.listExceptions(tenantId, { status: 'open', kind: 'overage' }, page),
};

const RESERVATION_LISTS: NamedLists = {
  'active reservations': (models, tenantId, page) => models.listActiveReservations(tenantId, {}, page),
  'active reservations of a project': (models, tenantId, page) =>
    models.listActiveReservations(tenantId, { projectId: ['web', 'none'] }, page),
};

const APPROVAL_LISTS: NamedLists = {
  'all requests': (models, tenantId, page) => models.listApprovals(tenantId, {}, page),
  'pending requests of a project': (models, tenantId, page) =>
    models.listApprovals(tenantId, { status: 'pending', projectId: 'web' }, page),
  ...Object.fromEntries(
    ['pending', 'granted', 'denied', 'expired', 'withdrawn', 'consumed'].map((status): [string, List] => [
      `requests that are ${status}`,
      (models, tenantId, page) => models.listApprovals(tenantId, { status }, page),
    ]),
  ),
};

const DECISION_LISTS: NamedLists = {
  'all decisions': (models, tenantId, page) => models.listDecisions(tenantId, {}, page),
  'decisions that ask for approval': (models, tenantId, page) =>
    models.listDecisions(tenantId, { decision: 'REQUIRE_APPROVAL', projectId: ['web'] }, page),
};

/** Every list, by every filter that looks at what changes. */
export const LISTS: NamedLists = {
  ...EXCEPTION_LISTS,
  ...RESERVATION_LISTS,
  ...APPROVAL_LISTS,
  ...DECISION_LISTS,
};

/** Everything that a tenant's lists show at a point, each as one page. */
export type Shown = Readonly<Record<string, readonly unknown[]>>;

export const shownAt = async (
  readModels: ReadModels,
  tenantId: string,
  { lists, point, limit = 1_000 }: { readonly lists: NamedLists; readonly point: ReadPoint; readonly limit?: number },
): Promise<Shown> => {
  const shown: Record<string, readonly unknown[]> = {};
  for (const [name, list] of Object.entries(lists))
    shown[name] = await walk((page) => list(readModels, tenantId, page), { limit, point });
  return shown;
};

const ALL_KINDS: readonly JournalKind[] = ['policy', 'decisions', 'approvals', 'reservations'];

/** Tells the store what a history has added since it was told last, and keeps what was to be seen at each point. */
export class Walked {
  private readonly told: Record<JournalKind, number> = { policy: 0, decisions: 0, approvals: 0, reservations: 0 };
  private readonly seen: { readonly point: ReadPoint; readonly shown: Shown }[] = [];

  constructor(
    private readonly subject: Subject,
    private readonly lists: NamedLists,
    readonly history: History = freshHistory(),
    /** Revisions of the history's first entries. */
    private readonly bases: Partial<ReadPoint> = {},
  ) {}

  /** Brings the read models on, to the history's end or by so many entries, and keeps all that is to be seen there. */
  async tell(kinds: readonly JournalKind[] = ALL_KINDS, countMax = Number.MAX_SAFE_INTEGER): Promise<Shown> {
    const { history, told, subject } = this;
    const slices = kinds.map((kind) => history.slice(kind, told[kind], told[kind] + countMax, this.bases[kind]));
    await subject.store.apply(slices.filter(({ entries }) => entries.length > 0));
    kinds.forEach((kind, index) => (told[kind] += slices[index]?.entries.length ?? 0));
    const point = await subject.readModels.highWater(history.tenantId);
    const shown = await shownAt(subject.readModels, history.tenantId, { lists: this.lists, point });
    this.seen.push({ point, shown });
    return shown;
  }

  isBehind(kind: JournalKind): boolean {
    return this.told[kind] < this.history.journals[kind].length;
  }

  /** Whatever was to be seen at a point is still to be seen at it, in pages of any size. */
  async expectAllAsSeen(limits: readonly number[] = [1, 2, 1_000]): Promise<void> {
    const { lists, history } = this;
    for (const limit of limits)
      for (const { point, shown } of this.seen)
        expect(await shownAt(this.subject.readModels, history.tenantId, { lists, point, limit })).toEqual(shown);
  }
}

const manyDecisions = (history: History, count: number): readonly string[] =>
  Array.from({ length: count }, () => history.decide().decisionId);

const decisionIdsOf = (shown: Shown, list: string): readonly unknown[] =>
  (shown[list] ?? []).map((view) => (view as { readonly row: { readonly decisionId: string } }).row.decisionId);

const describeReservationWalks = (subject: () => Subject): void => {
  it('shows the holds that were active at the point, in the order they began, however each has ended since', async () => {
    const walked = new Walked(subject(), RESERVATION_LISTS);
    const { history } = walked;
    const [over, voided, expired, superseded, settled, assumed, released, corrected, held] = manyDecisions(history, 9);
    const elsewhere = history.decide({ projectId: 'api' }).decisionId;
    const both = history.decide().decisionId; // Neither service knows at once what the other one writes.
    history.settle(both);
    history.void(over!);
    history.decide({ holdUsd: '0.0000' });
    const before = await walked.tell();
    const active = [voided, expired, superseded, settled, assumed, released, corrected, held, elsewhere];
    expect(decisionIdsOf(before, 'active reservations')).toEqual(active);
    expect(decisionIdsOf(before, 'active reservations of a project')).toEqual(active.slice(0, -1));
    history.void(voided!);
    history.expire(expired!);
    history.void(superseded!, 'superseded');
    await walked.tell();
    history.settle(settled!);
    history.assume(assumed!);
    history.release(released!);
    history.assume(corrected!);
    history.correct(corrected!, '140.0000');
    history.correct(corrected!, '145.5000');
    history.decide();
    await walked.tell();
    history.correct(assumed!, '140.0000');
    history.settle(voided!); // An actual that comes late for a hold that has ended.
    history.void(held!);
    history.void(both);
    expect(decisionIdsOf(await walked.tell(), 'active reservations')).toHaveLength(2);
    await walked.expectAllAsSeen();
  });

  it('shows a hold as held where its settlement is known before its decision, and only from the decision on', async () => {
    const walked = new Walked(subject(), RESERVATION_LISTS);
    const { history } = walked;
    const [first, second] = manyDecisions(history, 2);
    history.settle(first!);
    await walked.tell(['reservations']);
    expect(decisionIdsOf(await walked.tell(['decisions']), 'active reservations')).toEqual([second]);
    history.settle(second!);
    expect(decisionIdsOf(await walked.tell(['reservations']), 'active reservations')).toEqual([]);
    await walked.expectAllAsSeen();
  });

  it('shows a hold until the first of the entries that booked something for it, of one transaction or of several', async () => {
    const { readModels, store } = subject();
    for (const cut of [1, 3]) {
      const history = freshHistory();
      const { decisionId } = history.decide();
      history.assume(decisionId);
      history.correct(decisionId, '140.0000');
      history.correct(decisionId, '145.0000');
      for (const slice of [history.slice('decisions'), history.slice('reservations', 0, cut)])
        await store.apply([slice]);
      await store.apply([history.slice('reservations', 0)]);
      const page = await newest(readModels, history.tenantId);
      const activeAt = async (reservations: bigint) => {
        const at = { ...page, point: { ...page.point, reservations } };
        return (await readModels.listActiveReservations(history.tenantId, {}, at)).rows.length;
      };
      expect(await Promise.all([-1n, 0n, 1n, 2n].map(activeAt))).toEqual([1, 0, 0, 0]);
    }
  });

  it('shows a hold that began and ended within one transaction as it was in between', async () => {
    const { readModels, store } = subject();
    const history = freshHistory();
    const { decisionId } = history.decide();
    history.void(decisionId);
    history.decide();
    await store.apply([history.slice('decisions')]);
    const at = async (decisions: bigint) => {
      const page = await newest(readModels, history.tenantId);
      const shown = await readModels.listActiveReservations(
        history.tenantId,
        {},
        { ...page, point: { ...page.point, decisions } },
      );
      return shown.rows.map(({ row }) => [row.revision, row.holdState]);
    };
    expect(await at(0n)).toEqual([[0n, 'held']]);
    expect(await at(1n)).toEqual([]);
    expect(await at(2n)).toEqual([[2n, 'held']]);
  });
};

const describeApprovalWalks = (subject: () => Subject): void => {
  it('shows requests as they were at the point: status, votes, filings and uses, whatever became of them', async () => {
    const walked = new Walked(subject(), APPROVAL_LISTS);
    const { history } = walked;
    const requests = Array.from({ length: 6 }, () => history.decide({ needsApproval: true }));
    for (const request of requests) history.request(request, { quorum: 2 });
    const [voted, denied, expired, withdrawn, granted, filed] = requests.map(({ approvalId }) => approvalId);
    history.vote(voted!, 'ana', 'approve', ['peers']);
    history.grant(granted!);
    history.decide({ uses: { approvalId: granted!, use: 1 } });
    history.file(filed!, 'bob', 'CHG-1', true);
    const before = await walked.tell();
    expect(before['requests that are granted']).toMatchObject([{ approvalId: granted, lastUse: { use: 1 } }]);
    expect(before['requests that are pending']).toHaveLength(5);
    history.vote(voted!, 'zoe', 'approve', ['finance']);
    await walked.tell();
    history.vote(voted!, 'ana', 'deny', ['peers']);
    history.grant(voted!);
    history.endApproval(denied!, 'approval_denied');
    history.endApproval(expired!, 'approval_expired');
    history.endApproval(withdrawn!, 'approval_withdrawn');
    history.file(filed!, 'carl', 'CHG-2', true);
    history.request(history.decide({ needsApproval: true }), { projectId: 'api' });
    await walked.tell(['approvals', 'decisions'], 5);
    await walked.tell();
    history.endApproval(voted!, 'token_consumed');
    history.decide({ uses: { approvalId: granted!, use: 2, isLast: true } });
    history.endApproval(granted!, 'approval_expired');
    const after = await walked.tell();
    expect(after['requests that are pending']).toHaveLength(2);
    expect(after['requests that are consumed']).toMatchObject([{ approvedBy: ['zoe'], approvedStages: [['finance']] }]);
    expect(after['requests that are expired']).toMatchObject([{ lastUse: { use: 2, isLast: true } }, {}]);
    await walked.expectAllAsSeen();
  });

  it('shows a request that one transaction opened and settled as it was in between', async () => {
    const { readModels, store } = subject();
    const history = freshHistory();
    const decision = history.decide({ needsApproval: true });
    history.request(decision);
    history.vote(decision.approvalId, 'ana');
    history.grant(decision.approvalId);
    history.endApproval(decision.approvalId, 'token_consumed');
    await store.apply([history.slice('approvals')]);
    const page = await newest(readModels, history.tenantId);
    const statusAt = async (approvals: bigint) => {
      const at = { ...page, point: { ...page.point, approvals } };
      const { rows } = await readModels.listApprovals(history.tenantId, {}, at);
      return rows.map(({ status, approvedBy }) => [status, approvedBy.length]);
    };
    const seen = await Promise.all([-1n, 0n, 1n, 2n, 3n, 4n].map(statusAt)); // The token is issued at 3.
    expect(seen).toEqual([
      [],
      [['pending', 0]],
      [['pending', 1]],
      [['granted', 1]],
      [['granted', 1]],
      [['consumed', 1]],
    ]);
  });
};

const describeDecisionWalks = (subject: () => Subject): void => {
  it('shows decisions as they stood at the point: approval, hold, settlement and what was booked since', async () => {
    const walked = new Walked(subject(), DECISION_LISTS);
    const { history } = walked;
    const [settled, corrected, voided, superseded] = manyDecisions(history, 4);
    const [unopened, pending, granted] = Array.from({ length: 3 }, () => history.decide({ needsApproval: true }));
    history.request(pending!);
    history.request(granted!);
    history.grant(granted!.approvalId);
    history.settle(corrected!);
    const before = await walked.tell();
    expect(before['decisions that ask for approval']).toMatchObject([
      { approvalStatus: 'granted' },
      { approvalStatus: 'pending' },
      { approvalStatus: null },
    ]);
    history.request(unopened!);
    history.endApproval(pending!.approvalId, 'approval_denied');
    history.endApproval(granted!.approvalId, 'token_consumed');
    await walked.tell();
    history.settle(settled!);
    history.correct(corrected!, '140.0000');
    history.void(voided!);
    history.void(superseded!, 'superseded');
    history.decide();
    await walked.tell(['approvals', 'decisions', 'reservations'], 1);
    await walked.tell();
    history.correct(corrected!, '145.0000');
    const after = await walked.tell();
    expect(after['all decisions']).toMatchObject([
      {},
      { approvalStatus: 'consumed' },
      { approvalStatus: 'denied' },
      { approvalStatus: 'pending' },
      { row: { holdState: 'superseded' } },
      { row: { holdState: 'voided' } },
      { settlement: { actualUsd: '110.0000' }, booking: { actualUsd: '145.0000' } },
      { settlement: { actualUsd: '110.0000' }, booking: null },
    ]);
    await walked.expectAllAsSeen();
  });
};

const describeExceptionWalks = (subject: () => Subject): void => {
  it('shows exceptions as they were at the point, those that were resolved since as open, and no new ones', async () => {
    const walked = new Walked(subject(), EXCEPTION_LISTS);
    const { history } = walked;
    const [a, b, c] = manyDecisions(history, 3).map((id) => history.openException(id));
    history.resolve(b!);
    const before = await walked.tell();
    expect(before['open exceptions']).toMatchObject([{ exceptionId: c, resolution: null }, { exceptionId: a }]);
    expect(before['resolved exceptions']).toMatchObject([{ exceptionId: b, resolution: 'accepted' }]);
    history.resolve(a!);
    history.openException(history.decide().decisionId, 'savings');
    history.resolve(c!);
    const after = await walked.tell();
    expect(after['open exceptions']).toHaveLength(1);
    expect(after['resolved exceptions']).toHaveLength(3);
    await walked.expectAllAsSeen();
  });
};

/** Every page of a walk shows the point where it began. */
export const describeWalks = (subject: () => Subject): void =>
  describe('walks', () => {
    it('shows a walk no row that came after its first page, and none twice', async () => {
      const { readModels, store } = subject();
      const history = freshHistory();
      for (let count = 0; count < 4; count += 1) history.decide();
      await store.apply([history.slice('decisions')]);
      const page = await newest(readModels, history.tenantId, 2);
      const first = await readModels.listDecisions(history.tenantId, {}, page);
      history.decide();
      await store.apply([history.slice('decisions', 4)]);
      expect(await readModels.listDecisions(history.tenantId, {}, page)).toEqual(first);
      const second = await readModels.listDecisions(history.tenantId, {}, { ...page, after: first.last });
      expect([...first.rows, ...second.rows].map(({ row }) => row.revision)).toEqual([3n, 2n, 1n, 0n]);
      expect(second.last).toBeUndefined();
    });

    it('has no page without a row', async () => {
      const { readModels } = subject();
      const { tenantId } = freshHistory();
      for (const limit of [0, -1, 1.5]) {
        const page = await newest(readModels, tenantId, limit);
        await expect(readModels.listDecisions(tenantId, {}, page)).rejects.toThrow(RangeError);
      }
    });

    describeExceptionWalks(subject);
    describeReservationWalks(subject);
    describeApprovalWalks(subject);
    describeDecisionWalks(subject);
  });
