import type { Instant, Sha256Hex } from '../shared/brand.js';
import type { Entry, Keyed, PersonalText } from '../shared/entry.js';

/** How the API server of a cluster proves who it is. */
export type ProofWay = 'mtls' | 'bearer' | 'path';

/** A proof as the ledger knows it: `mtls` the SHA-256 of the client's public key, else of a secret shown once. */
export interface IntegrationProof {
  readonly way: ProofWay;
  readonly sha256: Sha256Hex;
}

/** Which project and environment the objects of a namespace belong to; the first rule that matches counts. */
export interface NamespaceRule {
  readonly namespace: string;
  readonly project_id: string;
  readonly environment: string;
  /** The object's own annotations or labels may name project and environment, if `allowed` lets them. */
  readonly from_object: boolean;
  /** Globs over the project an object names. */
  readonly allowed: readonly string[];
}

export interface ClusterTerms {
  readonly kind: 'k8s';
  readonly cluster_id: string;
  readonly project_rules: readonly NamespaceRule[];
  /** The first prefix that has a key counts. */
  readonly annotation_prefixes: readonly string[];
  /** Globs over the user names of controllers whose objects cost nothing again. */
  readonly trusted_controllers: readonly string[];
}

/** Which project and environment the runs of a workspace belong to; the first rule whose two globs match counts. */
export interface WorkspaceRule {
  readonly project: string;
  readonly workspace: string;
  readonly project_id: string;
  readonly environment: string;
}

export interface RunTaskTerms {
  readonly kind: 'run_task';
  /** `https://host[:port]`: the only place that runs come from and answers go to. */
  readonly address: string;
  readonly project_rules: readonly WorkspaceRule[];
  /** The peer may lie on a private network. */
  readonly allow_private_address: boolean;
}

export type IntegrationTerms = ClusterTerms | RunTaskTerms;

/** Entries of `policy-<tenant>` about who may ask without a token: clusters and Terraform installations. */
export type IntegrationEntry =
  | Entry<
      'integration_created',
      {
        readonly integration_id: string;
        readonly name: string;
        readonly terms: IntegrationTerms;
        readonly proofs: readonly IntegrationProof[];
        /** Key of the peer's signatures, sealed: it must be used again, and nobody may read it in the ledger. */
        readonly hmac_key: PersonalText | null;
        readonly created_by: string;
        readonly created_at: Instant;
        readonly idempotency: Keyed;
      }
    >
  | Entry<
      'integration_secret_rotated',
      {
        readonly integration_id: string;
        readonly proofs: readonly IntegrationProof[];
        readonly hmac_key: PersonalText | null;
        /** When the secrets before these end; null: with the next rotation, or when they are retired. */
        readonly previous_valid_until: Instant | null;
        readonly rotated_by: string;
        readonly rotated_at: Instant;
        readonly idempotency: Keyed;
      }
    >
  | Entry<
      'integration_secret_retired',
      {
        readonly integration_id: string;
        readonly retired_by: string;
        readonly retired_at: Instant;
        readonly idempotency: Keyed;
      }
    >
  | Entry<
      'integration_revoked',
      {
        readonly integration_id: string;
        readonly revoked_by: string;
        readonly revoked_at: Instant;
        readonly idempotency: Keyed;
      }
    >;
