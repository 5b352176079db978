import { afterEach, beforeEach } from '@jest/globals';
import { EventStoreDBClient } from '@eventstore/db-client';
import type { Journals } from '@verdict/application';
import { startEventStoreServer } from '../../../../test/support/eventstore-server/src/index.js';
import type { EventStoreServer, Faults } from '../../../../test/support/eventstore-server/src/index.js';
import type { AppendReport } from '../append/appender.js';
import type { Alarm } from '../errors.js';
import { openEventStoreJournals } from '../open-journals.js';
import type { EventStoreJournalsOptions } from '../open-journals.js';

/** What one adapter has told its observers. */
export interface Told {
  readonly appends: AppendReport[];
  readonly alarms: Alarm[];
  readonly reconnects: string[];
  readonly feedLosses: string[];
  strayAnswers: number;
}

export interface Observed {
  readonly journals: Journals;
  readonly told: Told;
}

export interface WithServer {
  readonly faults: Faults;
  readonly server: EventStoreServer;
  open(options?: Partial<EventStoreJournalsOptions>): Promise<Observed>;
  /** The driver itself, for what somebody else does to the store. */
  raw(): EventStoreDBClient;
}

/** A server of its own for each test of the file, and adapters on it that tell what they tell. */
export const withServer = (): WithServer => {
  const closing: (() => Promise<void>)[] = [];
  let server: EventStoreServer | undefined;
  const here = (): EventStoreServer => {
    if (server === undefined) throw new Error('the server runs during a test only');
    return server;
  };
  beforeEach(async () => {
    server = await startEventStoreServer();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await server?.stop();
  });
  return {
    get faults() {
      return here().faults;
    },
    get server() {
      return here();
    },
    open: async (options = {}) => {
      const told: Told = { appends: [], alarms: [], reconnects: [], feedLosses: [], strayAnswers: 0 };
      const journals = await openEventStoreJournals({
        url: here().url,
        ...{ backoffMs: 5, tryMs: 20_000 },
        onAppend: (report) => told.appends.push(report),
        onAlarm: (alarm) => told.alarms.push(alarm),
        onReconnect: (reason) => told.reconnects.push(reason),
        onFeedLost: (reason) => told.feedLosses.push(reason),
        onStrayAnswer: () => (told.strayAnswers += 1),
        ...options,
      });
      closing.push(() => journals.close());
      return { journals, told };
    },
    raw: () => {
      const client = EventStoreDBClient.connectionString(here().url);
      closing.push(() => client.dispose());
      return client;
    },
  };
};

const DEADLINE_MS = 30_000;

/** Waits until something holds; says what it waited for if it never does. */
export const eventually = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const endMs = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
