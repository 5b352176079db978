import { assertNever, type IntegrationEntry, type IntegrationProof, type PolicyEntry } from '@verdict/domain';
import type { RecordedEntry } from '../journals/entry-log.js';
import type { RowChange } from './changes.js';
import { policyEntry } from './entries.codec.js';

// eslint-disable-next-line complexity -- one case per entry type
const summaryIdOf = (entry: PolicyEntry, revision: bigint): string => {
  switch (entry.type) {
    case 'policy_published':
      return `policy:${entry.payload.version.toString()}`;
    case 'budget_set':
      return `budget:${entry.payload.budget_id}@${entry.payload.version.toString()}`;
    case 'price_book_published':
      return `price_book:${entry.payload.version}`;
    case 'policy_rollout_set':
    case 'policy_cancelled':
      return `policy:${entry.payload.version.toString()}@${revision.toString()}`;
    case 'credit_granted':
      return `credit:${entry.payload.credit_id}`;
    case 'credit_revoked':
      return `credit:${entry.payload.credit_id}@${revision.toString()}`;
    case 'waiver_granted':
      return `waiver:${entry.payload.exception_id}`;
    case 'waiver_revoked':
      return `waiver:${entry.payload.exception_id}@${revision.toString()}`;
    case 'exception_granted':
      return entry.payload.exception_id;
    case 'integration_created':
      return `integration:${entry.payload.integration_id}`;
    case 'integration_secret_rotated':
    case 'integration_secret_retired':
    case 'integration_revoked':
      return `integration:${entry.payload.integration_id}@${revision.toString()}`;
    default:
      return assertNever(entry);
  }
};

const proofRows = (
  place: { readonly tenantId: string; readonly revision: bigint; readonly integrationId: string },
  proofs: readonly IntegrationProof[],
): readonly RowChange[] =>
  proofs.map(({ way, sha256 }) => ({
    op: 'insert',
    table: 'integration_proofs',
    row: {
      tenantId: place.tenantId,
      proofId: `${place.revision.toString()}/${way}`,
      integrationId: place.integrationId,
      way,
      sha256,
    },
  }));

/** What finds an integration: a retired secret stays findable, since its journal alone says whether it is valid. */
const integrationRows = (tenantId: string, revision: bigint, entry: IntegrationEntry): readonly RowChange[] => {
  const { integration_id: integrationId } = entry.payload;
  const place = { tenantId, revision, integrationId };
  switch (entry.type) {
    case 'integration_created': {
      const { terms, created_at: createdAt, proofs } = entry.payload;
      const row = { tenantId, integrationId, kind: terms.kind, revision, createdAt, isRevoked: false };
      return [{ op: 'insert', table: 'integrations', row }, ...proofRows(place, proofs)];
    }
    case 'integration_secret_rotated':
      return proofRows(place, entry.payload.proofs);
    case 'integration_revoked':
      return [{ op: 'update', table: 'integrations', tenantId, integrationId, isRevoked: true }];
    case 'integration_secret_retired':
      return [];
    default:
      return assertNever(entry);
  }
};

const isAboutIntegration = (entry: PolicyEntry): entry is IntegrationEntry => entry.type.startsWith('integration_');

/** Row changes of one entry of `policy-<tenant>`. Throws TypeError for a type that this release does not know. */
export const projectPolicy = (tenantId: string, recorded: RecordedEntry): readonly RowChange[] => {
  const { revision, type } = recorded;
  const entry = policyEntry(recorded);
  return [
    {
      op: 'insert',
      table: 'policy_changes',
      row: { tenantId, revision, type, summaryId: summaryIdOf(entry, revision) },
    },
    ...(isAboutIntegration(entry) ? integrationRows(tenantId, revision, entry) : []),
  ];
};
