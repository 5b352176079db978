import { afterEach } from '@jest/globals';
import {
  type AllStreamSubscription,
  binaryEvent,
  EventStoreDBClient,
  type StreamSubscription,
} from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';

/** A stream that no other test uses, on whatever server. */
export const freshStream = (kind = 'test'): string => `${kind}-${randomUUID()}`;

export const event = (text: string, id: string = randomUUID()): ReturnType<typeof binaryEvent> =>
  binaryEvent({ id, type: 'happened', data: Buffer.from(text) });

/** Data as text, whichever way the client gives them. */
export const textOf = (data: unknown): string =>
  ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')
    : JSON.stringify(data);

/** The texts of a stream's events, by revision. */
export const texts = async (client: EventStoreDBClient, stream: string): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const { event: recorded } of client.readStream(stream)) found.push(textOf(recorded?.data));
  return found;
};

/** Clients that the running test opens; all are disposed after it. */
export const useClients = (): ((url: string) => EventStoreDBClient) => {
  const clients: EventStoreDBClient[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.dispose()));
  });
  return (url) => {
    const client = EventStoreDBClient.connectionString(url);
    clients.push(client);
    return client;
  };
};

const DEADLINE_MS = 30_000;
const STEP_MS = 5;

/** Waits until something holds; says what it waited for if it never does. */
export const eventually = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const endMs = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
};

/** What a subscription said, in order. */
export interface Heard {
  readonly texts: string[];
  readonly signals: string[];
  readonly errors: Error[];
}

export const listenTo = (subscription: StreamSubscription | AllStreamSubscription): Heard => {
  const heard: Heard = { texts: [], signals: [], errors: [] };
  for (const signal of ['confirmation', 'caughtUp', 'fellBehind'] as const) {
    subscription.on(signal, () => heard.signals.push(signal));
  }
  subscription.on('error', (error: Error) => heard.errors.push(error));
  subscription.on('data', ({ event: recorded }: { readonly event?: { readonly data: unknown } }) => {
    heard.texts.push(textOf(recorded?.data));
  });
  return heard;
};

/** A promise that may stay open: what became of it so far. A late rejection is nobody's surprise. */
export interface Tracked<T> {
  readonly outcome: () => 'open' | 'fulfilled' | 'rejected';
  readonly settled: Promise<PromiseSettledResult<T>>;
}

export const track = <T>(promise: Promise<T>): Tracked<T> => {
  let outcome: 'open' | 'fulfilled' | 'rejected' = 'open';
  const settled = Promise.allSettled([promise]).then(([result]) => {
    outcome = result.status;
    return result;
  });
  return { outcome: () => outcome, settled };
};
