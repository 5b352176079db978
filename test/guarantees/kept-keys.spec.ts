import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryStore } from '@verdict/adapter-memory';
import { journalName, type SentRow, type UseCaseResult } from '@verdict/application';
import { type ApprovalId, approvalIdOf, type DecisionId, type KeyAnswers, progressOf } from '@verdict/domain';
import type { Memory } from '../support/remembering.js';
import { MONEY_ONLY, ServiceWorld, usd, valueOf } from '../support/service-world.js';

const HOUR_MS = 3_600_000;
const SMALL: Memory = { answersKept: 1 };
const worlds: ServiceWorld[] = [];

/** A process over the store; it remembers one or two answers of each service. */
const open = async (like?: ServiceWorld, memory: Memory = SMALL): Promise<ServiceWorld> => {
  const more = like === undefined ? {} : { store: like.journals.store, clock: like.clock };
  const world = new ServiceWorld({ store: new MemoryStore(), ...more, ...memory, idsFrom: worlds.length * 1_000_000 });
  worlds.push(world);
  return world.start();
};
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

const NOTES = 'fine with me, go ahead';
const TWO_AGREE: typeof MONEY_ONLY = {
  ...MONEY_ONLY,
  approval: {
    required: { prod: true, nonprod: false },
    routing: [
      {
        id: 'two',
        enabled: true,
        match: { projects: ['two'] },
        effect: 'require',
        require: { id: 'peers', quorum: 2, roles: ['approver'], groups: [], subjects: [], deny_quorum: 1 },
        overrides: {},
      },
    ],
  },
};

/** A decision of web waits for one approval, one of the project two for two. */
const waiting = async (world: ServiceWorld, projectId = 'web') => {
  const { recorded } = valueOf(
    await world.ask('50', { projectId, resourceReference: world.uuid(), justification: 'the season begins' }),
  );
  await world.settle();
  return { decisionId: recorded.decision_id, approvalId: approvalIdOf(recorded.approval!.approval_id) };
};
const vote = (world: ServiceWorld, approvalId: ApprovalId, subject: string, key: string | null, more = {}) =>
  world.manage.vote(
    { approvalId, vote: 'approve', stageId: null, notes: NOTES, ticket: null, ...more },
    world.meta(subject, key),
  );
const granted = async (world: ServiceWorld) => {
  const { approvalId, decisionId } = await waiting(world);
  const { approval, token } = valueOf(await vote(world, approvalId, 'lead-1', null));
  const { binding } = approval.requested;
  const use = {
    token: token!.text,
    source: binding.source,
    projectId: binding.project_id,
    environment: 'prod',
    requestFingerprint: binding.request_fingerprint,
    resourceReference: binding.resource_reference,
    monthly: null,
    hourly: null,
  };
  return { approvalId, decisionId, use };
};
const held = async (world: ServiceWorld, amount = '50'): Promise<DecisionId> => {
  const { recorded } = valueOf(await world.ask(amount, { environment: 'dev', resourceReference: world.uuid() }));
  await world.settle();
  return recorded.decision_id;
};
const settle = (world: ServiceWorld, decisionId: DecisionId, amount: string, key: string | null, more = {}) =>
  world.reconcile(
    { decisionId, actual: usd(amount), notes: null, isCorrection: false, trigger: 'manual', ...more },
    world.meta('admin-1', key),
  );
const sweep = (world: ServiceWorld, key: string | null, more = {}) =>
  world.sweeper.sweep({ olderThanSeconds: null, action: null, limit: 1, ...more }, world.meta('op', key));
const row = (cost: string): SentRow => {
  const cells: Readonly<Record<string, string>> = {
    ChargePeriodStart: '2026-11-20',
    ChargePeriodEnd: '2026-11-21',
    EffectiveCost: cost,
    BillingCurrency: 'USD',
    ServiceName: 'compute',
    x_project_id: 'web',
    x_environment: 'prod',
    x_status: 'final',
  };
  return { line: null, cell: (column) => cells[column] };
};
const costs = (world: ServiceWorld, cost: string, key: string) =>
  world.costs.import([row(cost)], world.meta('billing', key));

/** What the outside sees of an approval's change, without the token, which is shown once. */
const shown = (result: Awaited<ReturnType<ServiceWorld['manage']['vote']>>): UseCaseResult<unknown> => {
  if (result.kind === 'problem') return result;
  const { approval, entry, isReplayed } = result.value;
  const { status, approvalId, decisionId, useBy } = approval;
  return {
    kind: 'done',
    value: { status, approvalId, decisionId, useBy, progress: progressOf(approval), entry, isReplayed },
  };
};

interface Keyed {
  readonly kind: 'approvals' | 'reservations';
  /** Makes what the command is about, and the command itself. */
  readonly prepare: (world: ServiceWorld) => Promise<(process: ServiceWorld) => Promise<UseCaseResult<unknown>>>;
  /** What happens in between, apart from other keys. */
  readonly meanwhile?: (world: ServiceWorld) => Promise<void>;
  /** The same key for something else. */
  readonly other: (process: ServiceWorld) => Promise<UseCaseResult<unknown>>;
  readonly fields: readonly string[];
}

let about: { readonly approvalId: ApprovalId; readonly decisionId: DecisionId };
const another = '00000000-0000-7000-8000-00000000ffff';

const COMMANDS: Readonly<Record<string, Keyed>> = {
  'the filing of a request': {
    kind: 'approvals',
    prepare: async (world) => {
      about = await waiting(world);
      const { decisionId } = about;
      return async (process) =>
        shown(
          await process.manage.file({ decisionId, justification: 'needed', ticket: 'T-1' }, process.meta('dev-2', 'k')),
        );
    },
    meanwhile: async (world) => {
      valueOf(await vote(world, about.approvalId, 'lead-1', null));
    },
    other: (process) =>
      process.manage.file(
        { decisionId: about.decisionId, justification: 'another', ticket: 'T-1' },
        process.meta('dev-2', 'k'),
      ),
    fields: ['/justification'],
  },
  'a vote that settled nothing': {
    kind: 'approvals',
    prepare: async (world) => {
      about = await waiting(world, 'two');
      const { approvalId } = about;
      return async (process) => shown(await vote(process, approvalId, 'lead-1', 'k'));
    },
    meanwhile: async (world) => {
      valueOf(await vote(world, about.approvalId, 'lead-2', null));
    },
    other: (process) => vote(process, about.approvalId, 'lead-1', 'k', { vote: 'deny' }),
    fields: ['/operation'],
  },
  'the vote that granted': {
    kind: 'approvals',
    prepare: async (world) => {
      about = await waiting(world);
      const { approvalId } = about;
      return async (process) => shown(await vote(process, approvalId, 'lead-1', 'k'));
    },
    meanwhile: async (world) => {
      valueOf(await world.manage.withdraw(about.approvalId, world.meta('dev-1')));
    },
    other: (process) => vote(process, about.approvalId, 'lead-1', 'k', { notes: 'another', ticket: 'T-2' }),
    fields: ['/ticket', '/notes'],
  },
  'a withdrawal': {
    kind: 'approvals',
    prepare: async (world) => {
      about = await waiting(world);
      const { approvalId } = about;
      return async (process) => shown(await process.manage.withdraw(approvalId, process.meta('dev-1', 'k')));
    },
    other: (process) => process.manage.withdraw(approvalIdOf(another), process.meta('dev-1', 'k')),
    fields: ['/approval_id'],
  },
  'a token issued again': {
    kind: 'approvals',
    prepare: async (world) => {
      about = await granted(world);
      const { approvalId } = about;
      return async (process) => shown(await process.manage.reissue(approvalId, process.meta('dev-1', 'k')));
    },
    other: (process) => process.manage.reissue(approvalIdOf(another), process.meta('dev-1', 'k')),
    fields: ['/approval_id'],
  },
  'the use of a token': {
    kind: 'approvals',
    prepare: async (world) => {
      const { use, ...rest } = await granted(world);
      about = rest;
      return async (process) => {
        const result = await process.consume.consume(use, process.meta('dev-1', 'k'));
        if (result.kind === 'problem') return result;
        const { approval, ...value } = result.value;
        return { kind: 'done', value: { ...value, requested: approval.requested } };
      };
    },
    other: async (process) => {
      const { requested } = (await process.manage.known('acme', about.approvalId)) ?? {};
      return process.consume.consume(
        {
          token: 'no token at all',
          source: 'terraform',
          projectId: 'web',
          environment: 'prod',
          requestFingerprint: requested?.binding.request_fingerprint ?? '',
          resourceReference: requested?.binding.resource_reference ?? '',
          monthly: null,
          hourly: null,
        },
        process.meta('dev-1', 'k'),
      );
    },
    fields: ['/approval_token', '/expected_request_fingerprint', '/expected_resource_reference'],
  },
  'a settlement': {
    kind: 'reservations',
    prepare: async (world) => {
      about = { decisionId: await held(world), approvalId: approvalIdOf(another) };
      const { decisionId } = about;
      return (process) => settle(process, decisionId, '48', 'k');
    },
    meanwhile: async (world) => {
      valueOf(await settle(world, about.decisionId, '60', null, { isCorrection: true }));
    },
    other: (process) => settle(process, about.decisionId, '49', 'k'),
    fields: ['/actual_monthly_delta_usd'],
  },
  'a correction': {
    kind: 'reservations',
    prepare: async (world) => {
      about = { decisionId: await held(world), approvalId: approvalIdOf(another) };
      const { decisionId } = about;
      valueOf(await settle(world, decisionId, '48', null));
      return (process) => settle(process, decisionId, '55', 'k', { isCorrection: true });
    },
    meanwhile: async (world) => {
      valueOf(await settle(world, about.decisionId, '60', null, { isCorrection: true }));
    },
    other: (process) => settle(process, about.decisionId, '55', 'k'),
    fields: ['/correction'],
  },
  'a sweep': {
    kind: 'reservations',
    prepare: async (world) => {
      await held(world);
      await held(world);
      world.clock.advance(25 * HOUR_MS);
      return (process) => sweep(process, 'k');
    },
    other: (process) => sweep(process, 'k', { limit: 7, action: 'release' }),
    fields: ['/limit', '/action'],
  },
  'an import': {
    kind: 'reservations',
    prepare: () => Promise.resolve((process) => costs(process, '10', 'k')),
    meanwhile: async (world) => {
      valueOf(await costs(world, '12', 'later'));
    },
    other: (process) => costs(process, '11', 'k'),
    fields: ['/rows'],
  },
  'the resolution of an exception': {
    kind: 'reservations',
    prepare: async (world) => {
      const decisionId = await held(world);
      valueOf(await settle(world, decisionId, '90', null));
      const input = { exceptionId: `overage:${decisionId}`, resolution: 'accepted', notes: 'known' } as const;
      about = { decisionId, approvalId: approvalIdOf(another) };
      return (process) => process.resolve(input, process.meta('admin-1', 'k'));
    },
    other: (process) =>
      process.resolve(
        { exceptionId: `overage:${about.decisionId}`, resolution: 'disputed', notes: 'known' },
        process.meta('admin-1', 'k'),
      ),
    fields: ['/resolution'],
  },
};

const answersOf = async (world: ServiceWorld, kind: Keyed['kind']): Promise<KeyAnswers> =>
  (await (kind === 'approvals' ? world.approvals : world.reconciliation).caughtUp('acme')).state.answers;

/** Uses so many other keys of the service that what was answered before has left memory. */
const pushOut = async (world: ServiceWorld, kind: Keyed['kind']): Promise<void> => {
  for (let count = 0; count < 6; count += 1) {
    if (kind === 'reservations') valueOf(await sweep(world, world.uuid(), { olderThanSeconds: 604_800 }));
    else valueOf(await world.manage.withdraw((await waiting(world)).approvalId, world.meta('dev-1', world.uuid())));
  }
  const { kept, forgottenUpTo } = await answersOf(world, kind);
  expect(forgottenUpTo).toBeGreaterThanOrEqual(0n);
  expect([...kept.recent.keys(), ...kept.older.keys()].filter((key) => key.endsWith('\nk'))).toEqual([]);
};

const start = async (): Promise<ServiceWorld> => {
  const world = await open();
  await world.policy(TWO_AGREE);
  await world.budget('100000');
  return world;
};
const headOf = (world: ServiceWorld, kind: Keyed['kind']) => world.journals.store.head(journalName(kind, 'acme'));

/** The process itself, one that begins with its snapshot, and one that folds all of it and remembers as much as usual. */
const processes = async (world: ServiceWorld): Promise<readonly ServiceWorld[]> => {
  await Promise.all([world.approvals.stop(), world.reconciliation.stop()]); // Keeps snapshots.
  return [world, await open(world), await open(world, {})];
};

describe.each(Object.entries(COMMANDS))('the key of %s', (_, { kind, prepare, meanwhile, other, fields }) => {
  const answeredLongAgo = async () => {
    const world = await start();
    const command = await prepare(world);
    const first = await command(world);
    await meanwhile?.(world);
    await pushOut(world, kind);
    return { world, command, first };
  };

  it('gets its first answer again when it has left memory, in every process, and writes nothing', async () => {
    const { world, command, first } = await answeredLongAgo();
    const head = headOf(world, kind);
    for (const process of await processes(world))
      expect(await command(process)).toEqual({
        kind: 'done',
        value: { ...(valueOf(first) as object), isReplayed: true },
      });
    expect(headOf(world, kind)).toBe(head);
  });

  it('stands for nothing else when it has left memory, and what differs is named', async () => {
    const { world } = await answeredLongAgo();
    const head = headOf(world, kind);
    for (const process of await processes(world)) {
      expect(await other(process)).toMatchObject({
        kind: 'problem',
        problem: { code: 'idempotency_conflict', extra: { differing_fields: expect.arrayContaining([...fields]) } },
      });
    }
    expect(headOf(world, kind)).toBe(head);
  });

  it('gets its first answer from a process that has yet to hear that the key was used, and forgotten', async () => {
    const world = await start();
    const command = await prepare(world);
    const late = new ServiceWorld({ store: world.journals.store, clock: world.clock, idsFrom: 9_000_000, ...SMALL });
    const known = await Promise.all([late.approvals.current('acme'), late.reconciliation.current('acme')]);
    expect(known.map(({ state }) => state.answers.forgottenUpTo)).toEqual([-1n, -1n]);
    const first = await command(world);
    await meanwhile?.(world);
    await pushOut(world, kind);
    const head = headOf(world, kind);
    expect(await command(late)).toEqual({ kind: 'done', value: { ...(valueOf(first) as object), isReplayed: true } });
    expect(headOf(world, kind)).toBe(head);
    await late.stop();
  });
});
