import { describe, expect, it } from '@jest/globals';
import type { ApprovalId } from '../shared/brand.js';
import { caller, DomainWorld, policyWith, TENANT, usd, keyed } from '../../../../test/support/domain-world.js';
import type { ConsumeCode } from './consume-codes.js';
import type { ConsumeToken, ExpectedBinding, TokenClaims } from './consume.js';

const granted = (consumer: 'creator' | 'project' | 'member' = 'project') => {
  const world = new DomainWorld(policyWith({ approval: { required: { prod: true }, consumer } }));
  const recorded = world.ask('200', { subject: 'pipeline', onBehalfOf: 'ana' });
  world.settle();
  const approvalId = recorded.approval?.approval_id ?? ('' as ApprovalId);
  world.vote(approvalId, 'cy');
  world.settle();
  const claims = world.claims(approvalId);
  const use = (
    changes: Partial<TokenClaims> = {},
    more: Partial<ConsumeToken> & { readonly key?: string | null } = {},
  ) => world.consume(world.consumption({ ...claims, ...changes }, { caller: caller('pipeline'), ...more }));
  return { world, recorded, approvalId, claims, use };
};
type World = ReturnType<typeof granted>;
const code = (result: ReturnType<World['use']>): string => {
  if (result.kind !== 'accepted') return result.kind;
  const entry = result.entries[0];
  return entry?.type === 'token_refused' ? entry.payload.code : (entry?.type ?? 'nothing');
};
const expecting = ({ world, claims }: World, change: Partial<ExpectedBinding>): Partial<ConsumeToken> => {
  const { expected } = world.consumption(claims);
  return expected === null ? {} : { expected: { ...expected, ...change } };
};

/** Contract 11.4, row by row. Each case also breaks every later row it can, so that the order is tested, too. */
const ROWS: readonly (readonly [string, ConsumeCode, (given: World) => ReturnType<World['use']>])[] = [
  [
    '1 a request that is not even one',
    'validation_failed',
    ({ use }) => use({}, { token: { kind: 'unreadable', code: 'validation_failed' }, expected: null }),
  ],
  [
    '2 a token of no form',
    'token_malformed',
    ({ use }) => use({}, { token: { kind: 'unreadable', code: 'token_malformed' } }),
  ],
  [
    '2 a key nobody knows',
    'token_key_unknown',
    ({ use }) => use({}, { token: { kind: 'unreadable', code: 'token_key_unknown' } }),
  ],
  [
    '2 a bad signature',
    'token_signature_invalid',
    ({ use }) => use({}, { token: { kind: 'unreadable', code: 'token_signature_invalid' } }),
  ],
  [
    '2 claims for somebody else',
    'token_claims_invalid',
    ({ use }) => use({}, { token: { kind: 'unreadable', code: 'token_claims_invalid' } }),
  ],
  ['3 another tenant', 'token_tenant_mismatch', ({ use }) => use({ tenantId: 'globex', expiresAtMs: 0 })],
  [
    '4 expired, to the millisecond',
    'token_expired',
    ({ use, claims }) => use({ approvalId: 'none' }, { nowMs: claims.expiresAtMs }),
  ],
  [
    '5 an approval that is not there',
    'approval_not_found',
    ({ use }) => use({ approvalId: 'none' }, { caller: caller('eve') }),
  ],
  ['5 another decision', 'approval_not_found', ({ use }) => use({ decisionId: 'none' }, { caller: caller('eve') })],
  [
    '6 a stranger',
    'consumer_not_permitted',
    ({ use }) => use({ jti: 'old' }, { caller: caller('eve', { projects: ['api'] }) }),
  ],
  [
    '7 a superseded token',
    'token_superseded',
    (given) => given.use({ jti: 'old' }, expecting(given, { source: 'k8s_admission' })),
  ],
  [
    '7 a used one',
    'token_replayed',
    (given) => {
      given.use();
      return given.use({}, expecting(given, { source: 'k8s_admission' }));
    },
  ],
  [
    '8 past the use-by',
    'approval_expired',
    (given) => {
      given.world.pass(14_400);
      return given.use({ expiresAtMs: Number.MAX_SAFE_INTEGER }, expecting(given, { source: 'x' }));
    },
  ],
  [
    '8 withdrawn',
    'approval_not_active',
    (given) => {
      given.world.approve({
        kind: 'withdraw',
        approvalId: given.approvalId,
        caller: caller('ana'),
        now: given.world.now,
        idempotency: keyed(null),
      });
      return given.use({}, expecting(given, { source: 'x' }));
    },
  ],
  [
    '9 another source',
    'binding_source_mismatch',
    (given) => given.use({}, expecting(given, { source: 'cloud_event', projectId: 'x' })),
  ],
  [
    '9 another project',
    'binding_project_mismatch',
    (given) => given.use({}, expecting(given, { projectId: 'x', environmentLabel: 'x' })),
  ],
  [
    '9 another environment',
    'binding_environment_mismatch',
    (given) => given.use({}, expecting(given, { environmentLabel: 'x', requestFingerprint: 'x' })),
  ],
  ['9 another class', 'binding_environment_mismatch', ({ use }) => use({ environmentClass: 'nonprod' })],
  [
    '9 another fingerprint',
    'binding_fingerprint_mismatch',
    (given) => given.use({}, expecting(given, { requestFingerprint: 'x', resourceReference: 'x' })),
  ],
  [
    '9 another resource',
    'binding_resource_mismatch',
    (given) => given.use({}, expecting(given, { resourceReference: 'x', monthly: usd('999') })),
  ],
  [
    '9 a claim that is not the recorded decision',
    'binding_resource_mismatch',
    ({ use }) => use({ resourceReference: 'x' }),
  ],
  [
    '9 a larger month',
    'binding_cost_exceeded',
    (given) => given.use({}, expecting(given, { monthly: usd('200.0001') })),
  ],
  ['9 a larger hour', 'binding_cost_exceeded', (given) => given.use({}, expecting(given, { hourly: usd('0.2741') }))],
];

describe('consuming a token', () => {
  it.each(ROWS)('row %s: %s', (_row, expected, attempt) => {
    const given = granted();
    expect(code(attempt(given))).toBe(expected);
  });

  it.each(ROWS)('row %s leaves a refusal in the ledger, and nothing else changes', (_row, expected, attempt) => {
    const given = granted();
    const result = attempt(given);
    if (result.kind !== 'accepted') throw new Error(result.kind);
    expect(result.entries).toHaveLength(1);
    expect(result.entries[0]).toMatchObject({
      type: 'token_refused',
      payload: { code: expected, refused_at: given.world.now },
    });
    expect(given.world.log.at(-1)?.entry).toBe(result.entries[0]);
  });

  it('succeeds once everything is right, with costs at the caps', () => {
    const given = granted();
    expect(code(given.use({}, expecting(given, { monthly: usd('200'), hourly: usd('0.2739') })))).toBe(
      'token_consumed',
    );
    expect(given.world.approvals.approvals.get(given.approvalId)?.status).toBe('consumed');
  });

  it('tells the ledger nothing of a token of another tenant', () => {
    const { use } = granted();
    expect(use({ tenantId: 'globex' })).toMatchObject({
      entries: [{ payload: { approval_id: null, decision_id: null, jti: null } }],
    });
  });

  it('succeeds for exactly one of a thousand, and each of the others is an entry', () => {
    const { use, world } = granted();
    const before = world.log.length;
    const codes = Array.from({ length: 1000 }, () => code(use()));
    expect(codes.filter((each) => each === 'token_consumed')).toHaveLength(1);
    expect(codes.filter((each) => each === 'token_replayed')).toHaveLength(999);
    expect(world.log).toHaveLength(before + 1000);
  });

  it('answers its own key again with the first success and writes nothing, even when the token has expired since', () => {
    const { use, world } = granted();
    expect(code(use({}, { key: 'k' }))).toBe('token_consumed');
    const revision = BigInt(world.log.filter(({ journal }) => journal === 'approvals').length - 1);
    const entries = world.log.length;
    expect(use({}, { key: 'k' })).toEqual({ kind: 'replay', revision });
    world.pass(20_000);
    expect(use({}, { key: 'k' })).toEqual({ kind: 'replay', revision });
    expect(world.log).toHaveLength(entries);
    expect(code(use({}, { key: 'another' }))).toBe('token_expired');
  });

  it('refuses a key that used another token before, and writes nothing', () => {
    const { world, use } = granted();
    use({}, { key: 'k' });
    const second = world.ask('300', { subject: 'pipeline' });
    world.settle();
    const approvalId = second.approval?.approval_id ?? ('' as ApprovalId);
    world.vote(approvalId, 'cy');
    const entries = world.log.length;
    const again = world.consume(world.consumption(world.claims(approvalId), { key: 'k', caller: caller('pipeline') }));
    expect(again).toMatchObject({ kind: 'refused', refusal: { code: 'idempotency_conflict' } });
    expect(world.log).toHaveLength(entries);
  });

  it.each([
    ['creator', 'pipeline', null, true],
    ['creator', 'ana', null, true],
    ['creator', 'eve', ['web'], false],
    ['project', 'eve', ['web'], true],
    ['project', 'eve', ['api'], false],
    ['project', 'eve', null, false],
    ['member', 'eve', ['api'], true],
  ] as const)('with consumer %s, %s of projects %j may: %s', (consumer, subject, projects, isPermitted) => {
    const { use } = granted(consumer);
    expect(code(use({}, { caller: caller(subject, { projects }), tenantId: TENANT }))).toBe(
      isPermitted ? 'token_consumed' : 'consumer_not_permitted',
    );
  });
});
