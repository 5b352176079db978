import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AskedReview, createReviewAdmission, type ReviewAdmission } from '@verdict/application';
import { readAdmissionReview } from '@verdict/contracts';
import {
  type ClusterTerms,
  DEFAULT_ANNOTATION_PREFIXES,
  DEFAULT_TRUSTED_CONTROLLERS,
  instantOf,
} from '@verdict/domain';
import { outOfOrder } from '../support/member-order.js';
import { codeOf, ServiceWorld, valueOf } from '../support/service-world.js';
import { replayed, sourceOf } from '../support/replay-journals.js';
import { POD_BOOK } from '../support/pod-price-book.js';
import { bookOf } from '../support/mutants/judges.js';

const TERMS: ClusterTerms = {
  kind: 'k8s',
  cluster_id: 'east',
  project_rules: [{ namespace: '*', project_id: 'web', environment: 'prod', from_object: false, allowed: [] }],
  annotation_prefixes: DEFAULT_ANNOTATION_PREFIXES,
  trusted_controllers: DEFAULT_TRUSTED_CONTROLLERS,
};
const INTEGRATION: AskedReview['integration'] = {
  tenantId: 'acme',
  integration: {
    integrationId: 'i',
    revision: 0n,
    name: 'cluster',
    terms: TERMS,
    secrets: [],
    createdBy: 'admin-1',
    createdAt: instantOf(0),
    revokedAt: null,
  },
};
const POD_TEMPLATE = { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] } };
const BOOK = bookOf(JSON.stringify(POD_BOOK));
interface Parts {
  /** Deleted instead: its plural with its group, and the object. */
  readonly deleted?: readonly [string, object];
  readonly name?: string;
  readonly replicas?: number;
  readonly annotations?: object;
  readonly username?: string;
}
const reviewOf = (parts: Parts = {}): AskedReview => {
  const { name = 'api', replicas = 2, annotations = {}, username = 'ana', deleted } = parts;
  const [resource = '', group = ''] = (deleted?.[0] ?? 'deployments.apps').split('.');
  const object = {
    kind: 'Deployment',
    metadata: { name, namespace: 'shop', annotations },
    spec: { replicas, template: { spec: { containers: [{ resources: { requests: { cpu: '1' } } }] } } },
  };
  const body = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      operation: deleted === undefined ? 'CREATE' : 'DELETE',
      resource: { group, version: 'v1', resource },
      name,
      namespace: 'shop',
      userInfo: { username, groups: ['devs', 'x'.repeat(300)] },
      ...(deleted === undefined
        ? { object }
        : { object: null, oldObject: { metadata: { name, namespace: 'shop', annotations }, ...deleted[1] } }),
    },
  };
  const reading = readAdmissionReview(Buffer.from(JSON.stringify(body)));
  if (reading.kind === 'refused') throw new Error(reading.detail);
  return { request: reading.request, integration: INTEGRATION, correlationId: null, traceparent: null };
};

describe('a review at the gate', () => {
  let world: ServiceWorld;
  let review: ReviewAdmission;

  beforeEach(async () => {
    world = await new ServiceWorld().start();
    review = createReviewAdmission({ gate: world.gate }, world.decideChange);
    valueOf(await world.admin.publishPriceBook(BOOK, world.meta('admin-1')));
  });
  afterEach(() => world.stop());

  const decide = async (parts: Parts = {}) => valueOf(await review(reviewOf(parts))).decided;

  it('sees an approval that was granted a moment ago, before its journal came by: it reads to the tip first', async () => {
    const asked = await decide();
    expect(asked.recorded).toMatchObject({ decision: 'REQUIRE_APPROVAL', hold: { total_usd: '80.0000' } });
    await world.approvals.caughtUp('acme');
    const approvalId = asked.recorded.approval?.approval_id;
    if (approvalId === undefined) throw new Error('no approval was asked for');
    world.journals.faults.arm('lost_notice', 100);
    valueOf(
      await world.manage.vote(
        { approvalId, vote: 'approve', notes: 'fine with me, go ahead', ticket: null, stageId: null },
        world.meta('lead-1'),
      ),
    );
    const used = await decide();
    expect(used.recorded).toMatchObject({ decision: 'ALLOW', hold: { total_usd: '80.0000' } });
    expect(used.recorded.reason_codes).toContain('approval_grant_used');
  });

  it('is recorded with its members in canonical order, so that sealing has nothing to sort', async () => {
    const { recorded, entry } = await decide();
    expect(recorded.cost.lines.length).toBeGreaterThan(0);
    expect([recorded, entry.observed].flatMap((value) => outOfOrder(value))).toEqual([]);
  });

  const claimed = (usd: string) => ({ annotations: { 'verdict.io/estimated-monthly-delta-usd': usd } });

  it('is the same change with another annotation beside the same price, a claim or any other: nothing is held twice', async () => {
    await world.policy({ approval: { required: { prod: false } } });
    const others = [{}, claimed('79'), claimed('78'), { annotations: { 'example.com/touched': 'now' } }, claimed('79')];
    const answers = [];
    for (const parts of others) answers.push(await decide(parts));
    expect(new Set(answers.map(({ recorded }) => recorded.decision_id)).size).toBe(1);
    expect(answers.map(({ isReplayed }) => isReplayed)).toEqual([false, true, true, true, true]);
    expect(answers[0]?.recorded).toMatchObject({ decision: 'ALLOW', hold: { total_usd: '80.0000' } });
    const { state } = await world.gate.current('acme');
    expect(state.accounts.holds.size).toBe(1);
  });

  it.each([
    ['soft', 'REQUIRE_APPROVAL', 'REQUIRE_APPROVAL'],
    ['hard', 'DENY', 'REQUIRE_APPROVAL'],
  ] as const)(
    'with an amount that is none is asked anew once that is put right, in %s mode, and holds once',
    async (mode, refused, asked) => {
      await world.policy({ mode_matrix: { k8s_admission: { default: mode } } });
      const answers = [];
      for (const parts of [claimed('lots'), {}, claimed('lots'), claimed('79'), {}]) answers.push(await decide(parts));
      const outcomes = answers.map(({ recorded }) => recorded.decision);
      expect(outcomes).toEqual([refused, asked, refused, asked, asked]);
      const isNamed = answers.map(({ recorded }) => recorded.reason_codes.includes('cost_annotation_invalid'));
      expect(isNamed).toEqual([true, false, true, false, false]);
      expect(answers.map(({ recorded }) => recorded.key.generation)).toEqual([1, 2, 3, 4, 4]);
      const { state } = await world.gate.current('acme');
      expect(state.accounts.holds.size).toBe(1);
      expect(await replayed(sourceOf(world.journals, 'acme'))).toMatchObject({ decisions: 4, diverging: 0, hidden: 0 });
    },
  );

  it('counts a claim that is larger than the price', async () => {
    const { recorded } = await decide({ annotations: { 'verdict.io/estimated-monthly-delta-usd': '500' } });
    expect(recorded.cost).toMatchObject({ monthly_delta_usd: '500.0000', method: 'price_book' });
    expect(recorded.reason_codes).toContain('cost_declared_mismatch');
  });

  it.each<[string, string, object]>([
    ['a Pod without requests', 'pods', { kind: 'Pod', spec: { containers: [{ name: 'c' }] } }],
    ['a LoadBalancer that the book has no entry for', 'services', { kind: 'Service', spec: { type: 'LoadBalancer' } }],
    ['a Job that the book assumes no hours for', 'jobs.batch', { kind: 'Job', spec: { template: POD_TEMPLATE } }],
    ['a DaemonSet of unknown nodes', 'daemonsets.apps', { kind: 'DaemonSet', spec: { template: POD_TEMPLATE } }],
    ['a kind that the book does not know', 'widgets.example.com', { kind: 'Widget' }],
  ])(
    'lets whoever cleans up delete %s, in the strictest policy: nothing is held, and the saving stays unknown',
    async (_, plural, object) => {
      for (const name of ['under-default', 'under-strict']) {
        if (name === 'under-strict') {
          const mode_matrix = { k8s_admission: { default: 'hard' } } as const;
          await world.policy({ mode_matrix, pricing: { unknown: { prod: 'violation' } } });
        }
        const annotations = { 'verdict.io/estimated-monthly-delta-usd': 'nonsense' };
        const { recorded } = await decide({ name, annotations, deleted: [plural, object] });
        expect(recorded).toMatchObject({ decision: 'ALLOW', finding: 'clean', hold: { total_usd: '0.0000' } });
        expect(recorded.cost).toMatchObject({ removal: true, completeness: 'unknown', monthly_delta_usd: null });
        expect(recorded.change).toMatchObject({ deletes: 1 });
      }
      expect(await replayed(sourceOf(world.journals, 'acme'))).toMatchObject({ decisions: 2, diverging: 0, hidden: 0 });
    },
  );

  it('that deletes is recorded with its members in canonical order too', async () => {
    const { recorded } = await decide({ deleted: ['pods', { kind: 'Pod', spec: { containers: [{ name: 'c' }] } }] });
    expect(outOfOrder(recorded)).toEqual([]);
  });

  it('names its user within limits, and who has no name as the API server does', async () => {
    const long = await decide({ name: 'a', username: 'u'.repeat(2000) });
    expect(long.recorded.requester.subject).toMatch(/^u{180}#[0-9a-f]{64}$/);
    expect(long.recorded.requester.groups).toEqual(['devs']);
    expect((await decide({ name: 'b', username: '' })).recorded.requester.subject).toBe('system:anonymous');
  });

  it('is a problem, not an answer, while the log takes nothing', async () => {
    await decide();
    world.journals.faults.arm('crash_before_commit', 1000);
    expect(codeOf(await review(reviewOf({ name: 'c' })))).toMatch(/^(verdict_not_durable|outcome_unknown)$/);
    expect(world.journals.faults.count('crash_before_commit')).toBeGreaterThan(0);
    world.journals.faults.clear();
    expect((await decide({ name: 'c' })).recorded.request.resource_reference).toBe('deployments.apps/shop/c');
  });
});
