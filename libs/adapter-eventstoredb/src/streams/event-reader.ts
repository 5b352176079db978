import { BACKWARDS, END, FORWARDS } from '@eventstore/db-client';
import type { EventStoreDBClient, RecordedEvent } from '@eventstore/db-client';
import type { ClockWatch } from '../driver/clock-watch.js';
import type { Connections } from '../driver/connections.js';
import { failureOf } from '../driver/failure.js';
import type { Patience } from '../driver/patience.js';
import { patiently } from '../driver/patience.js';

export interface PageRequest {
  readonly stream: string;
  /** Inclusive. `end` reads backwards from the last event. */
  readonly from: bigint | 'end';
  readonly count: number;
  readonly isBackwards?: boolean;
}

export interface EventReader {
  /** Events of one stream, as the leader has them; a stream that does not exist has none. */
  page(request: PageRequest): Promise<readonly RecordedEvent[]>;
  last(stream: string): Promise<RecordedEvent | undefined>;
}

/** A link is an event of its own here: what it leads to is somebody else's. */
const collect = (client: EventStoreDBClient, request: PageRequest, alive: () => void): Promise<RecordedEvent[]> =>
  new Promise((resolve, reject) => {
    const { stream, from, count, isBackwards = false } = request;
    const events: RecordedEvent[] = [];
    const reading = client.readStream(stream, {
      fromRevision: from === 'end' ? END : from,
      maxCount: count,
      direction: isBackwards ? BACKWARDS : FORWARDS,
      resolveLinkTos: false,
      requiresLeader: true,
    });
    reading.on('data', ({ event }) => {
      alive();
      if (event !== undefined) events.push(event);
    });
    reading.on('end', () => {
      resolve(events);
    });
    reading.on('error', reject); // Stays: an error after the end would find no listener otherwise.
  });

export const createEventReader = (connections: Connections, patience: Patience, clock: ClockWatch): EventReader => {
  const page = async (request: PageRequest): Promise<readonly RecordedEvent[]> => {
    const events = await patiently(patience, async () => {
      try {
        return await connections.run((client, alive) => collect(client, request, alive));
      } catch (error) {
        if (failureOf(error) === 'missing') return [];
        throw error;
      }
    });
    for (const event of events) clock.seen(event);
    return events;
  };
  return {
    page,
    last: async (stream) => (await page({ stream, from: 'end', count: 1, isBackwards: true }))[0],
  };
};
