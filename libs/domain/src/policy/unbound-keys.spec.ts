import { describe, expect, it } from '@jest/globals';
import { DomainWorld, keyed, policyWith } from '../../../../test/support/domain-world.js';
import { sha256Hex } from '../shared/sha256.js';
import type { PolicyDocument } from './policy.document.js';

const K = 'key-1';
const NOTHING_WRITTEN = { kind: 'accepted', entries: [] };
const STRICT = policyWith({ mode: 'hard' });
const LAX = policyWith({ mode: 'shadow' });
const PART = { cohort_percent: 5, salt: 'r1' };

const publish = (
  world: DomainWorld,
  document: PolicyDocument,
  more: { key?: string; tag?: string; isPart?: true } = {},
) =>
  world.administer({
    ...{ kind: 'publish_policy', document, documentSha256: sha256Hex(JSON.stringify(document)), message: 'm' },
    ...{ effectiveFrom: null, rollout: more.isPart ? PART : null, role: 'active', author: 'ana', now: world.now },
    expectedVersion: more.tag ?? world.policyTag(),
    idempotency: keyed(more.key ?? null, document),
  });
const widen = (world: DomainWorld, cohortPercent: number, more: { key?: string; tag?: string } = {}) =>
  world.administer({
    ...{ kind: 'set_rollout', version: 2, cohortPercent, author: 'ana', now: world.now },
    expectedVersion: more.tag ?? world.policyTag(2),
    idempotency: keyed(more.key ?? null, cohortPercent),
  });

describe('the key of a command that changes nothing', () => {
  it('is bound by no entry, so that another document may have it later, and is bound then', () => {
    const world = new DomainWorld(STRICT);
    expect(publish(world, STRICT, { key: K })).toEqual(NOTHING_WRITTEN);
    expect(publish(world, LAX, { key: K })).toMatchObject({ entries: [{ payload: { document: LAX } }] });
    expect(publish(world, LAX, { key: K })).toEqual(NOTHING_WRITTEN);
    expect(publish(world, STRICT, { key: K })).toMatchObject({ refusal: { code: 'idempotency_conflict' } });
  });

  it('lets no repeat publish over a text that came between', () => {
    const world = new DomainWorld(STRICT);
    const tag = world.policyTag();
    expect(publish(world, STRICT, { key: K, tag })).toEqual(NOTHING_WRITTEN);
    publish(world, LAX);
    expect(publish(world, STRICT, { key: K, tag })).toMatchObject({ refusal: { code: 'version_conflict' } });
  });

  it('lets no repeat undo a rollout that went on', () => {
    const world = new DomainWorld(STRICT);
    publish(world, LAX, { isPart: true });
    const tag = world.policyTag(2);
    expect(widen(world, 5, { key: K, tag })).toEqual(NOTHING_WRITTEN);
    widen(world, 50);
    expect(widen(world, 5, { key: K, tag })).toMatchObject({ refusal: { code: 'version_conflict' } });
  });

  it('lets no repeat write of what is cancelled or revoked, which stays so', () => {
    const world = new DomainWorld(STRICT);
    publish(world, LAX, { isPart: true });
    const cancel = (key: string) =>
      world.administer({
        ...{ kind: 'cancel_version', version: 2, author: 'ana', now: world.now },
        ...{ expectedVersion: world.policyTag(2), idempotency: keyed(key) },
      });
    const creditId = 'credit-1';
    world.grantCredit('10', { credit_id: creditId });
    const revoke = (key: string) =>
      world.administer({ kind: 'revoke_credit', creditId, author: 'ana', now: world.now, idempotency: keyed(key) });
    expect(cancel('key-1')).toMatchObject({ entries: [{ type: 'policy_cancelled' }] });
    expect(revoke('key-1')).toMatchObject({ entries: [{ type: 'credit_revoked' }] });
    for (let repeat = 0; repeat < 2; repeat += 1) {
      expect(cancel('key-2')).toEqual(NOTHING_WRITTEN);
      expect(revoke('key-2')).toEqual(NOTHING_WRITTEN);
    }
  });
});
