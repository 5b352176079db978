import { openEventStoreJournals } from '@verdict/adapter-eventstoredb';
import { openPostgresJournals } from '@verdict/adapter-postgres';
import type { Journals } from '@verdict/application';
import type { Logger } from 'pino';

/** Which store is the log. */
export type LogChoice =
  | {
      readonly kind: 'postgres';
      /** Role `verdict_service`. */
      readonly url: string;
      /** Measurements only: makes every commit this much slower. */
      readonly commitDelayMs?: number;
    }
  | {
      readonly kind: 'eventstoredb';
      readonly url: string;
      /** Access list of each journal, set at its first use. Absent: the store's default holds. */
      readonly access?: { readonly writer: string; readonly readers: readonly string[] };
    };

/** Opens the log. Rejects when it cannot be reached, or must not be written to before somebody has looked. */
export const openLog = (choice: LogChoice, logger: Logger): Promise<Journals> => {
  const onFeedLost = (reason: string): void => {
    logger.warn({ reason }, 'the log feed lost its connection; polling goes on');
  };
  switch (choice.kind) {
    case 'postgres': {
      const { url, commitDelayMs = 0 } = choice;
      return openPostgresJournals({ url, onFeedLost, ...(commitDelayMs > 0 ? { commitDelayMs } : {}) });
    }
    case 'eventstoredb': {
      const { url, access } = choice;
      return openEventStoreJournals({
        url,
        ...(access === undefined ? {} : { access }),
        onFeedLost,
        onReconnect: (reason) => {
          logger.warn({ reason }, 'the connection to the log was thrown away and is made anew');
        },
        onAlarm: (alarm) => {
          logger.error({ alarm }, 'ALARM: the log is not as it must be');
        },
      });
    }
  }
};
