import { describe, expect, it } from '@jest/globals';
import { DomainWorld, keyed, policyWith } from '../../../../test/support/domain-world.js';
import { jcsText } from '../shared/jcs.js';
import { sha256Hex } from '../shared/sha256.js';
import { adminKey, askedToClose } from './admin-operations.js';
import type { PolicyEntry } from './policy.entries.js';
import { evolvePolicy, noPolicy } from './policy.state.js';

const K = 'run-1234';
const TEXT = policyWith({ mode: 'shadow' });

const publish = (world: DomainWorld, message: string) =>
  world.administer({
    ...{ kind: 'publish_policy', document: TEXT, documentSha256: sha256Hex(JSON.stringify(TEXT)), message },
    ...{ effectiveFrom: null, rollout: null, role: 'active', author: 'ana', now: world.now },
    expectedVersion: world.policyTag(),
    idempotency: keyed(K, { publish: message }),
  });
const rollBack = (world: DomainWorld, message: string) =>
  world.administer({
    ...{ kind: 'roll_back_policy', toVersion: 1, message, author: 'ana', now: world.now },
    expectedVersion: world.policyTag(),
    idempotency: keyed(K, { rollback: message }),
  });

/** What can be done to a budget under the key K; each time with the version that it has. */
const budgetOps = (world: DomainWorld) => {
  const { budgetId, result } = world.setBudget('10', { idempotency: keyed(K, { create: 1 }) });
  const expectedVersion = () => String(world.gate.policy.budgets.get(budgetId)?.terms.version);
  return {
    budgetId,
    created: result,
    update: (limit: string, more: object = {}) =>
      world.changeBudget(budgetId, limit, { idempotency: keyed(K, { update: limit }), ...more }),
    close: () =>
      world.changeBudget(budgetId, '10', {
        change: { kind: 'close', expectedVersion: expectedVersion() },
        isActive: false,
        idempotency: { key: K, payload_hash: sha256Hex(jcsText(askedToClose(budgetId))) },
      }),
  };
};

const integration = (
  world: DomainWorld,
  kind: 'rotate_integration_secret' | 'retire_integration_secret' | 'revoke_integration',
) =>
  world.administer({
    ...{ kind, integrationId: 'int-1', proofs: [], hmacKey: null, previousValidUntil: null },
    ...{ author: 'ana', now: world.now, idempotency: keyed(K, kind) },
  });
const createIntegration = (world: DomainWorld) =>
  world.administer({
    ...{ kind: 'create_integration', integrationId: 'int-1', name: 'one', proofs: [], hmacKey: null },
    terms: { kind: 'run_task', address: 'https://x.test', project_rules: [], allow_private_address: false },
    ...{ author: 'ana', now: world.now, idempotency: keyed(K, 'create') },
  });

const WRITTEN = { kind: 'accepted', entries: [expect.anything()] };
const REPEATED = { kind: 'accepted', entries: [] };
const CONFLICT = { refusal: { code: 'idempotency_conflict' } };

describe('the key of an administrator is bound within its operation, so', () => {
  it('one that published may roll back, and each is repeated by its own command alone', () => {
    const world = new DomainWorld();
    expect([publish(world, 'm'), rollBack(world, 'm')]).toMatchObject([WRITTEN, WRITTEN]);
    expect([publish(world, 'm'), rollBack(world, 'm')]).toEqual([REPEATED, REPEATED]);
    expect([publish(world, 'other'), rollBack(world, 'other')]).toMatchObject([CONFLICT, CONFLICT]);
  });

  it('one that created a budget may change and close it, and each is repeated by its own command alone', () => {
    const world = new DomainWorld();
    const { created, update, close } = budgetOps(world);
    expect([created, update('20'), close()]).toMatchObject([WRITTEN, WRITTEN, WRITTEN]);
    expect([update('20'), close()]).toEqual([REPEATED, REPEATED]);
    expect(update('30')).toMatchObject(CONFLICT);
  });

  it('one of a change that closes a budget is that of a change', () => {
    const world = new DomainWorld();
    const { update, close } = budgetOps(world);
    expect(update('20', { isActive: false })).toMatchObject(WRITTEN);
    expect(close()).toMatchObject(WRITTEN);
    expect([update('20'), update('30')]).toMatchObject([REPEATED, CONFLICT]);
  });

  it('one of a closing is known by what its entry names, whatever was hashed', () => {
    const world = new DomainWorld();
    const { budgetId, update } = budgetOps(world);
    const change = { kind: 'close' as const, expectedVersion: '1' };
    const close = () =>
      world.changeBudget(budgetId, '10', { change, isActive: false, idempotency: keyed(K, { closing: budgetId }) });
    expect([close(), close()]).toMatchObject([WRITTEN, REPEATED]);
    expect([update('20'), update('20'), close()]).toMatchObject([WRITTEN, REPEATED, REPEATED]);
  });

  it('one of a closing from before entries named it is known by what was hashed', () => {
    const world = new DomainWorld();
    const { budgetId, close } = budgetOps(world);
    close();
    const policy = world.log.reduce((state, { journal, entry, revision }) => {
      if (journal !== 'policy') return state;
      const { operation: _, ...payload } = entry.payload as { readonly operation?: string };
      return evolvePolicy(state, { ...entry, payload } as PolicyEntry, revision);
    }, noPolicy);
    expect(policy.answers.get(adminKey('budget_close', K))).toEqual(
      world.gate.policy.answers.get(adminKey('budget_close', K)),
    );
    expect(policy.budgets.get(budgetId)).toEqual(world.gate.policy.budgets.get(budgetId));
  });

  it('one that created an integration may rotate its secret and revoke it; retiring is an option of rotating', () => {
    const world = new DomainWorld();
    const rotate = () => integration(world, 'rotate_integration_secret');
    expect([createIntegration(world), rotate()]).toMatchObject([WRITTEN, WRITTEN]);
    expect([rotate(), integration(world, 'retire_integration_secret')]).toMatchObject([REPEATED, CONFLICT]);
    const revoke = () => integration(world, 'revoke_integration');
    expect([revoke(), revoke(), createIntegration(world)]).toMatchObject([WRITTEN, REPEATED, REPEATED]);
  });
});
