import { describe, expect, it } from '@jest/globals';
import { readAdmissionReview, readJsonText } from '@verdict/contracts';
import { admissionFixtures, admissionRequest } from '../../../../test/fixtures/admission-fixtures.js';
import { readPriceBook } from '../pricing/price-book.reader.js';
import { priceObjectChange } from '../pricing/kubernetes/price-object.js';
import { formatUsd4 } from '../shared/money.js';
import type { ClusterTerms } from '../policy/integrations.entries.js';
import { DEFAULT_ANNOTATION_PREFIXES, DEFAULT_TRUSTED_CONTROLLERS } from '../policy/integrations.state.js';
import { admissionChange, admissionEvidence } from './admission-change.js';
import { answerWithinMs } from './deadline.js';
import type { AdmissionRequest } from './review.js';

const RULES: ClusterTerms = {
  kind: 'k8s',
  cluster_id: 'east',
  project_rules: [{ namespace: '*', project_id: 'web', environment: 'prod', from_object: false, allowed: [] }],
  annotation_prefixes: DEFAULT_ANNOTATION_PREFIXES,
  trusted_controllers: DEFAULT_TRUSTED_CONTROLLERS,
};
const BOOK = (() => {
  const text = JSON.stringify({
    format: 'verdict.price-book.v1',
    version: '1',
    currency: 'USD',
    hours_per_month: 730,
    entries: [
      {
        id: 'pod',
        resource_type: 'k8s:pod',
        components: [
          { name: 'cpu', unit: 'hour', unit_price: '0.04', quantity: { from: ['cpu_milli'], multiply: '0.001' } },
        ],
      },
      { id: 'lb', resource_type: 'k8s:service', components: [{ name: 'lb', unit: 'hour', unit_price: '0.025' }] },
    ],
  });
  const read = readJsonText(text, { depthMax: 32 });
  const reading = read.kind === 'ok' ? readPriceBook(read.value) : undefined;
  if (reading?.kind !== 'book') throw new Error('no book');
  return reading.book;
})();
const monthly = (file: string): string => {
  const priced = priceObjectChange(admissionChange(admissionRequest(file), RULES, () => null).change, BOOK);
  return priced.completeness === 'complete' ? formatUsd4(priced.monthly) : priced.completeness;
};
const requestOf = (request: object): AdmissionRequest => {
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u', ...request } };
  const reading = readAdmissionReview(Buffer.from(JSON.stringify(review)));
  if (reading.kind === 'refused') throw new Error(reading.detail);
  return reading.request;
};
interface Parts {
  readonly metadata?: object;
  readonly old?: object;
  readonly replicas?: number;
  readonly [member: string]: unknown;
}
/** A review of a Deployment; `old` is the metadata of the stored object. */
const deployment = ({ metadata = {}, old, replicas = 1, ...more }: Parts = {}): AdmissionRequest => {
  const object = (meta: object, count: number) => ({
    kind: 'Deployment',
    metadata: { name: 'api', namespace: 'shop', ...meta },
    spec: { replicas: count, template: { spec: { containers: [{ resources: { requests: { cpu: '1' } } }] } } },
  });
  return requestOf({
    operation: old === undefined ? 'CREATE' : 'UPDATE',
    resource: { group: 'apps', version: 'v1', resource: 'deployments' },
    name: 'api',
    namespace: 'shop',
    userInfo: { username: 'ana' },
    object: object(metadata, replicas),
    oldObject: old === undefined ? null : object(old, 1),
    ...more,
  });
};
const change = (request: AdmissionRequest, rules: Partial<ClusterTerms> = {}) =>
  admissionChange(request, { ...RULES, ...rules }, () => null);

describe('the fixtures of reviews', () => {
  it('are all read, and each has a reference, metadata and a price or none', () => {
    const valid = admissionFixtures().filter((each) => each.valid);
    expect(valid).toHaveLength(16);
    for (const { file, expect: wanted, dry_run } of valid) {
      const request = admissionRequest(file);
      expect(request).toMatchObject({ uid: wanted.uid, isDryRun: dry_run });
      const asked = change(request);
      expect(asked.reference.length).toBeGreaterThan(4);
      expect(Buffer.byteLength(asked.metadata)).toBeLessThan(2048);
    }
  });
  it.each([
    ['01-create-deployment.json', '43.8000'],
    ['02-update-deployment.json', '43.8000'],
    ['03-delete-deployment.json', '-29.2000'],
    ['04-create-statefulset.json', '175.2000'],
    ['05-create-pod-generate-name.json', '0.0000'],
    ['06-connect-pod-exec.json', '0.0000'],
    ['07-update-deployment-scale.json', 'unknown'],
    ['08-create-service.json', '18.2500'],
    ['09-create-custom-resource.json', 'unknown'],
    ['10-dry-run-create.json', '43.8000'],
    ['11-large-object.json', '43.8000'],
    ['12-unicode.json', 'unknown'],
    ['13-future-fields.json', '43.8000'],
    ['14-cost-nan.json', '43.8000'],
    ['15-cost-negative-and-huge.json', '0.0000'],
    ['16-missing-optional-fields.json', 'unknown'],
  ])('%s costs %s a month', (file, usd) => {
    expect(monthly(file)).toBe(usd);
  });
  it('have a claim where the index calls their annotation usable, and name it invalid where not', () => {
    for (const { file, cost_annotation: kind } of admissionFixtures().filter((each) => each.valid)) {
      const { claim } = change(admissionRequest(file));
      expect([file, claim.isInvalid]).toEqual([file, kind === 'unusable']);
      expect([file, claim.monthly !== null]).toEqual([file, kind === 'usable']);
    }
  });
});

describe('what the gate is asked about a review', () => {
  it('names the resource with its group, and the parent of a subresource', () => {
    expect(change(deployment()).reference).toBe('deployments.apps/shop/api');
    expect(change(admissionRequest('07-update-deployment-scale.json')).reference).toBe('deployments.apps/shop/api');
    expect(change(admissionRequest('08-create-service.json')).reference).toBe('services/shop/storefront');
  });
  it('takes name and namespace from the object where the request has none', () => {
    expect(change(deployment({ name: '', namespace: '' })).reference).toBe('deployments.apps/shop/api');
    expect(change(deployment({ name: '', namespace: '', metadata: { name: '', namespace: '' } })).reference).toBe(
      'deployments.apps/-/-',
    );
  });
  it('calls a generated name by its prefix, and keeps the name of this try apart', () => {
    const generated = (name: string) => change(deployment({ name, metadata: { generateName: 'job-', name } }));
    expect(generated('job-a')).toMatchObject({ reference: 'deployments.apps/shop/job-*', generatedName: 'job-a' });
    expect(generated('job-a').metadata).toBe(generated('job-b').metadata);
    expect(change(deployment()).generatedName).toBeNull();
  });
  it('has a reference of bounded length without control characters', () => {
    const long = change(deployment({ name: 'x'.repeat(600) })).reference;
    expect(long).toMatch(/^deployments\.apps\/shop\/x+#[0-9a-f]{64}$/);
    expect(long.length).toBeLessThanOrEqual(512);
    expect(change(deployment({ name: 'a\nb' })).reference).toBe('deployments.apps/shop/a\uFFFDb');
  });
  it('has metadata of the state to be reached, without anything that does not cost', () => {
    const { metadata } = change(deployment({ replicas: 2, metadata: { labels: { a: 'b' }, uid: 'x' } }));
    expect(JSON.parse(metadata)).toEqual({
      v: 1,
      cluster_id: 'east',
      resource: 'deployments.apps',
      subresource: '',
      facts: {
        kind: 'pods',
        run: 'continuous',
        replicas: '2',
        pod: { cpu_milli: '1000', memory_bytes: null, extended: {}, node_selector: {}, runtime_class: null },
      },
    });
    const deleted = change(deployment({ operation: 'DELETE', object: null, old: {} }));
    expect(JSON.parse(deleted.metadata)).toMatchObject({ facts: null });
  });
  it.each(['CREATE', 'UPDATE', 'DELETE', 'CONNECT'])('has the action of %s', (operation) => {
    expect(change(deployment({ operation })).action).toBe(`admission.${operation.toLowerCase()}`);
  });
  it('costs nothing while an object is being deleted', () => {
    const finalizing = deployment({ old: {}, replicas: 5, metadata: { deletionTimestamp: '2026-11-01T00:00:00Z' } });
    expect(change(finalizing).change.isSettled).toBe(true);
    expect(change(deployment({ old: {}, replicas: 5 })).change.isSettled).toBe(false);
  });
});

describe('objects that an owner pays for', () => {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: 'y', controller: true };
  const CONTROLLER = 'system:serviceaccount:kube-system:replicaset-controller';
  const pod = (reference: object, username: string) =>
    change(
      requestOf({
        operation: 'CREATE',
        resource: { group: '', version: 'v1', resource: 'pods' },
        userInfo: { username },
        object: { kind: 'Pod', metadata: { ownerReferences: [reference] }, spec: { containers: [] } },
      }),
    ).change.isSettled;
  it('cost nothing again when a trusted controller makes them', () => {
    expect(pod(owner, CONTROLLER)).toBe(true);
  });
  it('cost what they cost when anybody else does: an owner is easily written down', () => {
    expect(pod(owner, 'ana')).toBe(false);
    expect(pod(owner, 'system:serviceaccount:shop:replicaset-controller')).toBe(false);
    expect(pod(owner, 'system:serviceaccount:kube-system:coredns')).toBe(false);
  });
  it('cost what they cost when the owner does not control them, or has no price', () => {
    expect(pod({ ...owner, controller: false }, CONTROLLER)).toBe(false);
    expect(pod({ ...owner, apiVersion: 'example.com/v1', kind: 'Thing' }, CONTROLLER)).toBe(false);
    expect(pod({ ...owner, apiVersion: 'v1' }, CONTROLLER)).toBe(false);
  });
});

describe('the claim in annotations', () => {
  const annotated = (annotations: object) => ({ annotations });
  const MONTHLY = 'verdict.io/estimated-monthly-delta-usd';
  const claim = (parts: Parts) => change(deployment(parts)).claim;
  it('is that of the first prefix that has the key', () => {
    const both = annotated({
      'valdrics.io/estimated-monthly-delta-usd': '7',
      [MONTHLY]: '5',
      'valdrics.io/estimated-hourly-delta-usd': '0.01',
    });
    expect(claim({ metadata: both })).toEqual({ monthly: 5_000_000n, hourly: 10_000n, isInvalid: false });
    expect(change(deployment({ metadata: both }), { annotation_prefixes: ['valdrics.io'] }).claim.monthly).toBe(
      7_000_000n,
    );
  });
  it.each(['NaN', '1e30', '', ' 5', '+5', '1.00001', '1000000000001', 'Infinity'])('is invalid as "%s"', (text) => {
    expect(claim({ metadata: annotated({ [MONTHLY]: text }) })).toEqual({
      monthly: null,
      hourly: null,
      isInvalid: true,
    });
  });
  it('says nothing about an UPDATE that did not bring it', () => {
    const stored = annotated({ [MONTHLY]: '5' });
    expect(claim({ metadata: stored, old: stored, replicas: 2 }).monthly).toBeNull();
    expect(claim({ metadata: annotated({ [MONTHLY]: '6' }), old: stored, replicas: 2 }).monthly).toBe(6_000_000n);
  });
  it('says nothing about a change that costs nothing, and nothing on DELETE', () => {
    expect(claim({ metadata: annotated({ [MONTHLY]: '5' }), old: {} }).monthly).toBeNull();
    expect(claim({ operation: 'DELETE', metadata: annotated({ [MONTHLY]: '5' }) }).monthly).toBeNull();
  });
  it('is invalid again with every change that costs, and whenever it is new', () => {
    const bad = annotated({ [MONTHLY]: 'x' });
    expect(claim({ metadata: bad, old: bad }).isInvalid).toBe(false);
    expect(claim({ metadata: bad, old: bad, replicas: 2 }).isInvalid).toBe(true);
    expect(claim({ metadata: bad, old: {} }).isInvalid).toBe(true);
  });
});

describe('project and environment of a namespace', () => {
  const rule = (namespace: string, project_id: string, more: object = {}) => ({
    namespace,
    project_id,
    environment: 'prod',
    from_object: false,
    allowed: [],
    ...more,
  });
  const placed = (project_rules: ClusterTerms['project_rules'], metadata: object = {}) => {
    const { projectId, environment, warnings } = change(deployment({ metadata }), { project_rules });
    return [projectId, environment, warnings.length];
  };
  const says = (project: string, environment: string) => ({
    labels: { 'verdict.io/project-id': project, 'verdict.io/environment': environment },
  });
  it('are those of the first rule that fits', () => {
    expect(placed([rule('data', 'a'), rule('sh*', 'b'), rule('*', 'c')])).toEqual(['b', 'prod', 0]);
  });
  it('are default and unspecified, with a warning, where none fits', () => {
    expect(placed([rule('data', 'a')])).toEqual(['default', 'unspecified', 1]);
  });
  it('are not what the object says, unless the rule lets it', () => {
    expect(placed([rule('*', 'b', { allowed: ['*'] })], says('x', 'dev'))).toEqual(['b', 'prod', 0]);
    const open = { from_object: true, allowed: ['x*', 'y/nonprod'] };
    expect(placed([rule('*', 'b', open)], says('x1', 'dev'))).toEqual(['x1', 'dev', 0]);
    expect(placed([rule('*', 'b', open)], says('y', 'nonprod'))).toEqual(['y', 'nonprod', 0]);
    expect(placed([rule('*', 'b', open)], says('y', 'prod'))).toEqual(['b', 'prod', 1]);
    expect(placed([rule('*', 'b', open)])).toEqual(['b', 'prod', 0]);
    expect(placed([rule('*', 'b', { from_object: true })], says('b', 'dev'))).toEqual(['b', 'prod', 1]);
  });
  it('are default and unspecified where the object names none that is legal', () => {
    const open = [rule('*', 'b', { from_object: true, allowed: ['*'] })];
    expect(placed(open, says('boutique-été', 'prod'))).toEqual(['default', 'unspecified', 1]);
    expect(placed(open, says('a/env:prod', 'prod'))).toEqual(['default', 'unspecified', 1]);
    expect(placed(open, says('a', 'x'.repeat(33)))).toEqual(['default', 'unspecified', 1]);
    const annotations = { 'verdict.io/environment': 'e\u0301te\u0301' };
    expect(placed(open, { annotations })).toEqual(['default', 'unspecified', 1]);
    expect(placed(open, { annotations: { 'verdict.io/environment': 'été' } })).toEqual(['b', 'été', 0]);
  });
  it('and the namespace that a price may ask for, are those of the object where the request names no namespace', () => {
    const project_rules = [rule('shop', 'b'), rule('*', 'c')];
    const { projectId, change: asked } = change(deployment({ name: '', namespace: '' }), { project_rules });
    expect([projectId, asked.place.namespace]).toEqual(['b', 'shop']);
  });
  it('come from annotations before labels', () => {
    const both = { ...says('x', 'dev'), annotations: { 'verdict.io/project-id': 'z' } };
    expect(placed([rule('*', 'b', { from_object: true, allowed: ['*'] })], both)).toEqual(['z', 'dev', 0]);
  });
});

describe('the deadline of an answer', () => {
  it.each([
    [2000, 1500],
    [1000, 800],
    [10_000, 1500],
    [undefined, 1500],
    [250, 100],
    [1, 100],
  ])('a caller that waits %s ms is answered within %s', (timeout, within) => {
    expect(answerWithinMs(timeout)).toBe(within);
  });
});

describe('where no price book is published', () => {
  const shown = (parts: Parts) =>
    admissionEvidence(admissionChange(deployment(parts), RULES, () => null).change).withoutBook;
  it('the cost is unknown, and what is changed is not', () => {
    expect(shown({})).toMatchObject({ completeness: 'unknown', change: { creates: 1, resource_types: ['k8s:pod'] } });
    expect(shown({ operation: 'DELETE', old: {} })).toMatchObject({ completeness: 'unknown', change: { deletes: 1 } });
  });
  it('what costs nothing whatever a book says costs nothing', () => {
    expect(shown({ replicas: 0 })).toMatchObject({ completeness: 'complete', monthly: 0n });
    expect(shown({ old: {} })).toMatchObject({ completeness: 'complete', monthly: 0n });
  });
});
