import { z } from 'zod';
import { IdempotencyKey } from './scalars.js';
import { GateBody, PreflightBody, PreflightAnswer, VerdictAnswer } from './gate.js';

const Source = z.enum(['terraform', 'k8s_admission', 'cloud_event']);
const PreflightItem = PreflightBody.extend({ source: z.literal('terraform') }).meta({ id: 'BatchPreflightItem' });
const GateItem = GateBody.extend({ source: Source }).meta({ id: 'BatchGateItem' });

/** A member of a batch: a preflight if it names a run, a generic question otherwise. @source contract section 5.4 */
export const BatchItem = z.union([PreflightItem, GateItem]);
/** What the items are read with, one by one, so that each defect is told where it is. */
export const BATCH_ITEMS = { preflight: PreflightItem, generic: GateItem } as const;

export const BATCH_ITEMS_MAX = 100;
/** POST /gate/batch. @source contract section 5.4 */
export const BatchBody = z
  .strictObject({
    items: z.array(BatchItem).min(1).max(BATCH_ITEMS_MAX),
    atomic: z.boolean().default(false),
    idempotency_key: IdempotencyKey.optional(),
  })
  .meta({ id: 'BatchRequest' });
/** The same with the items left as they were read. */
export const BatchEnvelope = z.strictObject({
  items: z.array(z.unknown()).min(1).max(BATCH_ITEMS_MAX),
  atomic: z.boolean().default(false),
  idempotency_key: IdempotencyKey.optional(),
});

const MemberProblem = z
  .looseObject({ type: z.string(), code: z.string(), status: z.int(), title: z.string() })
  .meta({ id: 'BatchMemberProblem' });
/** One member: a verdict, or why there is none. */
export const BatchMemberAnswer = z
  .strictObject({
    index: z.int(),
    verdict: z.union([PreflightAnswer, VerdictAnswer]).nullable(),
    problem: MemberProblem.nullable(),
  })
  .meta({ id: 'BatchMember' });
export const BatchAnswer = z
  .strictObject({ atomic: z.boolean(), permitted: z.boolean(), items: z.array(BatchMemberAnswer) })
  .meta({ id: 'BatchVerdict' });
