import type { Journals } from '@verdict/application';
import type { JournalsUnderTest } from '@verdict/testkit';
import { describeJournals, startCuttingProxy } from '@verdict/testkit';
import { startEventStoreServer } from '../../../test/support/eventstore-server/src/index.js';
import type { EventStoreServer, Fault } from '../../../test/support/eventstore-server/src/index.js';
import { openEventStoreJournals } from './open-journals.js';

interface Losses {
  readonly request: Fault;
  readonly answer: Fault;
  readonly tryMs: number;
  readonly repeats?: number;
  readonly backoffMs?: number;
}

/** A server of its own for each test: it is killed, and entries are taken away from it. */
const openUnderTest = async (
  { request, answer, ...settings }: Losses,
  crash: (server: EventStoreServer) => Promise<void>,
): Promise<JournalsUnderTest> => {
  const server = await startEventStoreServer();
  const clients: Journals[] = [];
  const open = async (): Promise<Journals> => {
    const client = await openEventStoreJournals({ url: server.url, pollMs: 100, ...settings });
    clients.push(client);
    return client;
  };
  return {
    journals: await open(),
    another: open,
    loseRequest: () => {
      server.faults.arm(request);
    },
    loseAnswer: () => {
      server.faults.arm(answer);
    },
    losses: () => server.faults.count(request) + server.faults.count(answer),
    crash: () => crash(server),
    loseNotice: () => {
      server.faults.arm('all_gap');
      return Promise.resolve();
    },
    loseEntry: (journal, revision) => {
      server.loseEvent(journal, revision);
      return Promise.resolve();
    },
    close: async () => {
      for (const client of clients) await client.close();
      await server.stop();
    },
  };
};

describeJournals(
  'EventStoreDB, connections cut, server killed',
  () =>
    openUnderTest({ request: 'die_before_commit', answer: 'die_after_commit', tryMs: 20_000 }, async (server) => {
      await server.kill();
      await server.restart();
    }),
  { canSee: false },
);

describeJournals(
  'EventStoreDB, no answer, append calls ended',
  () =>
    openUnderTest(
      { request: 'lose_request', answer: 'never_answer', tryMs: 1_000, repeats: 10, backoffMs: 5 },
      (server) => {
        server.faults.arm('half_close');
        return Promise.resolve();
      },
    ),
  { canSee: false },
);

const { VERDICT_TEST_EVENTSTORE_URL: realUrl } = process.env;

/** A server that is not ours, without TLS: losses come from a proxy that reads what it lets through. */
const openReal = async (url: string): Promise<JournalsUnderTest> => {
  const { hostname, port } = new URL(url);
  const targetPort = Number(port === '' ? 2113 : port);
  const isAnswer = (data: Buffer): boolean => data.includes('decisions-'); // It names the stream of the append.
  const proxy = await startCuttingProxy(targetPort, { targetHost: hostname, isAnswer });
  const clients: Journals[] = [];
  const open = async (clientUrl: string): Promise<Journals> => {
    const client = await openEventStoreJournals({ url: clientUrl, pollMs: 100 });
    clients.push(client);
    return client;
  };
  const cutAll = (): Promise<void> => {
    proxy.cutAll();
    return Promise.resolve();
  };
  return {
    journals: await open(url.replace(/\/\/[^/?]*/, `//127.0.0.1:${String(proxy.port)}`)),
    another: () => open(url),
    loseRequest: () => {
      proxy.cut('request', 'decision_recorded');
    },
    loseAnswer: () => {
      proxy.cut('answer', 'decision_recorded');
    },
    losses: proxy.cuts,
    crash: cutAll,
    loseNotice: cutAll,
    loseEntry: () => Promise.reject(new Error('entries of this server cannot be taken away')),
    close: async () => {
      for (const client of clients) await client.close();
      await proxy.close();
    },
  };
};

if (realUrl !== undefined) {
  describeJournals('EventStoreDB at VERDICT_TEST_EVENTSTORE_URL', () => openReal(realUrl), {
    canLoseEntries: false,
    canSee: false,
  });
}
