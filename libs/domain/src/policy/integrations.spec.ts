import { describe, expect, it } from '@jest/globals';
import type { Instant, Sha256Hex } from '../shared/brand.js';
import { sha256Hex } from '../shared/sha256.js';
import { DomainWorld, keyed } from '../../../../test/support/domain-world.js';
import type { ClusterTerms, IntegrationProof, ProofWay, RunTaskTerms } from './integrations.entries.js';
import { INTEGRATIONS_MAX, type IntegrationsCommand } from './integrations.js';
import {
  hasProof,
  INTEGRATIONS_REMEMBERED,
  namespaceRuleOf,
  secretsInForce,
  workspaceRuleOf,
} from './integrations.state.js';

const CLUSTER: ClusterTerms = {
  kind: 'k8s',
  cluster_id: 'prod-1',
  project_rules: [],
  annotation_prefixes: ['verdict.io'],
  trusted_controllers: [],
};
const RUN_TASK: RunTaskTerms = {
  kind: 'run_task',
  address: 'https://app.terraform.io',
  project_rules: [],
  allow_private_address: false,
};
const hash = (text: string): Sha256Hex => sha256Hex(text);
const proof = (way: ProofWay, text: string): IntegrationProof => ({ way, sha256: hash(text) });
const ID = 'i-1';

const by = (world: DomainWorld, key: string | null = null) => ({
  author: 'admin-1',
  now: world.now,
  idempotency: keyed(key),
});
const create = (world: DomainWorld, change: Partial<Extract<IntegrationsCommand, { name: string }>> = {}) =>
  world.administer({
    kind: 'create_integration',
    integrationId: ID,
    name: 'n',
    terms: CLUSTER,
    proofs: [proof('bearer', 'b1'), proof('mtls', 'm1')],
    hmacKey: null,
    ...by(world),
    ...change,
  });
const rotate = (world: DomainWorld, proofs: readonly IntegrationProof[], until: Instant | null = null) =>
  world.administer({
    kind: 'rotate_integration_secret',
    integrationId: ID,
    proofs,
    hmacKey: null,
    previousValidUntil: until,
    ...by(world),
  });
const retire = (world: DomainWorld) =>
  world.administer({ kind: 'retire_integration_secret', integrationId: ID, ...by(world) });
const revoke = (world: DomainWorld, integrationId = ID) =>
  world.administer({ kind: 'revoke_integration', integrationId, ...by(world) });

const isValid = (world: DomainWorld, way: ProofWay, text: string): boolean =>
  hasProof(world.gate.policy.integrations.get(ID)!, proof(way, text), world.now);

describe('secrets of an integration', () => {
  it('are valid in their own way only', () => {
    const world = new DomainWorld();
    create(world);
    expect([isValid(world, 'bearer', 'b1'), isValid(world, 'mtls', 'm1')]).toEqual([true, true]);
    expect([isValid(world, 'path', 'b1'), isValid(world, 'bearer', 'm1')]).toEqual([false, false]);
  });

  it('are two while rotating; what was not made anew goes on', () => {
    const world = new DomainWorld();
    create(world);
    rotate(world, [proof('bearer', 'b2')]);
    expect([isValid(world, 'bearer', 'b1'), isValid(world, 'bearer', 'b2')]).toEqual([true, true]);
    expect(isValid(world, 'mtls', 'm1')).toBe(true);
  });

  it('end at the stated time, to the millisecond', () => {
    const world = new DomainWorld();
    create(world);
    rotate(world, [proof('bearer', 'b2')], '2026-11-10T11:00:00.000Z' as Instant);
    world.pass(3599.999);
    expect(isValid(world, 'bearer', 'b1')).toBe(true);
    world.pass(0.001);
    expect([isValid(world, 'bearer', 'b1'), isValid(world, 'bearer', 'b2')]).toEqual([false, true]);
  });

  it('end with the next rotation at the latest: never are three valid', () => {
    const world = new DomainWorld();
    create(world);
    rotate(world, [proof('bearer', 'b2')]);
    rotate(world, [proof('bearer', 'b3')]);
    expect(['b1', 'b2', 'b3'].map((text) => isValid(world, 'bearer', text))).toEqual([false, true, true]);
  });

  it('are retired on demand, and what is not there is not retired', () => {
    const world = new DomainWorld();
    create(world);
    expect(retire(world)).toEqual({ kind: 'accepted', entries: [] });
    rotate(world, [proof('bearer', 'b2')]);
    expect(retire(world)).toMatchObject({ entries: [{ type: 'integration_secret_retired' }] });
    expect(['b1', 'b2'].map((text) => isValid(world, 'bearer', text))).toEqual([false, true]);
  });

  it('that a rotation leaves valid are not retired by the repeat of a command that found nothing to retire', () => {
    const world = new DomainWorld();
    create(world);
    const repeated = () =>
      world.administer({ kind: 'retire_integration_secret', integrationId: ID, ...by(world, 'key-1') });
    expect(repeated()).toMatchObject({ entries: [{ type: 'integration_secret_retired' }] });
    rotate(world, [proof('bearer', 'b2')]);
    expect(repeated()).toEqual({ kind: 'accepted', entries: [] });
    expect(['b1', 'b2'].map((text) => isValid(world, 'bearer', text))).toEqual([true, true]);
  });

  it('are none of a revoked integration, which is gone for every command but its revocation once more', () => {
    const world = new DomainWorld();
    create(world);
    revoke(world);
    expect(secretsInForce(world.gate.policy.integrations.get(ID)!, world.now)).toEqual([]);
    const gone = { kind: 'refused', refusal: { code: 'not_found' } };
    expect([rotate(world, []), retire(world), revoke(world, 'other')]).toEqual([gone, gone, gone]);
    expect(revoke(world)).toEqual({ kind: 'accepted', entries: [] });
  });
});

describe('integrations of a tenant', () => {
  it(`are at most ${String(INTEGRATIONS_MAX)}, revoked ones not counted`, () => {
    const world = new DomainWorld();
    for (let count = 0; count < INTEGRATIONS_MAX; count += 1) create(world, { integrationId: `i-${String(count)}` });
    const more = { kind: 'refused', refusal: { code: 'quota_exceeded', limit: INTEGRATIONS_MAX } };
    expect(create(world, { integrationId: 'one-more' })).toEqual(more);
    revoke(world, 'i-7');
    expect(create(world, { integrationId: 'one-more' })).toMatchObject({ kind: 'accepted' });
  });

  it('are forgotten oldest revoked first once many are known, so that the state is bounded', () => {
    const world = new DomainWorld();
    for (let count = 0; count < INTEGRATIONS_REMEMBERED + 5; count += 1) {
      create(world, { integrationId: `i-${String(count)}` });
      if (count !== 0) revoke(world, `i-${String(count)}`);
    }
    const known = world.gate.policy.integrations;
    expect(known.size).toBe(INTEGRATIONS_REMEMBERED);
    expect([known.has('i-0'), known.has('i-1'), known.has('i-204')]).toEqual([true, false, true]);
  });

  it('answer a key as the first time, and refuse it for another question', () => {
    const world = new DomainWorld();
    create(world, { idempotency: keyed('k', 'one') });
    const again = create(world, { integrationId: 'i-2', idempotency: keyed('k', 'one') });
    expect(again).toEqual({ kind: 'accepted', entries: [] });
    expect(world.gate.policy.integrations.size).toBe(1);
    expect(create(world, { integrationId: 'i-2', idempotency: keyed('k', 'other') })).toMatchObject({
      refusal: { code: 'idempotency_conflict' },
    });
  });

  it('of Terraform carry a sealed key, clusters never do', () => {
    const world = new DomainWorld();
    const hmacKey = { $seal: { subject: 'integration:i-1', text: 'secret' } };
    expect(create(world, { terms: RUN_TASK, proofs: [], hmacKey })).toMatchObject({
      entries: [{ payload: { hmac_key: hmacKey } }],
    });
    const cluster = new DomainWorld();
    create(cluster);
    expect(
      cluster.administer({
        kind: 'rotate_integration_secret',
        integrationId: ID,
        proofs: [],
        hmacKey,
        previousValidUntil: null,
        ...by(cluster),
      }),
    ).toMatchObject({ entries: [{ payload: { hmac_key: null } }] });
  });
});

describe('the map of an integration', () => {
  it('takes the first namespace rule that matches', () => {
    const rule = (namespace: string, project: string) => ({
      namespace,
      project_id: project,
      environment: 'prod',
      from_object: false,
      allowed: [],
    });
    const terms = { ...CLUSTER, project_rules: [rule('web-*', 'web'), rule('*', 'rest'), rule('db', 'never')] };
    expect(['web-1', 'db'].map((each) => namespaceRuleOf(terms, each)?.project_id)).toEqual(['web', 'rest']);
    expect(namespaceRuleOf(CLUSTER, 'db')).toBeUndefined();
  });

  it('takes the first workspace rule whose two globs match', () => {
    const rule = (project: string, workspace: string, id: string) => ({
      project,
      workspace,
      project_id: id,
      environment: 'prod',
    });
    const terms = { ...RUN_TASK, project_rules: [rule('core', '*-prod', 'a'), rule('*', '*-prod', 'b')] };
    expect(workspaceRuleOf(terms, 'core', 'x-prod')?.project_id).toBe('a');
    expect(workspaceRuleOf(terms, '', 'x-prod')?.project_id).toBe('b');
    expect(workspaceRuleOf(terms, 'core', 'x-dev')).toBeUndefined();
  });
});
