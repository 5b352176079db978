import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { createServer, type Socket } from 'node:net';

/** Which client a call belongs to: what `getPeer()` of it says. */
export type Peer = string;

export interface Connections {
  readonly port: number;
  cut(peer: Peer): void;
  /** Stops listening and cuts all. */
  close(): Promise<void>;
}

/** Listens for a gRPC server that gets its sockets handed in: only so can they be cut like a cable. */
export const listen = async (server: Server, port: number): Promise<Connections> => {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Map<Peer, Socket>();
  const listener = createServer({ noDelay: true }, (socket) => {
    const peer = `${String(socket.remoteAddress)}:${String(socket.remotePort)}`;
    sockets.set(peer, socket);
    socket.on('close', () => sockets.delete(peer));
    socket.on('error', () => socket.destroy());
    injector.injectConnection(socket);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, '127.0.0.1', resolve);
  });
  const address = listener.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return {
    port: address.port,
    cut: (peer) => sockets.get(peer)?.destroy(),
    close: async () => {
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const socket of sockets.values()) socket.destroy();
      server.forceShutdown();
      await closed;
    },
  };
};
