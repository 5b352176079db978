import { describe, expect, it } from '@jest/globals';
import { readJsonText } from '@verdict/contracts';
import { formatUsd4, formatUsd6 } from '../../shared/money.js';
import type { RawJson } from '../../shared/raw-json.js';
import { readPriceBook } from '../price-book.reader.js';
import type { ObjectFacts, ObjectPlace, PodFacts } from './facts.js';
import { readPod } from './pod.js';
import { priceObjectChange } from './price-object.js';
import { readObjectFacts } from './read-object.js';

const raw = (value: unknown): RawJson => {
  const result = readJsonText(JSON.stringify(value), { depthMax: 128 });
  if (result.kind !== 'ok') throw new Error(result.detail);
  return result.value;
};
const bookOf = (entries: readonly object[], more: object = {}) => {
  const head = { format: 'verdict.price-book.v1', version: '1', currency: 'USD', hours_per_month: 730 };
  const reading = readPriceBook(raw({ ...head, entries, ...more }));
  if (reading.kind !== 'book') throw new Error(JSON.stringify(reading.problems));
  return reading.book;
};
const part = (name: string, from: readonly string[], unit_price: string, more: object = {}, unit = 'hour') => ({
  name,
  unit,
  unit_price,
  quantity: { from, ...more },
});
const CPU = part('cpu', ['cpu_milli'], '0.04', { multiply: '0.001' }); // 29.2 USD a month for one CPU.
const MEMORY = part('memory', ['memory_bytes'], '0.000000000004');
const PODS = { id: 'pod', resource_type: 'k8s:pod', components: [CPU] };
const BOOK = bookOf(
  [
    PODS,
    {
      id: 'gp3',
      resource_type: 'k8s:pvc',
      match: { class: 'gp3' },
      components: [part('disk', ['storage_bytes'], '0.08', { round_up_to: '1073741824', multiply: '1' }, 'month')].map(
        (each) => ({ ...each, unit_price: '0.000000000075' }),
      ),
    },
    { id: 'lb', resource_type: 'k8s:service', components: [{ name: 'lb', unit: 'hour', unit_price: '0.025' }] },
  ],
  { free: ['k8s:roles.*'] },
);

const container = (cpu: unknown, more: object = {}) => ({
  name: 'c',
  resources: { requests: { cpu, memory: '1Gi' } },
  ...more,
});
const podSpec = (cpu: unknown = '1', more: object = {}) => ({ containers: [container(cpu)], ...more });
const place = (plural: string, group = '', more: Partial<ObjectPlace> = {}): ObjectPlace => ({
  clusterId: 'east',
  namespace: 'shop',
  plural,
  group,
  subresource: '',
  ...more,
});
const DEPLOYMENTS = place('deployments', 'apps');
const deployment = (replicas: number | undefined, spec: object = podSpec()) => ({
  kind: 'Deployment',
  spec: { ...(replicas === undefined ? {} : { replicas }), template: { spec } },
});
const facts = (object: object, where: ObjectPlace, unit: PodFacts | null = null): ObjectFacts =>
  readObjectFacts(raw(object), where, unit);
interface Asked {
  readonly before?: object;
  readonly after?: object;
  readonly where?: ObjectPlace;
  readonly unit?: PodFacts;
  readonly book?: typeof BOOK;
  readonly isSettled?: boolean;
}
const price = ({ before, after, where = DEPLOYMENTS, unit, book = BOOK, isSettled = false }: Asked) =>
  priceObjectChange(
    {
      place: where,
      reference: 'x/y/z',
      before: before === undefined ? null : facts(before, where, unit ?? null),
      after: after === undefined ? null : facts(after, where, unit ?? null),
      isSettled,
    },
    book,
  );
const monthly = (asked: Asked): string => {
  const priced = price(asked);
  return priced.completeness === 'complete' ? formatUsd4(priced.monthly) : priced.completeness;
};

describe('what a pod asks for', () => {
  const milli = (spec: object) => readPod(raw(spec))?.cpu_milli;
  const cpus = (...amounts: readonly unknown[]) => amounts.map((cpu) => container(cpu));
  const sidecar = (cpu: unknown) => container(cpu, { restartPolicy: 'Always' });

  it('is the sum of its containers and of the init containers that go on running', () => {
    expect(milli({ containers: cpus('500m', '1.5'), initContainers: [sidecar('250m')] })).toBe('2250');
  });
  it('is what an ordinary init container needs beside those started before it, where that is more', () => {
    expect(milli({ containers: cpus('1'), initContainers: [sidecar('100m'), container('2'), sidecar('300m')] })).toBe(
      '2100',
    );
    expect(milli({ containers: cpus('1'), initContainers: [container('2'), sidecar('300m')] })).toBe('2000');
    expect(milli({ containers: cpus('4'), initContainers: [container('2')] })).toBe('4000');
  });
  it('includes the overhead of its runtime', () => {
    expect(milli({ containers: cpus('1'), overhead: { cpu: '250m' } })).toBe('1250');
    const device = { 'example.com/enclave': '2' };
    expect(readPod(raw({ containers: cpus('1'), overhead: device }))?.extended).toEqual(device);
  });
  it('is what the pod itself states, with the overhead, in place of the sum', () => {
    expect(
      milli({ containers: cpus('1', '1'), resources: { requests: { cpu: '1200m' } }, overhead: { cpu: '100m' } }),
    ).toBe('1300');
    expect(milli({ containers: [{ name: 'c' }], resources: { limits: { cpu: '3' } } })).toBe('3000');
    expect(milli({ containers: cpus('1'), resources: { limits: { cpu: '3' } } })).toBe('1000');
  });
  it('takes the limit where a request is missing', () => {
    expect(milli({ containers: [{ resources: { limits: { cpu: '700m' } } }] })).toBe('700');
  });
  it('is not known where one container states neither', () => {
    expect(milli({ containers: [container('1'), { name: 'c' }] })).toBeNull();
    expect(milli({ containers: cpus('1'), initContainers: [{ name: 'i' }] })).toBeNull();
    expect(milli({ containers: cpus('many') })).toBeNull();
  });
  it('is not known of a pod without containers', () => {
    expect(readPod(raw({ containers: [] }))).toMatchObject({ cpu_milli: null, memory_bytes: null });
  });
  it('has ephemeral containers for free', () => {
    expect(milli({ containers: cpus('1'), ephemeralContainers: cpus('4') })).toBe('1000');
  });
  it('names devices only where they are asked for', () => {
    const gpu = { resources: { limits: { 'nvidia.com/gpu': '2', cpu: '1' } } };
    expect(readPod(raw({ containers: [gpu, container('1')] }))?.extended).toEqual({ 'nvidia.com/gpu': '2' });
  });
  it('names what its nodes must have: one value, or all that would do', () => {
    const affinity = (...terms: readonly object[]) => ({
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
    });
    const type = (...values: readonly string[]) => ({ matchExpressions: [{ key: 'type', operator: 'In', values }] });
    const selector = (more: object) => readPod(raw({ ...podSpec(), ...more }))?.node_selector;
    expect(selector({ nodeSelector: { 'kubernetes.io/arch': 'arm64' } })).toEqual({ 'kubernetes.io/arch': 'arm64' });
    expect(selector({ affinity: affinity(type('m5')) })).toEqual({ type: 'm5' });
    expect(selector({ affinity: affinity(type('m6', 'm5')) })).toEqual({ type: ['In', 'm5', 'm6'] });
    expect(selector({ affinity: affinity(type('m5'), type('m6')) })).toEqual({ type: ['m5', 'm6'] });
    const zone = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] };
    expect(selector({ affinity: affinity(type('m5'), zone) })).toEqual({ type: ['m5'], zone: ['a'] });
  });
});

describe('how often a pod counts', () => {
  it.each([
    ['a Deployment as often as its replicas', { after: deployment(3) }, '87.6000'],
    ['a Deployment without a number once', { after: deployment(undefined) }, '29.2000'],
    [
      'a Deployment of none not at all, even where no pod is known',
      { after: deployment(0, { containers: [] }) },
      '0.0000',
    ],
  ])('%s', (_, asked, usd) => {
    expect(monthly(asked)).toBe(usd);
  });
  it.each(['statefulsets StatefulSet', 'replicasets ReplicaSet'])('in %s like in a Deployment', (name) => {
    const [plural = '', kind] = name.split(' ');
    expect(monthly({ after: { ...deployment(2), kind }, where: place(plural, 'apps') })).toBe('58.4000');
  });
  it('alone once', () => {
    expect(monthly({ after: { kind: 'Pod', spec: podSpec('500m') }, where: place('pods') })).toBe('14.6000');
  });
  const job = (spec: object) => ({ kind: 'Job', spec: { ...spec, template: { spec: podSpec() } } });
  const JOBS = place('jobs', 'batch');
  const ASSUMED = bookOf([{ ...PODS, assume: { hours: '10.5', nodes: '4' } }]);
  it.each([
    [{}, '0.4200'],
    [{ parallelism: 4, completions: 3 }, '1.2600'],
    [{ parallelism: 4, completions: 9 }, '1.6800'],
    [{ parallelism: 2 }, '0.8400'],
    [{ parallelism: 0 }, '0.0000'],
  ])('in a Job as often as it runs at once, for the hours that the entry assumes: %j', (spec, usd) => {
    expect(monthly({ after: job(spec), where: JOBS, book: ASSUMED })).toBe(usd);
  });
  it('in a CronJob as in the Job it makes', () => {
    const cron = { kind: 'CronJob', spec: { jobTemplate: { spec: job({ parallelism: 2 }).spec } } };
    expect(monthly({ after: cron, where: place('cronjobs', 'batch'), book: ASSUMED })).toBe('0.8400');
  });
  it('in a DaemonSet on as many nodes as the entry assumes', () => {
    const daemon = { kind: 'DaemonSet', spec: { template: { spec: podSpec() } } };
    expect(monthly({ after: daemon, where: place('daemonsets', 'apps'), book: ASSUMED })).toBe('116.8000');
    expect(monthly({ after: daemon, where: place('daemonsets', 'apps') })).toBe('unknown');
  });
  it('in a Job for a time that nobody knows, where nothing is assumed', () => {
    expect(price({ after: job({}), where: JOBS }).lines[0]).toMatchObject({ reason: 'usage_missing', delta_usd: null });
  });
});

describe('the price of a change', () => {
  it('is the new state minus the old one', () => {
    expect(monthly({ before: deployment(3), after: deployment(5, podSpec('500m')) })).toBe('-14.6000');
    expect(monthly({ before: deployment(2), after: deployment(3) })).toBe('29.2000');
  });
  it('is negative on a DELETE', () => {
    expect(price({ before: deployment(3) }).lines[0]).toMatchObject({ action: 'delete', delta_usd: '-87.6000' });
  });
  it('is exactly nothing for equal facts, even where no book has a price', () => {
    const image = (tag: string) => deployment(3, { containers: [{ ...container('1'), image: tag }] });
    const priced = price({ before: image('a'), after: image('b'), book: bookOf([]) });
    expect(priced).toMatchObject({ completeness: 'complete', monthly: 0n, priced: 0, unpriced: 0 });
    expect(priced.lines).toMatchObject([{ action: 'no-op', status: 'free', delta_usd: '0.0000' }]);
  });
  it('is nothing for what is settled elsewhere', () => {
    expect(monthly({ after: deployment(9), isSettled: true })).toBe('0.0000');
  });
  it('is not known where one of both states is not', () => {
    const silent = deployment(1, { containers: [{ name: 'c' }] });
    for (const asked of [{ after: silent }, { before: silent }, { before: silent, after: deployment(1) }])
      expect(price(asked)).toMatchObject({ completeness: 'unknown', priced: 0, unpriced: 1 });
  });
  it('is not known where nobody stated an amount, whatever default an entry has for what is absent', () => {
    const book = bookOf([{ ...PODS, components: [part('cpu', ['cpu_milli'], '0.04', { default: '1' })] }]);
    expect(monthly({ after: deployment(1, { containers: [{ name: 'c' }] }), book })).toBe('unknown');
  });
  it('is not known where there is no object at all', () => {
    expect(monthly({})).toBe('unknown');
  });
  it('is not known beyond what money may be', () => {
    expect(monthly({ after: deployment(2_147_483_647, podSpec('999999999')) })).toBe('unknown');
  });
  it('has an hourly amount that is made from the exact monthly one', () => {
    expect(formatUsd6(price({ after: deployment(3) }).hourly)).toBe('0.120000');
    const month = bookOf([{ ...PODS, components: [{ name: 'fee', unit: 'month', unit_price: '0.00004' }] }]);
    const priced = price({ after: deployment(10), book: month });
    expect([formatUsd4(priced.monthly), formatUsd6(priced.hourly)]).toEqual(['0.0004', '0.000001']);
  });
  it('sees cluster, namespace, kind, architecture, node selector and devices', () => {
    const entry = (id: string, match: object) => ({ ...PODS, id, match });
    const chosen = (match: object, spec: object) =>
      price({ after: deployment(1, spec), book: bookOf([entry('it', match)]) }).lines[0]?.entry_id ?? null;
    const arm = podSpec('1', { nodeSelector: { 'kubernetes.io/arch': 'arm64', 'example.com/pool.name': 'big' } });
    expect(chosen({ cluster_id: 'east', namespace: 'shop', kind: 'deployments.apps' }, arm)).toBe('it');
    expect(chosen({ cluster_id: 'west' }, arm)).toBeNull();
    expect(chosen({ architecture: 'arm64' }, arm)).toBe('it');
    expect(chosen({ architecture: { absent_or: ['amd64'] } }, podSpec())).toBe('it');
    expect(chosen({ 'node_selector.example.com/pool.name': 'big' }, arm)).toBe('it');
    expect(chosen({ 'node_selector.example.com/pool.name': 'small' }, arm)).toBeNull();
    const gpu = podSpec('1', {
      containers: [{ resources: { limits: { cpu: '1', memory: '1', 'nvidia.com/gpu': 2 } } }],
    });
    const book = bookOf([{ ...PODS, components: [part('gpu', ['gpu'], '1'), MEMORY] }]);
    expect(monthly({ after: deployment(1, gpu), book })).toBe('1460.0000');
    expect(monthly({ after: deployment(1, podSpec()), book })).toBe('3.1353');
  });
});

describe('claims, services and other kinds', () => {
  const CLAIMS = place('persistentvolumeclaims');
  const pvc = (storage: string, storageClassName = 'gp3') => ({
    kind: 'PersistentVolumeClaim',
    spec: { storageClassName, resources: { requests: { storage } } },
  });
  it('prices a claim by its bytes and class', () => {
    expect(monthly({ after: pvc('100Gi'), where: CLAIMS })).toBe('8.0531');
    expect(monthly({ before: pvc('100Gi'), after: pvc('200Gi'), where: CLAIMS })).toBe('8.0531');
    expect(monthly({ after: pvc('100Gi', 'io2'), where: CLAIMS })).toBe('unknown');
  });
  it('leaves the claims of a StatefulSet to their own reviews', () => {
    const set = {
      ...deployment(1),
      kind: 'StatefulSet',
      spec: { ...deployment(1).spec, volumeClaimTemplates: [pvc('1Ti')] },
    };
    expect(monthly({ after: set, where: place('statefulsets', 'apps') })).toBe('29.2000');
  });
  const SERVICES = place('services');
  const service = (type?: string) => ({ kind: 'Service', spec: type === undefined ? {} : { type } });
  it('prices a Service of type LoadBalancer, and no other', () => {
    expect(monthly({ after: service('LoadBalancer'), where: SERVICES })).toBe('18.2500');
    for (const type of ['ClusterIP', 'NodePort', 'ExternalName', undefined])
      expect(monthly({ after: service(type), where: SERVICES, book: bookOf([]) })).toBe('0.0000');
    expect(monthly({ before: service('LoadBalancer'), after: service('NodePort'), where: SERVICES })).toBe('-18.2500');
  });
  const DATABASES = place('manageddatabases', 'db.example.com');
  const database = (size: number, status = 1) => ({ kind: 'ManagedDatabase', spec: { size }, status: { status } });
  it('does not know a kind that the book does not name', () => {
    expect(price({ after: database(1), where: DATABASES }).lines[0]).toMatchObject({
      type: 'k8s:manageddatabases.db.example.com',
      reason: 'no_entry',
    });
  });
  it('tells a change of such a kind from a change of its status', () => {
    expect(monthly({ before: database(1, 1), after: database(1, 2), where: DATABASES })).toBe('0.0000');
    expect(monthly({ before: database(1), after: database(2), where: DATABASES })).toBe('unknown');
  });
  it('takes a kind that the book calls free as free', () => {
    expect(monthly({ after: { kind: 'Role', rules: [] }, where: place('roles', 'rbac.authorization.k8s.io') })).toBe(
      '0.0000',
    );
  });
});

describe('the scale subresource', () => {
  const SCALE = place('deployments', 'apps', { subresource: 'scale' });
  const scale = (replicas?: number) => ({ kind: 'Scale', spec: replicas === undefined ? {} : { replicas } });
  const unit = readPod(raw(podSpec())) ?? undefined;
  const asked = (before: number | undefined, after: number | undefined): Asked => ({
    before: scale(before),
    after: scale(after),
    where: SCALE,
    ...(unit === undefined ? {} : { unit }),
  });
  it('takes what one pod asks for from the last review of its object', () => {
    expect(monthly(asked(3, 30))).toBe('788.4000');
    expect(monthly(asked(3, undefined))).toBe('-87.6000');
  });
  it('is not known where there was none', () => {
    expect(monthly({ before: scale(3), after: scale(30), where: SCALE })).toBe('unknown');
  });
  it('is nothing where the number stays', () => {
    expect(monthly({ before: scale(3), after: scale(3), where: SCALE })).toBe('0.0000');
  });
});
