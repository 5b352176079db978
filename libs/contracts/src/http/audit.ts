import { z } from 'zod';
import { AsOf, listOf, pageQuery } from './pages.js';
import { IdempotencyKey, InstantAnswer, name, Sha256Text, UuidText, wholeNumber } from './scalars.js';

export const KindText = z.enum(['policy', 'decisions', 'approvals', 'reservations']);
const Range = z.tuple([z.int().min(0), z.int().min(1)]);

/** POST /exports: half-open revision ranges per journal; a journal that is left out is exported whole. */
export const CreateExportBody = z
  .strictObject({
    series: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
      .default('default'),
    journals: z.array(KindText).min(1).max(4).optional(),
    revisions: z
      .strictObject({
        policy: Range.optional(),
        decisions: Range.optional(),
        approvals: Range.optional(),
        reservations: Range.optional(),
      })
      .optional(),
    max_entries: z.int().min(1).max(5_000_000).optional(),
    idempotency_key: IdempotencyKey.optional(),
  })
  .meta({ id: 'ExportRequest' });
export const ExportAnswer = z
  .strictObject({
    export_id: UuidText,
    status: z.enum(['queued', 'running', 'ready', 'failed', 'expired']),
    series: z.string(),
    ranges: z.record(z.string(), z.strictObject({ from: z.int(), to: z.int() })),
    progress: z.strictObject({ entries: z.int(), total: z.int() }),
    content_sha256: Sha256Text.nullable(),
    manifest_sha256: Sha256Text.nullable(),
    size: z.int().nullable(),
    failure: z.string().nullable(),
    created_at: InstantAnswer,
    created_by: z.string(),
    replayed: z.boolean().optional(),
  })
  .meta({ id: 'Export' });
export const ExportIdParams = z.strictObject({ export_id: UuidText });
export const ExportsQuery = pageQuery({});
export const ExportsAnswer = listOf(ExportAnswer).meta({ id: 'Exports' });
export const ParityAnswer = z
  .strictObject({
    parity_ok: z.boolean(),
    counts: z.record(z.string(), z.int()),
    ids_sha256: z.record(z.string(), z.strictObject({ journal: Sha256Text, read_model: Sha256Text })),
    gaps: z.array(z.string()),
    mismatches: z.array(z.string()),
  })
  .meta({ id: 'Parity' });

export const LedgerQuery = z.strictObject({
  limit: wholeNumber(1, 1000).default(50),
  cursor: z.string().max(512).optional(),
  journal: KindText.default('decisions'),
  from_revision: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
  to_revision: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
  type: name(1, 64).optional(),
});
export const LedgerItem = z
  .strictObject({ revision: z.int(), leaf_hash: Sha256Text, envelope: z.looseObject({}), payload: z.looseObject({}) })
  .meta({ id: 'LedgerEntry' });
export const LedgerAnswer = z.strictObject({
  items: z.array(LedgerItem),
  next_cursor: z.string().nullable(),
  as_of: AsOf,
  contiguous: z.boolean(),
  first_revision: z.int().nullable(),
  last_revision: z.int().nullable(),
});
export const CheckpointAnswer = z
  .strictObject({ origin: z.string(), size: z.int(), root: z.string(), note: z.string(), published_at: InstantAnswer })
  .meta({ id: 'Checkpoint' });
export const CheckpointsAnswer = listOf(CheckpointAnswer);
export const KindParams = z.strictObject({ kind: KindText });
export const JwksAnswer = z.looseObject({ keys: z.array(z.looseObject({})) }).meta({ id: 'Jwks' });
