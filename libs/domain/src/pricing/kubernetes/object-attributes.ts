import type { Attribute, Facts } from '../attributes.js';
import { resourceName, type ObjectFacts, type ObjectPlace, type PodFacts } from './facts.js';

const ABSENT: Attribute = { kind: 'absent' };
const UNKNOWN: Attribute = { kind: 'unknown' };

const known = (text: string): Attribute => ({ kind: 'value', text });
const stated = (text: string | null): Attribute => (text === null ? ABSENT : known(text));
/** An amount that nobody stated is not absent: a default would be a guess. */
const amount = (text: string | null): Attribute => (text === null ? UNKNOWN : known(text));

const ARCHITECTURES = ['kubernetes.io/arch', 'beta.kubernetes.io/arch'] as const;

const selected = (pod: PodFacts, label: string): Attribute => {
  const wanted = Object.hasOwn(pod.node_selector, label) ? pod.node_selector[label] : undefined;
  if (wanted === undefined) return ABSENT;
  return typeof wanted === 'string' ? known(wanted) : UNKNOWN;
};

const architectureOf = (pod: PodFacts): Attribute => {
  const label = ARCHITECTURES.find((each) => Object.hasOwn(pod.node_selector, each));
  return label === undefined ? ABSENT : selected(pod, label);
};

const GPU = /(?:^|[./])gpu$/;
const gpusOf = ({ extended }: PodFacts): Attribute => {
  const counts = Object.entries(extended).filter(([name]) => GPU.test(name));
  return known(counts.reduce((sum, [, count]) => sum + BigInt(count), 0n).toString());
};

/** Labels and resource names have dots, which a matcher's path is cut at. */
const rest = (path: readonly (string | number)[]): string => path.slice(1).join('.');

const resource = (pod: PodFacts, name: string): Attribute =>
  known((Object.hasOwn(pod.extended, name) ? pod.extended[name] : undefined) ?? '0');

type ReadPodAttribute = (pod: PodFacts, path: readonly (string | number)[]) => Attribute;
const POD_ATTRIBUTES: ReadonlyMap<string | number | undefined, ReadPodAttribute> = new Map<string, ReadPodAttribute>([
  ['cpu_milli', (pod) => amount(pod.cpu_milli)],
  ['memory_bytes', (pod) => amount(pod.memory_bytes)],
  ['gpu', gpusOf],
  ['extended', (pod, path) => resource(pod, rest(path))],
  ['node_selector', (pod, path) => selected(pod, rest(path))],
  ['architecture', architectureOf],
  ['class', (pod) => stated(pod.runtime_class)],
]);

const podAttribute = (pod: PodFacts | null, path: readonly (string | number)[]): Attribute =>
  pod === null ? UNKNOWN : (POD_ATTRIBUTES.get(path[0])?.(pod, path) ?? ABSENT);

const claimAttribute = (
  facts: Extract<ObjectFacts, { kind: 'claim' }>,
  [name]: readonly (string | number)[],
): Attribute => {
  if (name === 'storage_bytes') return amount(facts.storage_bytes);
  return name === 'class' ? stated(facts.storage_class) : ABSENT;
};

/** What a kind that nobody here reads may say. */
const UNREAD: ReadonlySet<string | number | undefined> = new Set(['class', 'architecture', 'node_selector']);

const ownAttribute = (facts: ObjectFacts, path: readonly (string | number)[]): Attribute => {
  switch (facts.kind) {
    case 'pods':
      return podAttribute(facts.pod, path);
    case 'claim':
      return claimAttribute(facts, path);
    case 'service':
      return path[0] === 'class' ? stated(facts.load_balancer_class) : ABSENT;
    case 'other':
      return UNREAD.has(path[0]) ? UNKNOWN : ABSENT;
  }
};

/**
 * What the matchers and quantities of a price book see of an object.
 *
 * Paths: `cluster_id`, `namespace`, `kind` (`deployments.apps`), `class` (storage class, load balancer class, runtime
 * class), `architecture`, `node_selector.<label>`; amounts of one pod or claim: `cpu_milli`, `memory_bytes`, `gpu`,
 * `extended.<resource>`, `storage_bytes`.
 *
 * @source protocols section 1.4 rule 8
 */
export const objectAttributes =
  (facts: ObjectFacts, place: ObjectPlace): Facts =>
  (path) => {
    switch (path[0]) {
      case 'cluster_id':
        return known(place.clusterId);
      case 'namespace':
        return place.namespace === '' ? ABSENT : known(place.namespace);
      case 'kind':
        return known(resourceName(place));
      default:
        return ownAttribute(facts, path);
    }
  };
