import type { PodFacts } from '../pricing/kubernetes/facts.js';

/** What a review's metadata say about the pods of a scaled object. */
export interface RecordedFacts {
  readonly clusterId: string;
  readonly pod: PodFacts;
}

const SCALED: ReadonlySet<unknown> = new Set([
  'deployments.apps',
  'statefulsets.apps',
  'replicasets.apps',
  'replicationcontrollers',
]);

interface RecordedMetadata {
  readonly v?: unknown;
  readonly cluster_id?: unknown;
  readonly resource?: unknown;
  readonly facts?: { readonly kind?: unknown; readonly pod?: PodFacts | null } | null;
}

/**
 * Reads the metadata that the gate itself has written for a review.
 *
 * @param metadata RFC 8785 text of version 1.
 * @returns undefined for objects that are not scaled, and where nothing is known of their pods.
 * @source protocols section 1.3, "metadata"
 */
export const readRecordedFacts = (metadata: string): RecordedFacts | undefined => {
  if (!metadata.includes('"kind":"pods"')) return undefined; // Spares the parser: most decisions are no reviews of pods.
  const { v, cluster_id: clusterId, resource, facts } = JSON.parse(metadata) as RecordedMetadata;
  if (v !== 1 || typeof clusterId !== 'string' || !SCALED.has(resource)) return undefined;
  const pod = facts?.kind === 'pods' ? (facts.pod ?? null) : null;
  return pod === null ? undefined : { clusterId, pod };
};
