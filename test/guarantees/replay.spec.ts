import { beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryJournals, type MemoryStore } from '@verdict/adapter-memory';
import type { JournalKind, RecordedEntry } from '@verdict/application';
import { formatUsd6, microUsd, payloadHash } from '@verdict/domain';
import { liveThrough } from '../replay/scenario.js';
import { replayed, sourceOf } from '../support/replay-journals.js';
import { ServiceWorld, valueOf } from '../support/service-world.js';

type Payload = Record<string, unknown>;
type Change = (kind: JournalKind, entry: RecordedEntry) => RecordedEntry;

let store: MemoryStore;
beforeAll(async () => {
  ({ store } = await liveThrough());
});
const source = (change?: Change) => sourceOf(new MemoryJournals({ store }), 'acme', change);

/** The payload of one decision, said otherwise. */
const tampered =
  (revision: bigint, change: (payload: Payload) => Payload): Change =>
  (kind, entry) =>
    kind === 'decisions' && entry.revision === revision
      ? { ...entry, payload: change(structuredClone(entry.payload) as Payload) }
      : entry;

describe('every decision is derived again from the ledger alone (G7)', () => {
  it('with the same payload, byte for byte, whatever happened in between', async () => {
    const report = await replayed(source());
    expect(report).toMatchObject({ tenantId: 'acme', diverging: 0, hidden: 0, divergences: [] });
    expect(report.decisions).toBeGreaterThan(15);
  });

  it('within a range of revisions, on the state that all before it made', async () => {
    const all = await replayed(source());
    const first = await replayed(source(), { to: 9n });
    const rest = await replayed(source(), { from: 10n });
    expect(first.decisions + rest.decisions).toBe(all.decisions);
    expect(first.decisions).toBeGreaterThan(0);
    expect([first.diverging, rest.diverging]).toEqual([0, 0]);
    expect(first.entries).toBeLessThan(all.entries);
  });

  it('reads one entry at a time of each journal, so that memory does not grow with them', async () => {
    let [open, most] = [0, 0];
    const counting = source();
    const report = await replayed({
      ...counting,
      async *read(kind, from) {
        for await (const entry of counting.read(kind, from)) {
          open += 1;
          most = Math.max(most, open);
          yield entry;
          open -= 1;
        }
      },
    });
    expect(report.entries).toBeGreaterThan(60);
    expect(most).toBeLessThanOrEqual(4);
  });
});

describe('what the gate wrote of itself is derived again from the ledger alone', () => {
  type Found = { readonly kind: JournalKind; readonly entry: RecordedEntry };
  const reactions = async (): Promise<readonly Found[]> => {
    const found: Found[] = [];
    for (const kind of ['policy', 'decisions'] as const)
      for await (const entry of source().read(kind, 0n))
        if (entry.commandId.startsWith('reaction:gate:') || entry.type === 'decision_reanswered')
          found.push({ kind, entry });
    return found;
  };
  /** Ids and times are given: the entries that they come from are in other journals, or the clock's. */
  const GIVEN: Readonly<Record<string, readonly string[]>> = {
    policy_published: ['published_at'],
    exception_granted: ['granted_at'],
    hold_voided: ['voided_at'],
    hold_expired: ['expired_at'],
    decision_reanswered: ['key', 'payload_hash', 'reanswered_at', 'stage'],
  };

  it('all of it, and no other entry is taken for such', async () => {
    const report = await replayed(source());
    const all = await reactions();
    expect([report.reactions, report.reactionsDiverging]).toEqual([all.length, 0]);
    expect(new Set(all.map(({ entry }) => entry.type))).toEqual(new Set(Object.keys(GIVEN)));
  });

  it('and whatever member of it says something else is found', async () => {
    const seen = new Set<string>();
    for (const { kind, entry } of await reactions()) {
      if (seen.has(entry.type)) continue;
      seen.add(entry.type);
      const unseen: string[] = [];
      for (const name of Object.keys(entry.payload as Payload)) {
        const change: Change = (of, each) =>
          of === kind && each.revision === entry.revision
            ? { ...each, payload: { ...(each.payload as Payload), [name]: other((each.payload as Payload)[name]) } }
            : each;
        const found = await replayed(source(change)).then(
          ({ divergences }) => divergences.some((at) => at.journal === kind && at.revision === entry.revision),
          () => true, // It cannot even be folded.
        );
        if (!found) unseen.push(name);
      }
      expect([entry.type, [...unseen].sort()]).toEqual([entry.type, GIVEN[entry.type]]);
    }
  });

  it('each once, in whichever of two ranges it lies', async () => {
    const all = await replayed(source());
    const first = await replayed(source(), { to: 9n });
    const rest = await replayed(source(), { from: 10n });
    expect(first.reactions).toBeGreaterThan(0);
    expect(first.reactions + rest.reactions).toBe(all.reactions);
  });
});

describe('a decision that says something else is found, with the place', () => {
  const decisionAt = async (): Promise<{ readonly revision: bigint; readonly payload: Payload }> => {
    for await (const { type, revision, payload } of source().read('decisions', 0n)) {
      const found = payload as Payload;
      if (type === 'decision_recorded' && found['decision'] === 'DENY') return { revision, payload: found };
    }
    throw new Error('nothing was denied');
  };

  it('a verdict', async () => {
    const { revision, payload } = await decisionAt();
    const report = await replayed(source(tampered(revision, (found) => ({ ...found, decision: 'ALLOW' }))));
    expect(report.divergences).toEqual([
      {
        ...{ journal: 'decisions', revision, type: 'decision_recorded', decisionId: payload['decision_id'] },
        ...{ kind: 'different', pointers: ['/decision'], isCut: false },
      },
    ]);
  });

  it('a reason left out, and a hold of another size', async () => {
    const { revision } = await decisionAt();
    const change = (found: Payload): Payload => ({
      ...found,
      reason_codes: (found['reason_codes'] as readonly string[]).slice(1),
      hold: { ...(found['hold'] as Payload), total_usd: '1.0000' },
    });
    const [divergence] = (await replayed(source(tampered(revision, change)))).divergences;
    expect(divergence?.pointers).toEqual(expect.arrayContaining(['/hold/total_usd', '/reason_codes/0']));
  });

  /** What a decision takes as given. Everything else follows, so a change of it alone cannot go unseen. */
  const GIVEN = new Set(['decision_id', 'salt', 'request', 'requester', 'channel']);

  it('any member but those that are given', async () => {
    const { revision, payload } = await decisionAt();
    const unseen: string[] = [];
    for (const name of Object.keys(payload)) {
      const report = await replayed(
        source(tampered(revision, (found) => ({ ...found, [name]: other(found[name]) }))),
      ).catch(() => ({ diverging: 1 }));
      if (report.diverging === 0) unseen.push(name);
    }
    expect(unseen.filter((name) => !GIVEN.has(name))).toEqual([]);
  });

  /** The newest decision of the journal: what it says changes no later one. */
  const newest = async (): Promise<bigint> => {
    let last = -1n;
    for await (const entry of source().read('decisions', 0n))
      if (entry.type === 'decision_recorded') last = entry.revision;
    return last;
  };

  it.each([
    ['the change that every release but the first records', ['change']],
    ['the uses of waivers', ['exceptions_used']],
    [
      'all that the first release did not record, behind entries that have it',
      [
        'batch',
        'challenger',
        'change',
        'channel',
        'computed_context',
        'computed_context_sha256',
        'exceptions_used',
      ].concat(['grant_use', 'obligations', 'risk', 'rules', 'rules_matched']),
    ],
  ])('a member left out: %s', async (_what, names) => {
    const revision = await newest();
    const without = (payload: Payload): Payload =>
      Object.fromEntries(Object.entries(payload).filter(([name]) => !names.includes(name)));
    const { divergences } = await replayed(source(tampered(revision, without)));
    expect(divergences.map((each) => each.revision)).toEqual([revision]);
  });

  it('a challenger that was skipped, if it has an opinion or is not the one there was; that it was skipped is given', async () => {
    let [revision, version] = [-1n, 0];
    for await (const entry of source().read('decisions', 0n)) {
      const { challenger } = entry.payload as { readonly challenger?: { readonly version: number } | null };
      if (challenger) [revision, version] = [entry.revision, challenger.version];
    }
    expect(revision).not.toBe(-1n);
    const said = async (challenger: Payload) =>
      (await replayed(source(tampered(revision, (found) => ({ ...found, challenger }))))).diverging;
    const skipped = { decision: null, evaluated: false, reason_codes: [], version };
    expect(await said(skipped)).toBe(0);
    expect(await said({ ...skipped, decision: 'DENY' })).toBe(1);
    expect(await said({ ...skipped, reason_codes: ['hard_mode_denied'] })).toBe(1);
    expect(await said({ ...skipped, version: version + 1 })).toBe(1);
    expect(await said({ ...skipped, evaluated: true })).toBe(1);
  });

  it('an amount that was changed after the fact, in whatever followed from it', async () => {
    const { revision } = await decisionAt();
    const change = (found: Payload): Payload => ({
      ...found,
      request: { ...(found['request'] as Payload), declared_monthly_delta_usd: '1.0000' },
    });
    const [divergence] = (await replayed(source(tampered(revision, change)))).divergences;
    expect(divergence?.pointers).toEqual(expect.arrayContaining(['/payload_hash', '/request_fingerprint']));
  });

  it('a limit that was another when it was decided', async () => {
    const raised: Change = (_kind, entry) =>
      entry.type === 'budget_set'
        ? { ...entry, payload: { ...(entry.payload as Payload), limit_usd: '999999.0000' } }
        : entry;
    const report = await replayed(source(raised));
    expect(report.diverging).toBeGreaterThan(0);
    expect(report.divergences[0]?.pointers.join(' ')).toContain('/balances_after/0/limit_usd');
  });

  it('an entry that was observed otherwise than its writer had', async () => {
    const blind: Change = (kind, entry) =>
      kind === 'decisions' ? { ...entry, observed: { ...entry.observed, reservations: -1 } } : entry;
    expect((await replayed(source(blind))).diverging).toBeGreaterThan(0);
  });
});

const other = (value: unknown): unknown => {
  if (typeof value === 'string') return /^\d{4}-/.test(value) ? '2026-01-01T00:00:00.000Z' : `${value}0`;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (value === null) return 'x';
  if (Array.isArray(value)) return [...value, 'x'];
  return { ...(value as Payload), x: 1 };
};

describe('an hourly amount alone, as entries of before took it', () => {
  it('derives as no claim where the entry has none among the sources of its cost, and as one where it has', async () => {
    const world = await new ServiceWorld().start();
    const claim = { method: 'declared', monthly: null, isInvalid: false } as const;
    valueOf(await world.ask('0', { claim: { ...claim, hourly: microUsd(500_000n) } }));
    expect(await replayed(sourceOf(world.journals, 'acme'))).toMatchObject({ decisions: 1, diverging: 0 });
    const { recorded } = valueOf(await world.ask('0', { claim: { ...claim, hourly: null } }));
    await world.stop();
    expect(recorded.cost.method).toBe('none');
    const request = { ...recorded.request, declared_hourly_delta_usd: formatUsd6(microUsd(500_000n)) };
    const hash = payloadHash({ tenantId: 'acme', dryRun: false, request });
    const before = sourceOf(world.journals, 'acme', (_kind, entry) =>
      entry.type === 'decision_recorded' && entry.revision === 1n
        ? { ...entry, payload: { ...recorded, request, payload_hash: hash } }
        : entry,
    );
    expect(await replayed(before)).toMatchObject({ decisions: 2, diverging: 0, hidden: 0 });
  });
});

describe('what would have been, as entries of before told it', () => {
  it('derives without its notes where the entry has no mark of them, and with them where it has', async () => {
    const world = await new ServiceWorld().start();
    await world.policy({ mode_matrix: { terraform: { default: 'shadow' } }, approval: { required: { prod: true } } });
    const { recorded } = valueOf(await world.ask('500', { environment: 'live-eu' }));
    await world.stop();
    expect(recorded.would_be).toEqual({
      ...{ decision: 'REQUIRE_APPROVAL', has_notes: true },
      reason_codes: [
        ...['approval_required', 'no_budget_configured'],
        ...['environment_unknown_strict', 'cost_declared_unverified'],
      ],
    });
    const saying = (wouldBe: object) =>
      sourceOf(world.journals, 'acme', (_kind, entry) =>
        entry.type === 'decision_recorded' ? { ...entry, payload: { ...recorded, would_be: wouldBe } } : entry,
      );
    const bare = { decision: 'REQUIRE_APPROVAL', reason_codes: ['approval_required'] };
    expect(await replayed(saying(bare))).toMatchObject({ decisions: 1, diverging: 0 });
    expect(await replayed(saying(recorded.would_be ?? {}))).toMatchObject({ decisions: 1, diverging: 0 });
    expect(await replayed(saying({ ...bare, has_notes: true }))).toMatchObject({ diverging: 1 });
  });
});
