import { ROUTES } from '@verdict/contracts';
import { setTimeout as pause } from 'node:timers/promises';
import { CliFailure } from '../failure.js';
import type { Client } from '../http/client.js';
import type { Continuation } from '../input/continuation.js';
import { EXIT, type ExitCode, type Io } from '../io.js';

/** How the wait for an approval ended. */
export type WaitEnd =
  | { readonly status: 'consumed'; readonly consumedAt: string }
  | { readonly status: 'denied' | 'expired' | 'withdrawn' }
  | { readonly status: 'waiting' };

export const WAIT_EXITS = {
  consumed: EXIT.yes,
  denied: EXIT.no,
  expired: EXIT.no,
  withdrawn: EXIT.no,
  waiting: EXIT.personNeeded,
} as const satisfies Record<WaitEnd['status'], ExitCode>;

interface Waiting {
  readonly io: Io;
  readonly client: Client;
  readonly state: Continuation & { readonly approval_request_id: string };
  readonly waitMs: number;
}

/** How long to go on, and how long to rest in between. */
interface Until {
  readonly io: Io;
  readonly deadlineMs: number;
  readonly pollMs: number;
}

const POLL_MS_MIN = 200;
const POLL_MS_MAX = 5_000;

/** Nobody knows yet, or the request has not been opened yet: look again. A refusal is final. */
const isPassing = (error: unknown): boolean =>
  error instanceof CliFailure && (error.exit === EXIT.unknown || error.facts.code === 'approval_not_found');

const statusOf = async ({ client, state }: Waiting): Promise<string> => {
  try {
    const params = { approval_id: state.approval_request_id };
    return (await client.send(ROUTES.getApproval, { params })).value.status;
  } catch (error) {
    if (isPassing(error)) return 'pending';
    throw error;
  }
};

const pauseMs = async (io: Io, ms: number): Promise<void> => {
  await pause(ms, undefined, { signal: io.interrupted }).catch(() => {
    throw new CliFailure(EXIT.interrupted, {
      code: 'interrupted',
      title: 'interrupted; the request stays open',
      retry: 'same-key',
      idempotencyKey: null,
    });
  });
};

/** Asks again, under the key of the first time, as long as nobody knows how it ended and there is time. */
const untilKnown = async <Value>({ io, deadlineMs, pollMs }: Until, ask: () => Promise<Value>): Promise<Value> => {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isUnknown = error instanceof CliFailure && error.exit === EXIT.unknown;
      if (!isUnknown || io.now() + pollMs > deadlineMs) throw error;
      await pauseMs(io, pollMs);
    }
  }
};

/** The token that the approver got stays with the approver: whoever asked has a new one made, and uses it at once. */
const consume = async ({ io, client, state }: Waiting, until: Until): Promise<WaitEnd> => {
  const params = { approval_id: state.approval_request_id };
  const newKey = (): string => `cli-${io.newId()}`;
  const reissue = async (): Promise<string | null> => {
    const input = { params, body: '{}', key: newKey() };
    return (await untilKnown(until, () => client.send(ROUTES.reissueToken, input))).value.approval_token;
  };
  // An answer that was lost and repeated has no token any more.
  const body = JSON.stringify({
    approval_token: (await reissue()) ?? (await reissue()),
    ...state.binding,
    estimated_monthly_delta_usd: state.estimated_monthly_delta_usd ?? undefined,
    estimated_hourly_delta_usd: state.estimated_hourly_delta_usd ?? undefined,
  });
  const key = newKey();
  const { value } = await untilKnown(until, () => client.send(ROUTES.consume, { body, key }));
  return { status: 'consumed', consumedAt: value.consumed_at };
};

/** The key in the error is one of ours: with it, the whole command would be another question. */
const maybeUsed = (error: unknown, { state }: Waiting): unknown => {
  if (!(error instanceof CliFailure) || error.facts.retry !== 'same-key') return error;
  const id = state.approval_request_id;
  const hint = `\`verdict approvals show ${id}\` says whether the approval was used`;
  const detail = [error.facts.detail, hint].filter((text) => text !== undefined).join('; ');
  return new CliFailure(error.exit, { ...error.facts, detail, idempotencyKey: null });
};

/** An approval is for one change, once: whoever comes later has to ask again. */
const usedBefore = ({ state }: Waiting): CliFailure =>
  new CliFailure(EXIT.refused, {
    code: 'approval_not_active',
    title: `approval ${state.approval_request_id} has been used already`,
    detail: 'ask again with another --run',
    retry: 'never',
    idempotencyKey: null,
  });

/**
 * Waits until somebody has approved, then uses the approval with the binding of the question. Ends as `waiting` when the
 * time is over: the request stays open, and the same command, or `approvals consume`, goes on from there.
 */
export const waitForApproval = async (waiting: Waiting): Promise<WaitEnd> => {
  const { io, waitMs } = waiting;
  const deadlineMs = io.now() + waitMs;
  const pollMs = Math.min(POLL_MS_MAX, Math.max(POLL_MS_MIN, Math.floor(waitMs / 100)));
  for (;;) {
    const status = await statusOf(waiting);
    if (status === 'granted')
      return consume(waiting, { io, deadlineMs, pollMs }).catch((error: unknown) => {
        throw maybeUsed(error, waiting);
      });
    if (status === 'denied' || status === 'expired' || status === 'withdrawn') return { status };
    if (status === 'consumed') throw usedBefore(waiting);
    if (io.now() + pollMs > deadlineMs) return { status: 'waiting' };
    await pauseMs(io, pollMs);
  }
};
