import { END, streamNameFilter } from '@eventstore/db-client';
import type { RecordedEvent } from '@eventstore/db-client';
import type { Connections } from '../driver/connections.js';
import { Doubtful, messageOf } from '../errors.js';

export interface WakeUpHooks {
  readonly onEvent: (event: RecordedEvent) => void;
  readonly onLost: (reason: string) => void;
}

export interface WakeUp {
  close(): Promise<void>;
}

/**
 * One subscription to `$all` from its end, for streams with the given prefixes. Resolves when the store has confirmed
 * it. No position is kept: what happened before is found by asking for heads, and so is what the subscription loses.
 *
 * @throws Doubtful when it is not confirmed in time.
 * @source protocols section 5 rules 9 and 10
 */
export const openWakeUp = async (
  connections: Connections,
  prefixes: readonly string[],
  hooks: WakeUpHooks,
): Promise<WakeUp> => {
  const connection = await connections.current();
  return connections.run(
    (client) =>
      new Promise<WakeUp>((resolve, reject) => {
        const filter = streamNameFilter({ prefixes: [...prefixes] });
        const subscription = client.subscribeToAll({ fromPosition: END, filter, resolveLinkTos: false });
        let isOver = false;
        const lost = (reason: string): void => {
          reject(new Doubtful(reason)); // Changes nothing once it is confirmed.
          if (!isOver) hooks.onLost(reason);
          isOver = true;
        };
        const forget = connection.onBroken(lost);
        subscription.on('data', ({ event }) => {
          if (event !== undefined && !isOver) hooks.onEvent(event);
        });
        subscription.on('error', (error) => {
          lost(messageOf(error));
        });
        subscription.on('end', () => {
          lost('the store has ended the subscription');
        });
        subscription.on('confirmation', () => {
          resolve({
            close: async () => {
              isOver = true;
              forget();
              await subscription.unsubscribe().catch(() => undefined);
            },
          });
        });
      }),
  );
};
