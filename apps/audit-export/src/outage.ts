import { AuditStoreUnavailable, KeyStoreUnavailable, LogUnreadable } from '@verdict/application';
import { problem } from '@verdict/nest-kit';

/** Drivers and the network name their errors by a code; ours have none. */
const isAway = (error: unknown): boolean =>
  error instanceof AuditStoreUnavailable ||
  error instanceof LogUnreadable ||
  (error instanceof Error && 'code' in error && typeof error.code === 'string');

/** Answers 503 while what the answer comes from is away; every other error stays what it is. */
export const orUnavailable = async <Answer>(work: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KeyStoreUnavailable) throw problem('signing_key_unavailable');
    if (isAway(error))
      throw problem('log_unavailable', {
        detail: 'the log or the export store cannot be reached; nothing was changed',
      });
    throw error;
  }
};
