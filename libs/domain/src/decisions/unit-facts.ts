import type { PodFacts } from '../pricing/kubernetes/facts.js';
import { BoundedMap } from '../shared/bounded-map.js';
import type { DecisionRecorded } from './decisions.entries.js';
import { readRecordedFacts } from './unit-facts.reader.js';

/**
 * What one pod of a scaled object asks for, by cluster and reference: a Scale object has no template, so its price comes
 * from the last review of the object that was let through.
 *
 * @source protocols section 1.4 rule 5
 */
export type UnitFacts = BoundedMap<PodFacts>;

/** Objects a tenant's state remembers at least; what was forgotten is unknown again. */
export const UNITS_KEPT = 5000;
export const noUnits: UnitFacts = BoundedMap.ofCapacity(UNITS_KEPT);

export const unitKey = (clusterId: string, reference: string): string => `${clusterId}\n${reference}`;

const PERMITTING: ReadonlySet<string> = new Set(['ALLOW', 'ALLOW_WITH_CREDITS']);

interface AskedByReview {
  readonly request: Pick<DecisionRecorded['request'], 'source'>;
  readonly key: Pick<DecisionRecorded['key'], 'is_derived' | 'text'>;
}
/** Only the gate itself derives such a key, from a review of an API server: nobody else's word is taken for one. */
export const isOfReview = ({ request, key }: AskedByReview): boolean =>
  request.source === 'k8s_admission' && key.is_derived && key.text.startsWith('k8s:');

/** Remembers what an object's pods ask for once a review of it was let through. A refused object was not changed. */
export const withUnit = (units: UnitFacts, recorded: DecisionRecorded): UnitFacts => {
  if (!isOfReview(recorded) || recorded.dry_run || !PERMITTING.has(recorded.decision)) return units;
  const facts = readRecordedFacts(recorded.request.metadata);
  return facts === undefined
    ? units
    : units.set(unitKey(facts.clusterId, recorded.request.resource_reference), facts.pod);
};
