import { z } from 'zod';
import { InstantText, Keyed, Sealed, Sha256 } from './scalars.js';

const IntegrationId = z.string().meta({ description: 'id of an integration' });

const ClusterTerms = z.object({
  kind: z.literal('k8s'),
  cluster_id: z.string(),
  project_rules: z
    .array(
      z.object({
        namespace: z.string(),
        project_id: z.string(),
        environment: z.string(),
        from_object: z.boolean(),
        allowed: z.array(z.string()),
      }),
    )
    .meta({ description: 'the first rule whose namespace glob matches counts' }),
  annotation_prefixes: z.array(z.string()),
  trusted_controllers: z.array(z.string()),
});

const RunTaskTerms = z.object({
  kind: z.literal('run_task'),
  address: z.string().meta({ examples: ['https://app.terraform.io'] }),
  project_rules: z
    .array(z.object({ project: z.string(), workspace: z.string(), project_id: z.string(), environment: z.string() }))
    .meta({ description: 'the first rule whose two globs match counts' }),
  allow_private_address: z.boolean(),
});

const Proofs = z
  .array(z.object({ way: z.enum(['mtls', 'bearer', 'path']), sha256: Sha256 }))
  .meta({ description: 'hashes of what the peer shows; the secrets themselves are in no log' });
const HmacKey = Sealed.nullable();

export const IntegrationCreated = z.object({
  integration_id: IntegrationId,
  name: z.string(),
  terms: z.discriminatedUnion('kind', [ClusterTerms, RunTaskTerms]),
  proofs: Proofs,
  hmac_key: HmacKey,
  created_by: z.string(),
  created_at: InstantText,
  idempotency: Keyed,
});

export const IntegrationSecretRotated = z.object({
  integration_id: IntegrationId,
  proofs: Proofs,
  hmac_key: HmacKey,
  previous_valid_until: InstantText.nullable().meta({
    description: 'when the secrets before these end; null: with the next rotation, or when they are retired',
  }),
  rotated_by: z.string(),
  rotated_at: InstantText,
  idempotency: Keyed,
});

export const IntegrationSecretRetired = z.object({
  integration_id: IntegrationId,
  retired_by: z.string(),
  retired_at: InstantText,
  idempotency: Keyed,
});

export const IntegrationRevoked = z.object({
  integration_id: IntegrationId,
  revoked_by: z.string(),
  revoked_at: InstantText,
  idempotency: Keyed,
});
