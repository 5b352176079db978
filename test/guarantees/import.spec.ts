import { afterEach, describe, expect, it } from '@jest/globals';
import type { SentRow } from '@verdict/application';
import { computeContext, plusDays } from '@verdict/domain';
import { MONEY_ONLY, ServiceWorld, usd, valueOf } from '../support/service-world.js';

const worlds: ServiceWorld[] = [];
const open = async () => {
  const world = await new ServiceWorld().start(); // 22 November 2026.
  worlds.push(world);
  await world.policy(MONEY_ONLY);
  await world.budget('1000');
  const imports = (rows: readonly SentRow[], key: string | null = world.uuid()) =>
    world.costs.import(rows, world.meta('billing', key));
  return { world, imports };
};
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

const row = (
  day: string,
  cost: string,
  more: Readonly<Record<string, string>> = {},
  line: number | null = null,
): SentRow => {
  const cells: Readonly<Record<string, string>> = {
    ChargePeriodStart: day,
    ChargePeriodEnd: plusDays(day, 1),
    EffectiveCost: cost,
    BillingCurrency: 'USD',
    ServiceName: 'compute',
    x_project_id: 'web',
    x_environment: 'prod',
    x_status: 'final',
    ...more,
  };
  return { line, cell: (column) => cells[column] };
};
const mtdOf = async (world: ServiceWorld) => {
  await world.settle();
  const { state } = await world.gate.caughtUp('acme');
  const settings = { spikeAbsolute: usd('100'), spikePercent: 30, maxDataAgeDays: 3 };
  return computeContext(state.costDays, { scope: { kind: 'tenant' }, now: world.clock.now(), settings }).mtd;
};

describe('the import of actual cost', () => {
  it('counts a row that is imported again once, by what it says last', async () => {
    const { world, imports } = await open();
    const first = valueOf(await imports([row('2026-11-20', '10'), row('2026-11-21', '5')]));
    expect(first).toMatchObject({ accepted: 2, replaced: 0, isReplayed: false });
    const second = valueOf(await imports([row('2026-11-20', '7'), row('2026-11-20', '1', { ResourceId: 'i-1' })]));
    expect(second).toMatchObject({ accepted: 2, replaced: 1 });
    expect(await mtdOf(world)).toBe(usd('13'));
    const twice = valueOf(await imports([row('2026-11-21', '6'), row('2026-11-21', '8')]));
    expect(twice).toMatchObject({ accepted: 2, replaced: 2 });
    expect(await mtdOf(world)).toBe(usd('16'));
  });

  it('takes a thousand rows in one append, and answers its key again from it', async () => {
    const { world, imports } = await open();
    const rows = Array.from({ length: 1000 }, (_, index) =>
      row('2026-11-20', '0.5', { ResourceId: `i-${String(index)}` }),
    );
    const first = valueOf(await imports(rows, 'key-1'));
    expect(first.accepted).toBe(1000);
    const again = valueOf(await imports(rows, 'key-1'));
    expect(again).toEqual({ ...first, isReplayed: true });
    expect(await mtdOf(world)).toBe(usd('500'));
    expect(await imports(rows.slice(1), 'key-1')).toMatchObject({ problem: { code: 'idempotency_conflict' } });
    expect(await imports([...rows, ...rows])).toMatchObject({ problem: { code: 'validation_failed' } });
    expect(await imports([])).toMatchObject({ problem: { code: 'validation_failed' } });
    expect(await imports(rows, null)).toMatchObject({ problem: { code: 'idempotency_key_required' } });
  });

  it('takes all rows or none, and lists the first fifty defects with line and column', async () => {
    const { world, imports } = await open();
    const bad = await imports([row('2026-11-20', '10', {}, 2), row('2026-11-20', 'NaN', { x_status: 'maybe' }, 3)]);
    expect(bad).toMatchObject({
      problem: {
        code: 'validation_failed',
        errors: [
          {
            pointer: '/rows/1/EffectiveCost',
            code: 'money_invalid',
            detail: expect.stringMatching(/^line 3, column EffectiveCost: /),
          },
          {
            pointer: '/rows/1/x_status',
            code: 'validation_failed',
            detail: expect.stringMatching(/^line 3, column x_status: /),
          },
        ],
      },
    });
    expect(await mtdOf(world)).toBe(0n);
    const many = await imports(Array.from({ length: 60 }, () => row('2026-11-20', 'x')));
    expect(many.kind === 'problem' && many.problem.errors?.length).toBe(50);
    expect(await imports([row('2026-11-20', '1', { BillingCurrency: 'EUR' })])).toMatchObject({
      problem: { code: 'currency_unsupported' },
    });
  });

  it('reconciles the decisions that rows name, once, and says which it could not', async () => {
    const { world, imports } = await open();
    const held = valueOf(await world.ask('100')).recorded.decision_id;
    const settled = valueOf(await world.ask('50')).recorded.decision_id;
    await world.settle();
    const actual = (id: string, amount: string) => ({ x_decision_id: id, x_actual_monthly_delta_usd: amount });
    const settle = {
      decisionId: settled,
      actual: usd('50'),
      notes: null,
      isCorrection: false,
      trigger: 'manual',
    } as const;
    valueOf(await world.reconcile(settle, world.meta('admin-1')));
    const rows = [
      row('2026-11-20', '3', actual(held, '120')),
      row('2026-11-21', '4', actual(held, '120')),
      row('2026-11-21', '1', actual(settled, '60')),
    ];
    const first = valueOf(await imports(rows, 'key-1'));
    expect(first.reconciled).toEqual([
      { decisionId: held, status: 'overage', code: null },
      { decisionId: settled, status: null, code: 'reservation_already_settled' },
    ]);
    expect(valueOf(await imports(rows, 'key-1')).reconciled).toEqual(first.reconciled);
    const unknown = await imports([row('2026-11-20', '3', actual('00000000-0000-7000-8000-0000000fffff', '1'))]);
    expect(unknown).toMatchObject({ problem: { errors: [{ pointer: '/rows/0/x_decision_id', code: 'not_found' }] } });
    const torn = await imports([row('2026-11-20', '3', actual(held, '1')), row('2026-11-20', '3', actual(held, '2'))]);
    expect(torn).toMatchObject({ problem: { errors: [{ pointer: '/rows/1/x_actual_monthly_delta_usd' }] } });
  });
});
