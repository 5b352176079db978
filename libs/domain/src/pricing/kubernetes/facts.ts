/** How long and how often the pods of a workload run. */
export type PodRun = 'continuous' | 'job' | 'daemon';

/**
 * What a pod asks of its node. Whole numbers as decimal text, so that facts may be hashed and stored as they are;
 * null: nobody said, so nobody knows.
 */
export interface PodFacts {
  readonly cpu_milli: string | null;
  readonly memory_bytes: string | null;
  /** Every other resource by its name, `nvidia.com/gpu`; what is not here is not asked for. */
  readonly extended: Readonly<Record<string, string>>;
  /** What nodes must have: one text, or a list where several values would do. */
  readonly node_selector: Readonly<Record<string, string | readonly string[]>>;
  readonly runtime_class: string | null;
}

/**
 * The economic facts of one state of an object, and nothing else of it: equal facts cost the same, whatever the image,
 * the labels or the status. @source protocols section 1.3
 */
export type ObjectFacts =
  | { readonly kind: 'pods'; readonly run: PodRun; readonly replicas: string | null; readonly pod: PodFacts | null }
  | { readonly kind: 'claim'; readonly storage_class: string | null; readonly storage_bytes: string | null }
  | { readonly kind: 'service'; readonly service_type: string; readonly load_balancer_class: string | null }
  /** A kind whose cost nobody here can read: what it says is told apart by its hash alone. */
  | { readonly kind: 'other'; readonly sha256: string };

/** An object of the cluster, as far as its price depends on what and where it is. */
export interface ObjectPlace {
  /** Cluster that the integration names. */
  readonly clusterId: string;
  /** '' for what has no namespace. */
  readonly namespace: string;
  /** `deployments`, as the API server converted it. */
  readonly plural: string;
  /** '' for the core group. */
  readonly group: string;
  /** '' when the object itself is concerned. */
  readonly subresource: string;
}

/** `deployments.apps`, `pods`. */
export const resourceName = ({ plural, group }: Pick<ObjectPlace, 'plural' | 'group'>): string =>
  group === '' ? plural : `${plural}.${group}`;
