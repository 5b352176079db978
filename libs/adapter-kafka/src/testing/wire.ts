import type { ISocketFactory } from 'kafkajs';
import { connect, Socket } from 'node:net';

/**
 * The network of one client, which tests may cut and forge: brokers cannot tell that from a host that is gone.
 * @source Kafka protocol guide: a frame is its size, then api key, version and correlation id (or the latter in answers)
 */
export interface Wire {
  readonly socketFactory: ISocketFactory;
  /** No connection lives, and none can be made. */
  cut(): void;
  mend(): void;
  /** The next answer to a produce request never comes, though the broker has done what it was asked. */
  loseProduceAnswer(): void;
  /** The next answer to a produce request has this error for its first partition. */
  forgeProduceError(code: number): void;
  /** How many requests of this api key were sent. */
  sent(apiKey: number): number;
}

export const PRODUCE = 0;
export const INIT_PRODUCER_ID = 22;
export const OUT_OF_ORDER_SEQUENCE_NUMBER = 45;
export const UNKNOWN_PRODUCER_ID = 59;

type Forgery = 'lost' | number;

const SIZE_BYTES = 4;

/** Cuts what comes into whole frames. */
const createFramer = (onFrame: (frame: Buffer) => void): ((chunk: Buffer) => void) => {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= SIZE_BYTES && rest.length >= SIZE_BYTES + rest.readInt32BE(0)) {
      const end = SIZE_BYTES + rest.readInt32BE(0);
      onFrame(Buffer.from(rest.subarray(0, end)));
      rest = rest.subarray(end);
    }
  };
};

/** Size, correlation id, number of topics, name, number of partitions, partition, error code. */
const withError = (answer: Buffer, code: number): Buffer => {
  const nameLength = answer.readInt16BE(12);
  answer.writeInt16BE(code, 14 + nameLength + 4 + 4);
  return answer;
};

export const createWire = (): Wire => {
  const sockets = new Set<Socket>();
  const forgeries: Forgery[] = [];
  const counts = new Map<number, number>();
  let isCut = false;

  const watch = (socket: Socket): void => {
    const produced = new Set<number>();
    const requests = createFramer((frame) => {
      const apiKey = frame.readInt16BE(4);
      counts.set(apiKey, (counts.get(apiKey) ?? 0) + 1);
      if (apiKey === PRODUCE) produced.add(frame.readInt32BE(8));
    });
    const write = socket.write.bind(socket);
    socket.write = (data: Buffer, ...rest: []) => {
      requests(data);
      return write(data, ...rest);
    };
    const on = socket.on.bind(socket);
    const answers = (pass: (frame: Buffer) => void): ((chunk: Buffer) => void) =>
      createFramer((frame) => {
        const forgery = produced.delete(frame.readInt32BE(4)) ? forgeries.shift() : undefined;
        if (forgery === 'lost') socket.destroy(new Error('the answer is lost'));
        else pass(forgery === undefined ? frame : withError(frame, forgery));
      });
    socket.on = ((event: string, listener: (data: Buffer) => void) =>
      on(event, event === 'data' ? answers(listener) : listener)) as Socket['on'];
  };

  const socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
    if (isCut) {
      const socket = new Socket();
      setImmediate(() => socket.destroy(new Error('the network is cut')));
      return socket;
    }
    const socket = connect({ host, port }, onConnect);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    watch(socket);
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
    loseProduceAnswer: () => {
      forgeries.push('lost');
    },
    forgeProduceError: (code) => {
      forgeries.push(code);
    },
    sent: (apiKey) => counts.get(apiKey) ?? 0,
  };
};
