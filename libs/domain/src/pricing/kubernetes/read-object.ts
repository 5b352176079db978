import { isRawList, isRawObject, memberOf, NumberToken, textMemberOf, type RawJson } from '../../shared/raw-json.js';
import { sha256Hex } from '../../shared/sha256.js';
import { resourceName, type ObjectFacts, type ObjectPlace, type PodFacts, type PodRun } from './facts.js';
import { readPod } from './pod.js';
import { readQuantity } from './quantity.js';

const TEXT_LENGTH_MAX = 253;
const COUNT_MAX = 2_147_483_647n;
const COUNT = /^[0-9]{1,10}$/;

/** A 32-bit count as the API has them; absent counts as `otherwise`; anything else is not known. */
const countOf = (raw: RawJson | undefined, otherwise: bigint): bigint | null => {
  if (raw === undefined || raw === null) return otherwise;
  if (!(raw instanceof NumberToken) || !COUNT.test(raw.text)) return null;
  const count = BigInt(raw.text);
  return count > COUNT_MAX ? null : count;
};
const text = (amount: bigint | null | undefined): string | null => amount?.toString() ?? null;
const specOf = (value: RawJson | undefined): RawJson | undefined => memberOf(value, 'spec');
const templateSpec = (spec: RawJson | undefined): RawJson | undefined => specOf(memberOf(spec, 'template'));

/** Text in which neither the order of members nor a float parser can make a difference. */
const sortedText = (value: RawJson): string => {
  if (value instanceof NumberToken) return value.text;
  if (isRawList(value)) return `[${value.map(sortedText).join(',')}]`;
  if (!isRawObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${sortedText(value[name] ?? null)}`).join(',')}}`;
};

/** Pods that cannot be told at all are told apart by their hash, so that two of them never pass for equal. */
const pods = (run: PodRun, replicas: bigint | null, spec: RawJson | undefined): ObjectFacts => {
  const pod = readPod(spec);
  return pod === null
    ? { kind: 'other', sha256: sha256Hex(sortedText([text(replicas), spec ?? null])) }
    : { kind: 'pods', pod, replicas: text(replicas), run };
};

const ONE = 1n;
const lesser = (a: bigint | null, b: bigint | null): bigint | null => {
  if (a === null || b === null) return null;
  return a < b ? a : b;
};
/** Pods of a Job that run at once. */
const jobPods = (spec: RawJson | undefined): bigint | null => {
  const parallelism = countOf(memberOf(spec, 'parallelism'), ONE);
  const completions = memberOf(spec, 'completions') ?? null;
  return completions === null ? parallelism : lesser(parallelism, countOf(completions, ONE));
};

type ReadFacts = (object: RawJson) => ObjectFacts;
const replicated: ReadFacts = (object) => {
  const spec = specOf(object);
  return pods('continuous', countOf(memberOf(spec, 'replicas'), ONE), templateSpec(spec));
};
const cronJob: ReadFacts = (object) => {
  const job = specOf(memberOf(specOf(object), 'jobTemplate'));
  return pods('job', jobPods(job), templateSpec(job));
};
const claim: ReadFacts = (object) => {
  const spec = specOf(object);
  const storage = memberOf(memberOf(memberOf(spec, 'resources'), 'requests'), 'storage');
  return {
    kind: 'claim',
    storage_bytes: text(readQuantity(storage, 'one')),
    storage_class: textMemberOf(spec, 'storageClassName')?.slice(0, TEXT_LENGTH_MAX) ?? null,
  };
};
const service: ReadFacts = (object) => {
  const spec = specOf(object);
  return {
    kind: 'service',
    load_balancer_class: textMemberOf(spec, 'loadBalancerClass')?.slice(0, TEXT_LENGTH_MAX) ?? null,
    service_type: (textMemberOf(spec, 'type') ?? 'ClusterIP').slice(0, TEXT_LENGTH_MAX),
  };
};

/** By resource and kind: a subresource may carry an object of another kind, such as Eviction or PodExecOptions. */
const READERS: ReadonlyMap<string, ReadFacts> = new Map<string, ReadFacts>([
  ['pods Pod', (object) => pods('continuous', ONE, specOf(object))],
  ['deployments.apps Deployment', replicated],
  ['statefulsets.apps StatefulSet', replicated],
  ['replicasets.apps ReplicaSet', replicated],
  ['replicationcontrollers ReplicationController', replicated],
  ['daemonsets.apps DaemonSet', (object) => pods('daemon', null, templateSpec(specOf(object)))],
  ['jobs.batch Job', (object) => pods('job', jobPods(specOf(object)), templateSpec(specOf(object)))],
  ['cronjobs.batch CronJob', cronJob],
  ['persistentvolumeclaims PersistentVolumeClaim', claim],
  ['services Service', service],
]);

const FREE_MEMBERS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status']);

const other: ReadFacts = (object) => {
  const said = isRawObject(object) ? Object.entries(object).filter(([name]) => !FREE_MEMBERS.has(name)) : [];
  return { kind: 'other', sha256: sha256Hex(sortedText(Object.fromEntries(said))) };
};

/** What a scaled object's pods ask for, as the last review of it said. */
export type UnitFacts = PodFacts;

/** Scale has no template: replicas come from it, all else from what was known of the object before. */
const scaled = (object: RawJson, unit: UnitFacts | null): ObjectFacts => ({
  kind: 'pods',
  pod: unit,
  replicas: text(countOf(memberOf(specOf(object), 'replicas'), 0n)),
  run: 'continuous',
});

/**
 * The economic facts of one state of an object.
 *
 * @param object `object` or `oldObject` of a review, as the strict reader read it.
 * @param unit what one pod of a scaled object asks for; null: nobody knows.
 * @returns facts of bounded size; what cannot be read in them is null, never 0.
 * @source protocols section 1.4 rules 3 to 5
 */
export const readObjectFacts = (object: RawJson, place: ObjectPlace, unit: UnitFacts | null): ObjectFacts => {
  const kind = textMemberOf(object, 'kind') ?? '';
  if (place.subresource === 'scale' && kind === 'Scale') return scaled(object, unit);
  return (READERS.get(`${resourceName(place)} ${kind}`) ?? other)(object);
};

/**
 * Type under which a book has prices for an object. @source protocols section 1.4 rule 8
 */
export const resourceTypeOf = (facts: ObjectFacts, place: ObjectPlace): string => {
  switch (facts.kind) {
    case 'pods':
      return 'k8s:pod';
    case 'claim':
      return 'k8s:pvc';
    case 'service':
      return 'k8s:service';
    case 'other':
      return otherType(place);
  }
};

const VISIBLE = /^[\x21-\x29\x2b-\x7e]{1,120}$/;
const otherType = (place: ObjectPlace): string => {
  const name = `${resourceName(place)}${place.subresource === '' ? '' : `/${place.subresource}`}`;
  return VISIBLE.test(name) ? `k8s:${name}` : 'k8s:unnameable';
};
