/** A webhook as a ValidatingWebhookConfiguration and the API server's own admission configuration describe it. */
export interface Webhook {
  /** Three dot-separated parts at least. */
  readonly name: string;
  readonly url: string;
  /** 1 to 30. */
  readonly timeoutSeconds: number;
  readonly failurePolicy: 'Ignore' | 'Fail';
  /** From the kubeconfig that the API server is given. */
  readonly bearerToken?: string;
  readonly client?: { readonly key: string; readonly cert: string };
  readonly caBundle?: string;
  /** Resources it is registered for, `deployments`, `deployments/scale`; absent: all. */
  readonly resources?: readonly string[];
}

export interface User {
  readonly username: string;
  readonly groups?: readonly string[];
}

export interface KubernetesObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly [member: string]: unknown };
  readonly [member: string]: unknown;
}

/** What is admitted: one attempt of one request of a user. */
export interface Attempt {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly plural: string;
  readonly subresource?: string;
  readonly name: string;
  readonly namespace: string;
  readonly object: KubernetesObject | null;
  readonly oldObject: KubernetesObject | null;
  readonly user: User;
  readonly dryRun?: boolean;
  /** What is left of the user's own request, in milliseconds. */
  readonly remainingMs?: number;
}

/** The answer that the user sees, and what the cluster writes down. */
export interface Admitted {
  readonly allowed: boolean;
  /** Of a denial; 0 when allowed. */
  readonly code: number;
  readonly message: string;
  readonly warnings: readonly string[];
  /** Of the audit event. */
  readonly annotations: Readonly<Record<string, string>>;
  /** What the API server writes to its own log only: lost annotations, dropped warnings, calls that failed open. */
  readonly complaints: readonly string[];
}

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}
/** The few kinds that it knows. */
export const KINDS: Readonly<Record<string, Kind>> = {
  deployments: { group: 'apps', version: 'v1', kind: 'Deployment' },
  statefulsets: { group: 'apps', version: 'v1', kind: 'StatefulSet' },
  replicasets: { group: 'apps', version: 'v1', kind: 'ReplicaSet' },
  jobs: { group: 'batch', version: 'v1', kind: 'Job' },
  daemonsets: { group: 'apps', version: 'v1', kind: 'DaemonSet' },
  pods: { group: '', version: 'v1', kind: 'Pod' },
  services: { group: '', version: 'v1', kind: 'Service' },
  persistentvolumeclaims: { group: '', version: 'v1', kind: 'PersistentVolumeClaim' },
};
