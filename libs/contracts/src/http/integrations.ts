import { z } from 'zod';
import { listOf } from './pages.js';
import { EntryReference } from './policy.js';
import { IdempotencyKey, InstantAnswer, InstantText, name, ProjectId, Sha256Text, UuidText } from './scalars.js';

const PREFIX = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const ADDRESS = /^https:\/\/([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(:[1-9][0-9]{0,4})?$/;
const RULES_MAX = 200;
const environment = name(1, 32);

/** `https://host[:port]` in one spelling: lower case, and without the port that https has anyway. */
const Address = z
  .string()
  .regex(ADDRESS, 'https://host or https://host:port, nothing behind it')
  .transform((address) => address.toLowerCase().replace(/:443$/, ''));

const NamespaceRule = z.strictObject({
  namespace: name(1, 253).meta({ description: 'glob over namespaces', examples: ['team-web-*'] }),
  project_id: ProjectId,
  environment,
  from_object: z.boolean().default(false),
  allowed: z.array(name(1, 128)).max(64).default([]),
});

const WorkspaceRule = z.strictObject({
  project: name(1, 256).default('*').meta({ description: 'glob over project names' }),
  workspace: name(1, 256)
    .default('*')
    .meta({ description: 'glob over workspace names', examples: ['web-prod-*'] }),
  project_id: ProjectId,
  environment,
});

const Ways = z
  .array(z.enum(['mtls', 'bearer', 'path']))
  .min(1)
  .max(3);

const CreateClusterBody = z
  .strictObject({
    kind: z.literal('k8s'),
    name: name(1, 128),
    cluster_id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'letters, digits and ._- (at most 63)'),
    ways: Ways,
    client_key_sha256: Sha256Text.optional().meta({
      description: "SHA-256 of the DER of the client certificate's public key (SPKI); needed for mtls",
    }),
    project_rules: z.array(NamespaceRule).max(RULES_MAX).default([]),
    annotation_prefixes: z.array(z.string().regex(PREFIX)).min(1).max(8).optional(),
    trusted_controllers: z.array(name(1, 256)).max(64).optional(),
    idempotency_key: IdempotencyKey.optional(),
  })
  .refine(({ ways, client_key_sha256: key }) => ways.includes('mtls') === (key !== undefined), {
    path: ['client_key_sha256'],
    message: 'given when ways has mtls, and only then',
  });

const CreateRunTaskBody = z.strictObject({
  kind: z.literal('run_task'),
  name: name(1, 128),
  address: Address.meta({ examples: ['https://app.terraform.io'] }),
  project_rules: z.array(WorkspaceRule).max(RULES_MAX).default([]),
  allow_private_address: z.boolean().default(false),
  idempotency_key: IdempotencyKey.optional(),
});

/** @source contract sections 2.1 and 4 */
export const CreateIntegrationBody = z
  .discriminatedUnion('kind', [CreateClusterBody, CreateRunTaskBody])
  .meta({ id: 'CreateIntegration' });

export const RotateIntegrationBody = z
  .strictObject({
    previous_valid_until: InstantText.optional().meta({
      description: 'when the secrets in use end; absent: with the next rotation, or when they are retired',
    }),
    client_key_sha256: Sha256Text.optional().meta({ description: 'public key that takes the place of the one before' }),
    retire_previous: z.literal(true).optional().meta({ description: 'makes no secret, but ends the older of two' }),
    idempotency_key: IdempotencyKey.optional(),
  })
  .refine(
    ({ retire_previous: retires, previous_valid_until: until, client_key_sha256: key }) =>
      retires !== true || (until === undefined && key === undefined),
    { path: ['retire_previous'], message: 'ends a secret and makes none' },
  );
export const RevokeIntegrationBody = z.strictObject({ idempotency_key: IdempotencyKey.optional() });
/** Whatever is there: an id that cannot be one is answered like one that is not there. */
export const RunTaskParams = z.strictObject({ integration_id: z.string() });
export const IntegrationIdParams = z.strictObject({ integration_id: UuidText });

const IntegrationsTerms = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('k8s'), cluster_id: z.string() }),
  z.looseObject({ kind: z.literal('run_task'), address: z.string() }),
]);

export const IntegrationAnswer = z
  .strictObject({
    integration_id: UuidText,
    kind: z.enum(['k8s', 'run_task']),
    name: z.string(),
    status: z.enum(['active', 'revoked']),
    terms: IntegrationsTerms,
    secrets_in_force: z.array(
      z.strictObject({
        ways: z.array(z.string()),
        issued_at: InstantAnswer,
        valid_until: InstantAnswer.nullable(),
      }),
    ),
    created_by: z.string(),
    created_at: InstantAnswer,
    revoked_at: InstantAnswer.nullable(),
    replayed: z.boolean().optional(),
    entry: EntryReference.nullable().optional(),
    secrets: z
      .strictObject({
        bearer: z.string().optional(),
        path_base64url: z.string().optional(),
        path_base32: z.string().optional(),
        hmac_key: z.string().optional(),
      })
      .nullable()
      .optional()
      .meta({ description: 'shown once, in the answer of the call that made them; null when it is repeated' }),
  })
  .meta({ id: 'Integration' });
export const IntegrationsAnswer = listOf(IntegrationAnswer).meta({ id: 'Integrations' });
