import { describe, expect, it } from '@jest/globals';
import { DomainWorld, keyed, policyWith } from '../../../../test/support/domain-world.js';
import type { Instant } from '../shared/brand.js';
import { instantOf, msOf } from '../shared/instant.js';
import { sha256Hex } from '../shared/sha256.js';
import type { PublishPolicy } from './policy.js';
import { challengerAt, policyFor, policyInForce } from './policy.state.js';
import { versionStatus } from './versions.js';

const other = policyWith({ mode: 'soft' });
const publish = (world: DomainWorld, more: Partial<PublishPolicy> = {}) =>
  world.administer({
    ...{ kind: 'publish_policy', document: other, documentSha256: sha256Hex('other'), message: 'm', author: 'ana' },
    ...{ effectiveFrom: null, rollout: null, role: 'active', now: world.now, idempotency: keyed(null) },
    expectedVersion: world.policyTag(),
    ...more,
  });
const ahead = (world: DomainWorld, seconds: number): Instant => instantOf(msOf(world.now) + seconds * 1000);
const widen = (world: DomainWorld, version: number, cohortPercent: number, key: string | null = null) =>
  world.administer({
    ...{ kind: 'set_rollout', version, cohortPercent, author: 'ana', now: world.now },
    expectedVersion: world.policyTag(version),
    idempotency: keyed(key, cohortPercent),
  });
const cancel = (world: DomainWorld, version: number) =>
  world.administer({
    ...{ kind: 'cancel_version', version, author: 'ana', now: world.now },
    ...{ expectedVersion: world.policyTag(version), idempotency: keyed(null) },
  });
const statuses = (world: DomainWorld) =>
  world.gate.policy.versions.map((version) => versionStatus(world.gate.policy, version, world.now));
const DAY = 86_400;
const R1 = { cohort_percent: 5, salt: 'r1' };

describe('a scheduled version', () => {
  it('lies at most 90 days ahead, and at most ten wait at once', () => {
    const world = new DomainWorld();
    expect(publish(world, { effectiveFrom: ahead(world, 90 * DAY + 1) })).toMatchObject({
      refusal: { code: 'validation_failed', pointer: '/effective_from' },
    });
    for (let days = 90; days > 80; days -= 1)
      expect(publish(world, { effectiveFrom: ahead(world, days * DAY) }).kind).toBe('accepted');
    expect(publish(world, { effectiveFrom: ahead(world, 60) })).toEqual({
      kind: 'refused',
      refusal: { code: 'quota_exceeded', limit: 10 },
    });
    expect(publish(world).kind).toBe('accepted');
    cancel(world, 2);
    expect(publish(world, { effectiveFrom: ahead(world, 60) }).kind).toBe('accepted');
  });

  it('may be cancelled until its time has come, and is never in force then', () => {
    const world = new DomainWorld();
    publish(world, { effectiveFrom: ahead(world, 60) });
    expect(statuses(world)).toEqual(['in_force', 'scheduled']);
    expect(cancel(world, 2).kind).toBe('accepted');
    expect(cancel(world, 2)).toEqual({ kind: 'accepted', entries: [] });
    world.pass(61);
    expect(statuses(world)).toEqual(['in_force', 'cancelled']);
    expect(world.ask('1').policy_version).toBe(1);
  });

  it('is in force from its time on, and the one before it is not cancelled any more', () => {
    const world = new DomainWorld();
    publish(world, { effectiveFrom: ahead(world, 60) });
    world.pass(60);
    expect(statuses(world)).toEqual(['superseded', 'in_force']);
    for (const version of [1, 2]) expect(cancel(world, version)).toMatchObject({ refusal: { pointer: '/version' } });
    expect(cancel(world, 9)).toEqual({ kind: 'refused', refusal: { code: 'not_found' } });
  });
});

describe('a rollout', () => {
  it('is widened under its salt, reaches everybody at 100, and is in force then', () => {
    const world = new DomainWorld();
    publish(world, { rollout: R1 });
    const versionOf = (project: string) => policyFor(world.gate.policy, world.now, project)?.version;
    expect([versionOf('data'), versionOf('default'), statuses(world)]).toEqual([2, 1, ['in_force', 'rolling_out']]);
    expect(widen(world, 2, 7)).toMatchObject({ entries: [{ payload: { version: 2, cohort_percent: 7 } }] });
    expect([versionOf('data'), versionOf('default'), versionOf('web')]).toEqual([2, 2, 1]);
    expect(widen(world, 2, 7)).toEqual({ kind: 'accepted', entries: [] });
    widen(world, 2, 100);
    expect([versionOf('web'), statuses(world)]).toEqual([2, ['superseded', 'in_force']]);
  });

  it('decides for nobody, and says so, where a later version for everybody begins at the same time', () => {
    const world = new DomainWorld();
    publish(world, { rollout: R1 });
    publish(world);
    expect(policyFor(world.gate.policy, world.now, 'data')?.version).toBe(3);
    expect(statuses(world)).toEqual(['superseded', 'superseded', 'in_force']);
  });

  it('may be cancelled while it has not reached everybody', () => {
    const world = new DomainWorld();
    publish(world, { rollout: R1 });
    cancel(world, 2);
    expect(world.ask('1', { project: 'data' }).policy_version).toBe(1);
    expect(widen(world, 2, 50)).toMatchObject({ refusal: { code: 'validation_failed' } });
  });

  it('leaves whom it misses to an older rollout that reaches them, then to the version for everybody (ADR 16)', () => {
    const world = new DomainWorld();
    publish(world, { rollout: { ...R1, cohort_percent: 50 } });
    publish(world, { rollout: R1 });
    const versionOf = (project: string) => policyFor(world.gate.policy, world.now, project)?.version;
    expect(['data', 'billing', 'web'].map(versionOf)).toEqual([3, 2, 1]);
  });

  it('is of a version that was published as one', () => {
    const world = new DomainWorld();
    expect(widen(world, 1, 50)).toMatchObject({ refusal: { code: 'validation_failed', pointer: '/version' } });
    expect(widen(world, 9, 50)).toEqual({ kind: 'refused', refusal: { code: 'not_found' } });
  });

  it('of the text in force for nobody else is a version of its own', () => {
    const world = new DomainWorld();
    publish(world);
    expect(publish(world)).toEqual({ kind: 'accepted', entries: [] });
    expect(publish(world, { rollout: R1 })).toMatchObject({ entries: [{ payload: { version: 3, rollout: R1 } }] });
  });

  it('answers its key as the first time, and refuses it for another percentage', () => {
    const world = new DomainWorld();
    publish(world, { rollout: R1 });
    widen(world, 2, 10, 'k');
    widen(world, 2, 20);
    expect(widen(world, 2, 10, 'k')).toEqual({ kind: 'accepted', entries: [] });
    expect(widen(world, 2, 30, 'k')).toMatchObject({ refusal: { code: 'idempotency_conflict' } });
    expect(world.gate.policy.versions[1]?.rollout?.cohort_percent).toBe(20);
  });
});

describe('the tag of a version', () => {
  it('is its number until it is changed, and another after each change', () => {
    const world = new DomainWorld();
    publish(world, { rollout: R1 });
    expect([world.policyTag(1), world.policyTag(2)]).toEqual(['1', '2']);
    widen(world, 2, 50);
    expect([world.policyTag(1), world.policyTag(2)]).toEqual(['1', '2.1']);
    cancel(world, 2);
    expect(world.policyTag(2)).toBe('2.2');
  });

  it('has to be named by whoever changes that version, or follows it when it is the newest', () => {
    const world = new DomainWorld();
    publish(world, { rollout: R1 });
    widen(world, 2, 50);
    const by = { author: 'ana', now: world.now, idempotency: keyed(null) };
    for (const kind of ['set_rollout', 'cancel_version'] as const) {
      const change = (expectedVersion: string | null) =>
        world.administer({ kind, version: 2, cohortPercent: 60, expectedVersion, ...by });
      expect(change(null)).toEqual({ kind: 'refused', refusal: { code: 'precondition_required' } });
      for (const stale of ['2', '1', ''])
        expect(change(stale)).toEqual({
          kind: 'refused',
          refusal: { code: 'version_conflict', currentVersion: '2.1' },
        });
    }
    expect(publish(world, { expectedVersion: '2' })).toMatchObject({ refusal: { code: 'version_conflict' } });
    expect(publish(world, { expectedVersion: '2.1' }).kind).toBe('accepted');
  });
});

describe('a challenger', () => {
  it('is never in force, and rolled out to nobody', () => {
    const world = new DomainWorld();
    expect(publish(world, { role: 'challenger', rollout: R1 })).toMatchObject({ refusal: { pointer: '/rollout' } });
    publish(world, { role: 'challenger' });
    expect([policyInForce(world.gate.policy, world.now)?.version, statuses(world)]).toEqual([
      1,
      ['in_force', 'challenger'],
    ]);
  });

  it('follows another, and is gone once it is cancelled', () => {
    const world = new DomainWorld();
    publish(world, { role: 'challenger' });
    publish(world, { role: 'challenger', documentSha256: sha256Hex('another') });
    expect(statuses(world)).toEqual(['in_force', 'superseded', 'challenger']);
    cancel(world, 3);
    expect(challengerAt(world.gate.policy, world.now)?.version).toBe(2);
    cancel(world, 2);
    expect(world.ask('1').challenger).toBeNull();
  });

  it('is not published again while it stands; its text in force, or as one that was cancelled, is another matter', () => {
    const world = new DomainWorld();
    publish(world, { role: 'challenger' });
    expect(publish(world, { role: 'challenger' })).toEqual({ kind: 'accepted', entries: [] });
    cancel(world, 2);
    expect(publish(world, { role: 'challenger' })).toMatchObject({ entries: [{ payload: { version: 3 } }] });
    expect(publish(world)).toMatchObject({ entries: [{ payload: { version: 4, role: 'active' } }] });
    expect(publish(world)).toEqual({ kind: 'accepted', entries: [] });
    expect(publish(world, { role: 'challenger' })).toMatchObject({ entries: [{ payload: { version: 5 } }] });
  });

  it('becomes the policy by a rollback to its text', () => {
    const world = new DomainWorld();
    publish(world, { role: 'challenger' });
    world.administer({
      ...{ kind: 'roll_back_policy', toVersion: 2, message: 'm', author: 'ana', now: world.now },
      ...{ expectedVersion: '2', idempotency: keyed(null) },
    });
    expect(world.ask('1')).toMatchObject({ policy_version: 3, mode: 'soft' });
  });
});
