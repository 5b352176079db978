import type { Instant } from '../shared/brand.js';
import { assertNever } from '../shared/entry.js';
import { globMatches } from '../shared/glob.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type {
  ClusterTerms,
  IntegrationEntry,
  IntegrationProof,
  IntegrationTerms,
  RunTaskTerms,
} from './integrations.entries.js';

/** Proofs, or the key, that one entry brought in. */
export interface IntegrationSecrets {
  /** Revision of that entry; a sealed key is read from there. */
  readonly revision: bigint;
  readonly proofs: readonly IntegrationProof[];
  readonly issuedAt: Instant;
  /** null: until the next rotation, or until they are retired. */
  readonly validUntil: Instant | null;
}

export interface Integration<Terms extends IntegrationTerms = IntegrationTerms> {
  readonly integrationId: string;
  readonly revision: bigint;
  readonly name: string;
  readonly terms: Terms;
  /** Newest first, at most two. */
  readonly secrets: readonly IntegrationSecrets[];
  readonly createdBy: string;
  readonly createdAt: Instant;
  readonly revokedAt: Instant | null;
}
export type Integrations = PersistentMap<Integration>;

export const noIntegrations: Integrations = PersistentMap.empty;

/** Revoked ones are shown until this many are known; then the oldest of them leave. */
export const INTEGRATIONS_REMEMBERED = 200;

/** The secrets that are valid now: none of a revoked integration, at most two while rotating. @source contract section 2.1 */
export const secretsInForce = ({ secrets, revokedAt }: Integration, now: Instant): readonly IntegrationSecrets[] =>
  revokedAt === null ? secrets.filter(({ validUntil }) => validUntil === null || now < validUntil) : [];

/** Whether two hashes are equal, in a time that does not tell where they differ. */
const isSameHash = (a: string, b: string): boolean => {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at += 1) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
};

/** Whether the proof is one of the integration's, now. @source contract section 2.1 */
export const hasProof = (integration: Integration, proof: IntegrationProof, now: Instant): boolean =>
  secretsInForce(integration, now).some(({ proofs }) =>
    proofs.some(({ way, sha256 }) => way === proof.way && isSameHash(sha256, proof.sha256)),
  );

export const isCluster = (integration: Integration): integration is Integration<ClusterTerms> =>
  integration.terms.kind === 'k8s';
export const isRunTask = (integration: Integration): integration is Integration<RunTaskTerms> =>
  integration.terms.kind === 'run_task';

/** The rule of a namespace, if any: the first that matches. @source protocols section 1.3 */
export const namespaceRuleOf = ({ project_rules }: ClusterTerms, namespace: string) =>
  project_rules.find((rule) => globMatches(rule.namespace, namespace));

/** The rule of a workspace, if any: the first whose two globs match. @source protocols section 2 */
export const workspaceRuleOf = ({ project_rules }: RunTaskTerms, project: string, workspace: string) =>
  project_rules.find((rule) => globMatches(rule.project, project) && globMatches(rule.workspace, workspace));

const withoutOldest = (known: Integrations): Integrations => {
  if (known.size <= INTEGRATIONS_REMEMBERED) return known;
  const oldest = [...known.values()]
    .filter(({ revokedAt }) => revokedAt !== null)
    .reduce<Integration | undefined>(
      (least, each) => (least === undefined || each.revision < least.revision ? each : least),
      undefined,
    );
  return oldest === undefined ? known : known.delete(oldest.integrationId);
};

const change = (known: Integrations, id: string, changed: (integration: Integration) => Integration): Integrations => {
  const integration = known.get(id);
  return integration === undefined ? known : known.set(id, changed(integration));
};

type Rotated = Extract<IntegrationEntry, { type: 'integration_secret_rotated' }>['payload'];
const rotated = (
  integration: Integration,
  { proofs, rotated_at, previous_valid_until }: Rotated,
  revision: bigint,
): Integration => ({
  ...integration,
  secrets: [
    { revision, proofs, issuedAt: rotated_at, validUntil: null },
    ...integration.secrets.slice(0, 1).map((secrets) => ({ ...secrets, validUntil: previous_valid_until })),
  ],
});

/** Folds one entry about an integration. */
export const evolveIntegrations = (known: Integrations, entry: IntegrationEntry, revision: bigint): Integrations => {
  const { payload } = entry;
  switch (entry.type) {
    case 'integration_created': {
      const { integration_id: integrationId, name, terms, proofs, created_at: createdAt } = entry.payload;
      const secrets = [{ revision, proofs, issuedAt: createdAt, validUntil: null }];
      const made = { integrationId, revision, name, terms, secrets, createdBy: entry.payload.created_by, createdAt };
      return withoutOldest(known.set(integrationId, { ...made, revokedAt: null }));
    }
    case 'integration_secret_rotated':
      return change(known, payload.integration_id, (each) => rotated(each, entry.payload, revision));
    case 'integration_secret_retired':
      return change(known, payload.integration_id, (each) => ({ ...each, secrets: each.secrets.slice(0, 1) }));
    case 'integration_revoked':
      return change(known, payload.integration_id, (each) => ({ ...each, revokedAt: entry.payload.revoked_at }));
    default:
      return assertNever(entry);
  }
};

/** What a cluster has unless it says otherwise. @source protocols sections 1.3 and 1.4 */
export const DEFAULT_ANNOTATION_PREFIXES: readonly string[] = ['verdict.io', 'valdrics.io'];
/** The accounts under which the control plane makes pods of workloads that were reviewed themselves. */
export const DEFAULT_TRUSTED_CONTROLLERS: readonly string[] = [
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'daemon-set-controller',
  'job-controller',
  'cronjob-controller',
].map((account) => `system:serviceaccount:kube-system:${account}`);
