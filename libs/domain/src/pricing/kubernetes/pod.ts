import { isRawList, isRawObject, memberOf, textMemberOf, type RawJson } from '../../shared/raw-json.js';
import type { PodFacts } from './facts.js';
import { nodeSelectorOf } from './node-selector.js';
import { readQuantity } from './quantity.js';

/** Most kinds of resources that one pod may name; a pod with more is not known. */
const RESOURCES_MAX = 64;
const RESOURCE_NAME_LENGTH_MAX = 317;

const NOTHING_ASKED = 0n;
/** null: not known. */
type Amount = bigint | null;

const listAt = (value: RawJson | undefined, name: string): readonly RawJson[] => {
  const list = memberOf(value, name);
  return isRawList(list) ? list : [];
};

const namesAt = (resources: RawJson | undefined, side: 'requests' | 'limits' | 'overhead'): readonly string[] => {
  const amounts = memberOf(resources, side);
  return isRawObject(amounts) ? Object.keys(amounts) : [];
};

/** Request of one container: a missing one takes the limit, as the API server fills it in for pods. */
const requestOf = (container: RawJson, resource: string): Amount => {
  const resources = memberOf(container, 'resources');
  const unit = resource === 'cpu' ? 'milli' : 'one';
  const asked =
    memberOf(memberOf(resources, 'requests'), resource) ?? memberOf(memberOf(resources, 'limits'), resource);
  if (asked !== undefined) return readQuantity(asked, unit) ?? null;
  // Nobody gets a device without asking; without a request for CPU or memory a container takes what it finds.
  return resource === 'cpu' || resource === 'memory' ? null : NOTHING_ASKED;
};

const plus = (a: Amount, b: Amount): Amount => (a === null || b === null ? null : a + b);
const larger = (a: Amount, b: Amount): Amount => (a === null || b === null ? null : a > b ? a : b);

const isRestartable = (container: RawJson): boolean => textMemberOf(container, 'restartPolicy') === 'Always';

/** max(all that run together; each ordinary init container with the restartable ones started before it). */
const effectiveRequest = (spec: RawJson | undefined, resource: string): Amount => {
  const containers = listAt(spec, 'containers');
  if (containers.length === 0) return null;
  let sidecars: Amount = NOTHING_ASKED;
  let peak: Amount = NOTHING_ASKED;
  for (const container of listAt(spec, 'initContainers')) {
    const request = requestOf(container, resource);
    if (isRestartable(container)) sidecars = plus(sidecars, request);
    else peak = larger(peak, plus(sidecars, request));
  }
  const running = containers.reduce<Amount>((sum, each) => plus(sum, requestOf(each, resource)), sidecars);
  return larger(running, peak);
};

const podLevel = (spec: RawJson | undefined, side: 'requests' | 'limits', resource: string): Amount | undefined => {
  const amount = memberOf(memberOf(memberOf(spec, 'resources'), side), resource);
  return amount === undefined ? undefined : (readQuantity(amount, resource === 'cpu' ? 'milli' : 'one') ?? null);
};

const overheadOf = (spec: RawJson | undefined, resource: string): Amount => {
  const amount = memberOf(memberOf(spec, 'overhead'), resource);
  if (amount === undefined) return NOTHING_ASKED;
  return readQuantity(amount, resource === 'cpu' ? 'milli' : 'one') ?? null;
};

/** Request of the whole pod: its own statement goes before the sum of its containers. */
const podRequest = (spec: RawJson | undefined, resource: string): Amount => {
  const stated = podLevel(spec, 'requests', resource);
  const base =
    stated === undefined ? (effectiveRequest(spec, resource) ?? podLevel(spec, 'limits', resource) ?? null) : stated;
  return plus(base, overheadOf(spec, resource));
};

/** Names of all resources but CPU and memory that any part of the pod asks for; undefined when there are too many. */
const extendedNames = (spec: RawJson | undefined): readonly string[] | undefined => {
  const parts = [
    ...listAt(spec, 'containers'),
    ...listAt(spec, 'initContainers'),
    ...(spec === undefined ? [] : [spec]),
  ];
  const asked = parts.flatMap((part) => {
    const resources = memberOf(part, 'resources');
    return [...namesAt(resources, 'requests'), ...namesAt(resources, 'limits')];
  });
  const names = new Set([...asked, ...namesAt(spec, 'overhead')]);
  names.delete('cpu');
  names.delete('memory');
  const isUsable = names.size <= RESOURCES_MAX && [...names].every((name) => name.length <= RESOURCE_NAME_LENGTH_MAX);
  return isUsable ? [...names].sort() : undefined;
};

const textOf = (amount: Amount): string | null => (amount === null ? null : amount.toString());

const extendedOf = (spec: RawJson | undefined): Readonly<Record<string, string>> | undefined => {
  const amounts = extendedNames(spec)?.map((name) => [name, textOf(podRequest(spec, name))] as const);
  const known = amounts?.flatMap(([name, amount]) => (amount === null ? [] : [[name, amount] as const]));
  return known === undefined || known.length !== amounts?.length ? undefined : Object.fromEntries(known);
};

/**
 * What a pod asks of its node.
 *
 * @param spec `spec` of a Pod or of a template.
 * @returns null when it cannot be told at all: an amount of a device that is no quantity, more than 64 resources,
 *   selectors beyond their limits. A single amount of CPU or memory that nobody stated is null inside.
 * @source protocols section 1.4 rule 2
 */
export const readPod = (spec: RawJson | undefined): PodFacts | null => {
  const extended = extendedOf(spec);
  const selector = nodeSelectorOf(spec);
  if (extended === undefined || selector === undefined) return null;
  return {
    cpu_milli: textOf(podRequest(spec, 'cpu')),
    extended,
    memory_bytes: textOf(podRequest(spec, 'memory')),
    node_selector: selector,
    runtime_class: textMemberOf(spec, 'runtimeClassName')?.slice(0, RESOURCE_NAME_LENGTH_MAX) ?? null,
  };
};
