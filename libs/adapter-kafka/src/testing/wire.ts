import type { ISocketFactory } from 'kafkajs';
import { connect, Socket } from 'node:net';

/** The network of one client, which tests may cut: brokers cannot tell that from a host that is gone. */
export interface Wire {
  readonly socketFactory: ISocketFactory;
  cut(): void;
  mend(): void;
}

export const createWire = (): Wire => {
  const sockets = new Set<Socket>();
  let isCut = false;
  const socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
    if (isCut) {
      const socket = new Socket();
      setImmediate(() => socket.destroy(new Error('the network is cut')));
      return socket;
    }
    const socket = connect({ host, port }, onConnect);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };
  return {
    socketFactory,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.destroy(new Error('the network is cut'));
    },
    mend: () => {
      isCut = false;
    },
  };
};
