import { connect, createServer, type Socket } from 'node:net';

/**
 * A TCP proxy that can fall silent: bytes of both directions, and ends of connections, are held back and passed on later
 * in their order. Nobody is told. What a client sent before it gave up still reaches the server, as on a real network.
 */
export interface HoldingProxy {
  readonly port: number;
  hold(): void;
  release(): void;
  /** Pieces that were held back since start: whether the silence was met by anybody. */
  heldCount(): number;
  close(): Promise<void>;
}

/** What waits for the release, over all connections: the order between connections is kept, too. */
class Gate {
  private waiting: (() => void)[] | undefined;
  count = 0;

  pass(deliver: () => void): void {
    if (this.waiting === undefined) {
      deliver();
      return;
    }
    this.count += 1;
    this.waiting.push(deliver);
  }

  hold(): void {
    this.waiting ??= [];
  }

  release(): void {
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    for (const deliver of waiting) deliver();
  }
}

/** Passes on what `from` sends, and that it has ended. */
const forward = (from: Socket, to: Socket, gate: Gate): void => {
  from.on('data', (data: Buffer) => {
    gate.pass(() => to.write(data));
  });
  from.on('error', () => undefined); // Its close follows.
  from.on('close', () => {
    gate.pass(() => to.end());
  });
};

export const startHoldingProxy = async (targetPort: number): Promise<HoldingProxy> => {
  const gate = new Gate();
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(targetPort, '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    forward(client, server, gate);
    forward(server, client, gate);
  });
  const port = await new Promise<number>((resolve, reject) => {
    proxy.once('error', reject);
    proxy.listen(0, '127.0.0.1', () => {
      const address = proxy.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    port,
    hold: () => gate.hold(),
    release: () => gate.release(),
    heldCount: () => gate.count,
    close: () =>
      new Promise((resolve) => {
        gate.release();
        for (const socket of sockets) socket.destroy();
        proxy.close(() => {
          resolve();
        });
      }),
  };
};
