import { type Evidence, type PricedEvidence, REMOVAL_ACTION } from '../decisions/ask-for-change.js';
import type { ClusterTerms } from '../policy/integrations.entries.js';
import { type ObjectFacts, type ObjectPlace, type PodFacts, resourceName } from '../pricing/kubernetes/facts.js';
import { hasEqualFacts, priceObjectChange, type ObjectChange } from '../pricing/kubernetes/price-object.js';
import { readObjectFacts } from '../pricing/kubernetes/read-object.js';
import { NO_BOOK, type PriceBook } from '../pricing/price-book.js';
import { jcsText } from '../shared/jcs.js';
import { isRawObject, type RawJson } from '../shared/raw-json.js';
import { costAnnotation, NO_ANNOTATION, type CostAnnotation } from './cost-annotation.js';
import { isCoveredByOwner } from './owned.js';
import { admissionPlace } from './place.js';
import { admissionReference, generatedName } from './reference.js';
import { metadataText, namespaceOf, type AdmissionRequest } from './review.js';

/** A review as the gate asks about it. */
export interface AdmissionChange {
  readonly action: 'admission.create' | 'admission.update' | typeof REMOVAL_ACTION | 'admission.connect';
  readonly reference: string;
  readonly projectId: string;
  readonly environment: string;
  /** RFC 8785 text. */
  readonly metadata: string;
  readonly claim: CostAnnotation;
  readonly generatedName: string | null;
  readonly change: ObjectChange;
  readonly warnings: readonly string[];
}

const ACTIONS = {
  CREATE: 'admission.create',
  UPDATE: 'admission.update',
  DELETE: REMOVAL_ACTION,
  CONNECT: 'admission.connect',
} as const satisfies Record<AdmissionRequest['operation'], AdmissionChange['action']>;

const factsOf = (object: RawJson, place: ObjectPlace, unit: PodFacts | null): ObjectFacts | null =>
  isRawObject(object) ? readObjectFacts(object, place, unit) : null;

const isSettled = (request: AdmissionRequest, trusted: readonly string[]): boolean =>
  request.operation === 'CONNECT' ||
  (request.operation === 'UPDATE' && metadataText(request.object, 'deletionTimestamp') !== undefined) ||
  isCoveredByOwner(request, trusted);

/** What one pod of a scaled object asks for, by its reference; null: nobody knows. */
export type FindUnit = (reference: string) => PodFacts | null;

const changeOf = (request: AdmissionRequest, terms: ClusterTerms, find: FindUnit): ObjectChange => {
  const { group, plural, subresource, operation } = request;
  const reference = admissionReference(request);
  const unit = subresource === 'scale' ? find(reference) : null;
  const place = { clusterId: terms.cluster_id, group, namespace: namespaceOf(request), plural, subresource };
  return {
    after: operation === 'DELETE' ? null : factsOf(request.object, place, unit),
    before: operation === 'CREATE' ? null : factsOf(request.oldObject, place, unit),
    isSettled: isSettled(request, terms.trusted_controllers),
    place,
    reference,
  };
};

const claimOf = (request: AdmissionRequest, change: ObjectChange, prefixes: readonly string[]): CostAnnotation =>
  change.isSettled ? NO_ANNOTATION : costAnnotation(request, prefixes, !hasEqualFacts(change));

/**
 * What the gate is asked about a review: no uid, user, label, image or status is in it, so that a roll-out keeps its
 * approval and a larger target does not.
 *
 * @param terms of the cluster's integration.
 * @param unit finds what the last review of a scaled object said.
 * @source protocols section 1.3
 */
export const admissionChange = (request: AdmissionRequest, terms: ClusterTerms, unit: FindUnit): AdmissionChange => {
  const change = changeOf(request, terms, unit);
  const { projectId, environment, warnings } = admissionPlace(request, terms);
  return {
    action: ACTIONS[request.operation],
    change,
    claim: claimOf(request, change, terms.annotation_prefixes),
    environment,
    generatedName: generatedName(request),
    metadata: jcsText({
      cluster_id: terms.cluster_id,
      facts: change.after,
      resource: resourceName(request),
      subresource: request.subresource,
      v: 1,
    }),
    projectId,
    reference: change.reference,
    warnings,
  };
};

/**
 * Evidence that any book prices, once per book however often the decision is repeated. What costs nothing whatever a
 * book says needs none, and what is changed is shown without any.
 */
export const admissionEvidence = (change: ObjectChange): Evidence => {
  let known: { readonly book: PriceBook; readonly priced: PricedEvidence } | undefined;
  const priced = (book: PriceBook): PricedEvidence => {
    if (known?.book !== book) known = { book, priced: priceObjectChange(change, book) };
    return known.priced;
  };
  return {
    priceWith: priced,
    get withoutBook() {
      return priced(NO_BOOK);
    },
  };
};
