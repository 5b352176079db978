import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { CliFailure, wrongCall } from '../failure.js';
import { EXIT, type Io } from '../io.js';
import { readInput } from './input-file.js';

/** What `gate preflight --state` leaves for `approvals consume`: the run goes on elsewhere, maybe days later. */
const Continuation = z.object({
  schema: z.literal('verdict.continuation.v1'),
  decision_id: z.string(),
  approval_request_id: z.string().nullable(),
  run_id: z.string(),
  /** null: the question was asked with bare changes. */
  plan_sha256: z.string().nullable(),
  binding: z.object({
    expected_source: z.string(),
    expected_project_id: z.string(),
    expected_environment: z.string(),
    expected_request_fingerprint: z.string(),
    expected_resource_reference: z.string(),
  }),
  /** null: the cost is not known, so no cap can be checked against it. */
  estimated_monthly_delta_usd: z.string().nullable(),
  estimated_hourly_delta_usd: z.string().nullable(),
});
export type Continuation = z.output<typeof Continuation>;

/** What was asked is decided by then, and may hold money: the failure says what it is. */
const lostOf = (path: string, { decision_id: decision, approval_request_id: approval, run_id: run }: Continuation) =>
  new CliFailure(EXIT.incomplete, {
    code: 'file_unwritable',
    title: `it is decided, but ${path} could not be written`,
    detail: [
      `decision ${decision}`,
      ...(approval === null ? [] : [`approval ${approval}`]),
      `the same command with --run ${run} gets the same answer`,
    ].join('; '),
    retry: 'never',
    idempotencyKey: null,
  });

export const writeContinuation = async (io: Io, path: string, continuation: Continuation): Promise<void> => {
  const text = `${JSON.stringify(continuation, null, 2)}\n`;
  await writeFile(resolve(io.cwd, path), text, { mode: 0o600 }).catch(() => {
    throw lostOf(path, continuation);
  });
};

const jsonOf = (bytes: Uint8Array): unknown => {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return value;
  } catch {
    return undefined;
  }
};

export const readContinuation = async (io: Io, path: string): Promise<Continuation> => {
  const bytes = await readInput(io, path);
  const parsed = Continuation.safeParse(jsonOf(bytes));
  if (parsed.success) return parsed.data;
  throw wrongCall('state_invalid', `${path} is not a state file`, '`verdict gate preflight --state FILE` writes it');
};
