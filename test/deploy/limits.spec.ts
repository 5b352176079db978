import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { EXPORTS_RUNNING_MAX, PLAN_BYTES_MAX } from '@verdict/application';
import { type RouteContract, ROUTES } from '@verdict/contracts';
import { BUDGETS_MAX, CREDITS_MAX, INTEGRATIONS_MAX, WAIVERS_MAX } from '@verdict/domain';
import { BODY_BYTES_MAX, DEFAULT_QUOTAS } from '@verdict/nest-kit';
import { REPOSITORY } from '../support/e2e/processes.js';

const MIB = 1024 * 1024;
const QUOTAS = 'libs/nest-kit/src/quotas/quotas.int.ts';
const MONEY = 'libs/domain/src/policy/administration.spec.ts';

/** Every limit of contract section 16: the figure, what this release has, and the test that goes beyond it, by its title. */
const LIMITS: readonly (readonly [limit: string, wanted: number, has: number, file: string, title: string])[] = [
  ['body', 256 * 1024, BODY_BYTES_MAX, 'test/support/codes/problem-rows.ts', 'a body is larger than the route takes'],
  [
    'body of a review',
    3 * MIB,
    ROUTES.reviewAdmission.bodyBytesMax,
    'test/e2e/admission-edge.e2e.ts',
    'a review of up to 3 MiB is read, and a larger one is not',
  ],
  ['plan of a run task', 10 * MIB, PLAN_BYTES_MAX, 'test/e2e/run-task.e2e.ts', 'is larger than 10 MiB'],
  [
    'gate, a second',
    200,
    DEFAULT_QUOTAS.VERDICT_QUOTA_GATE_PER_SECOND,
    QUOTAS,
    'is the tenant: what one has used up another still has',
  ],
  [
    'gate, burst',
    400,
    DEFAULT_QUOTAS.VERDICT_QUOTA_GATE_BURST,
    'test/e2e/fairness.e2e.ts',
    'lets the loud one have its rate and its burst and no more, and says when to come back',
  ],
  [
    'gate, lowered by policy',
    1,
    1,
    'test/support/codes/problem-rows.ts',
    'the policy of the tenant lets fewer through than ask',
  ],
  [
    'in flight',
    512,
    DEFAULT_QUOTAS.VERDICT_GATE_IN_FLIGHT,
    QUOTAS,
    'wait in turns of their tenants, and only the tenant whose line is full is refused',
  ],
  [
    'waiting, a tenant',
    128,
    DEFAULT_QUOTAS.VERDICT_GATE_WAITING,
    'libs/application/src/quotas/fair-queue.property.ts',
    'refuses the tenant whose line is full, and nobody else',
  ],
  ['consume, a minute', 120, DEFAULT_QUOTAS.VERDICT_QUOTA_CONSUME_PER_MINUTE, QUOTAS, 'of consume is the subject'],
  [
    'admin writes, a minute',
    120,
    DEFAULT_QUOTAS.VERDICT_QUOTA_ADMIN_WRITES_PER_MINUTE,
    QUOTAS,
    'of administration and of reads is the tenant, each of its own',
  ],
  [
    'reads, a second',
    50,
    DEFAULT_QUOTAS.VERDICT_QUOTA_READS_PER_SECOND,
    QUOTAS,
    'of administration and of reads is the tenant, each of its own',
  ],
  [
    'exports running',
    2,
    EXPORTS_RUNNING_MAX,
    'libs/adapter-postgres/src/audit/audit-store.int.ts',
    "['busy', 'busy', 'created']",
  ],
  ['budgets', 5000, BUDGETS_MAX, MONEY, 'is one of 5000 at most that are open'],
  ['credit grants', 5000, CREDITS_MAX, MONEY, 'CREDITS_MAX'],
  ['waivers', 500, WAIVERS_MAX, MONEY, 'is one of 500 at most that have not ended'],
  ['integrations', 100, INTEGRATIONS_MAX, 'libs/domain/src/policy/integrations.spec.ts', 'INTEGRATIONS_MAX'],
];

/** What takes more than 256 KiB, and why: ADR 17. */
const LARGER_BODIES = {
  gateTerraform: 4 * MIB, // A plan.
  gatePreflight: 4 * MIB,
  gateBatch: 4 * MIB,
  reviewAdmission: 3 * MIB, // Two objects.
  reviewAdmissionBySegment: 3 * MIB,
  importCosts: MIB, // 1,000 rows.
};

describe('the limit of contract section 16', () => {
  it('on bodies is 256 KiB for every route that carries no evidence, objects or rows', () => {
    const routes: readonly RouteContract[] = Object.values(ROUTES);
    const larger = routes.flatMap(({ id, bodyBytesMax }) => (bodyBytesMax === undefined ? [] : [[id, bodyBytesMax]]));
    expect(Object.fromEntries(larger)).toEqual(LARGER_BODIES);
  });

  it.each(LIMITS)('"%s" is %d, and a test goes beyond it', (_limit, wanted, has, file, title) => {
    expect(has).toBe(wanted);
    expect(readFileSync(REPOSITORY + file, 'utf8')).toContain(title);
  });
});
