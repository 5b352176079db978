import { Server } from '@grpc/grpc-js';
import { Appends } from './appends.js';
import { batchAppend } from './batch-append.js';
import { type Connections, listen } from './connections.js';
import { deleteStream, tombstoneStream } from './deletes.js';
import { getSupportedMethods, readGossip } from './directory.js';
import { type Faults, FaultSwitches } from './faults.js';
import { fileLog, type Log, memoryLog } from './log.js';
import { GossipService, ServerFeaturesService, StreamsService } from './protocol.js';
import { read } from './read-service.js';
import { Store } from './store.js';
import { Subscriptions } from './subscriptions.js';
import { unaryAppend } from './unary-append.js';

export interface EventStoreServerOptions {
  /** Events are kept there, and fsynced before each answer. Without it they live as long as this object. */
  readonly dataDir?: string;
  /** 0 or absent: a free one, the same after each restart. */
  readonly port?: number;
}

export interface EventStoreServer {
  readonly port: number;
  /** `esdb://127.0.0.1:<port>?tls=false` */
  readonly url: string;
  readonly faults: Faults;
  /** All connections are cut at once and nothing is answered any more; stored events stay. */
  kill(): Promise<void>;
  /** After `kill` or `stop`: the same port and data; the best-effort memory of ids is empty. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Takes a stored event away behind the protocol's back. */
  loseEvent(stream: string, revision: bigint): void;
  streamNames(): readonly string[];
}

interface Running {
  readonly store: Store;
  readonly connections: Connections;
}

/** As the real server allows events of 16 MB from inside. */
const MESSAGE_BYTES_MAX = 17 * 1024 * 1024;

const run = async (log: Log, faults: FaultSwitches, port: number): Promise<Running> => {
  const store = await Store.open(log);
  const server = new Server({ 'grpc.max_receive_message_length': MESSAGE_BYTES_MAX });
  const connections = await listen(server, port);
  const appends = new Appends(store, faults);
  const subscriptions = new Subscriptions(store, faults);
  const context = { store, faults, appends, subscriptions, port: connections.port, cut: connections.cut };
  faults.strikeWhenArmed('forget_ids', ({ stream }) => {
    store.forgetIds(stream);
    return 1;
  });
  server.addService(ServerFeaturesService, { getSupportedMethods });
  server.addService(GossipService, { read: readGossip(connections.port) });
  server.addService(StreamsService, {
    read: read(context),
    append: unaryAppend(context),
    batchAppend: batchAppend(context),
    delete: deleteStream(context),
    tombstone: tombstoneStream(context),
  });
  return { store, connections };
};

/** Starts a server that speaks the protocol of EventStoreDB, on loopback, without TLS and without users. */
export const startEventStoreServer = async (options: EventStoreServerOptions = {}): Promise<EventStoreServer> => {
  const faults = new FaultSwitches();
  const log = options.dataDir === undefined ? memoryLog() : fileLog(options.dataDir);
  let running: Running | undefined = await run(log, faults, options.port ?? 0);
  const { port } = running.connections;
  const here = (): Running => {
    if (running === undefined) throw new Error('the server is down');
    return running;
  };
  const kill = async (): Promise<void> => {
    const going = running;
    running = undefined;
    await Promise.all([going?.store.close(), going?.connections.close()]);
  };
  return {
    port,
    url: `esdb://127.0.0.1:${String(port)}?tls=false`,
    faults,
    kill,
    stop: kill,
    restart: async () => {
      if (running !== undefined) throw new Error('the server is up');
      running = await run(log, faults, port);
    },
    loseEvent: (stream, revision) => here().store.lose(stream, revision),
    streamNames: () => here().store.streamNames(),
  };
};
