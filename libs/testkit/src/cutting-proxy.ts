import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

/**
 * A TCP proxy in front of a server that cuts connections at chosen moments.
 *
 * - `request`: the next statement that contains the marker never reaches the server
 * - `answer`: it reaches the server and is committed there; the answer never comes back
 */
export interface CuttingProxy {
  readonly port: number;
  /** Cuts the next `times` statements of which `marker` is a part, such as the name of a prepared statement. */
  cut(moment: 'request' | 'answer', marker: string, times?: number): void;
  /** Cuts all connections at once; new ones are let through. */
  cutAll(): void;
  /** How many connections were cut by `cut`. */
  cuts(): number;
  close(): Promise<void>;
}

export interface CuttingProxyOptions {
  /** Default: 127.0.0.1. */
  readonly targetHost?: string;
  /** Whether these bytes end an answer, so that what was asked is done. Default: as Postgres ends one. */
  readonly isAnswer?: (data: Buffer) => boolean;
}

interface Order {
  readonly moment: 'request' | 'answer';
  readonly marker: Buffer;
  left: number;
}

/** ReadyForQuery, idle: the statement before it is over, and durable if it was a write. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
const endsReady = (data: Buffer): boolean => data.subarray(-READY.length).equals(READY);

interface Cutting {
  readonly takeOrder: (data: Buffer) => Order['moment'] | undefined;
  readonly isAnswer: (data: Buffer) => boolean;
}

const relay = (client: Socket, server: Socket, { takeOrder, isAnswer }: Cutting): void => {
  let isAnswerDue = false;
  const end = (): void => {
    client.destroy();
    server.destroy();
  };
  client.on('data', (data: Buffer) => {
    const moment = takeOrder(data);
    if (moment === 'request') end();
    else {
      isAnswerDue ||= moment === 'answer';
      server.write(data);
    }
  });
  server.on('data', (data: Buffer) => {
    if (!isAnswerDue) client.write(data);
    else if (isAnswer(data)) end();
  });
  for (const socket of [client, server]) {
    socket.on('error', end);
    socket.on('close', end);
  }
};

const listen = (server: ReturnType<typeof createServer>): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });

export const startCuttingProxy = async (
  targetPort: number,
  { targetHost = '127.0.0.1', isAnswer = endsReady }: CuttingProxyOptions = {},
): Promise<CuttingProxy> => {
  const orders: Order[] = [];
  const clients = new Set<Socket>();
  let cutCount = 0;
  const takeOrder = (data: Buffer): Order['moment'] | undefined => {
    const order = orders.find(({ left, marker }) => left > 0 && data.includes(marker));
    if (order === undefined) return undefined;
    order.left -= 1;
    cutCount += 1;
    return order.moment;
  };
  const proxy = createServer((client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    relay(client, connect(targetPort, targetHost), { takeOrder, isAnswer });
  });
  const port = await listen(proxy);
  return {
    port,
    cut: (moment, marker, times = 1) => {
      orders.push({ moment, marker: Buffer.from(marker), left: times });
    },
    cutAll: () => {
      for (const client of clients) client.destroy();
    },
    cuts: () => cutCount,
    close: () =>
      new Promise((resolve) => {
        for (const client of clients) client.destroy();
        proxy.close(() => {
          resolve();
        });
      }),
  };
};
