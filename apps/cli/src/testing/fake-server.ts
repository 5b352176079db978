import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text as readText } from 'node:stream/consumers';

export interface SeenRequest {
  readonly method: string;
  /** Path with query, as it came. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface FakeAnswer {
  readonly status?: number;
  readonly body?: unknown;
  /** Instead of `body`: bytes as they are. */
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** The link breaks instead of an answer. */
  readonly isDropped?: boolean;
}

export interface FakeServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** Answers of a route, one after the other; the last one stays. `GET /a/b`, without query. */
  readonly on: (route: string, ...answers: readonly FakeAnswer[]) => void;
  /** What answers a route that nothing else was said of. */
  readonly otherwise: (answerOf: (request: SeenRequest) => FakeAnswer | undefined) => void;
  readonly close: () => Promise<void>;
}

const answer = (
  response: ServerResponse,
  { status = 200, body, bytes, headers = {}, isDropped = false }: FakeAnswer,
): void => {
  if (isDropped) {
    response.socket?.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(bytes ?? JSON.stringify(body));
};

const NOT_FOUND = { status: 404, body: { code: 'not_found', title: 'There is no such thing', status: 404 } };

/** A real HTTP server on loopback that answers what a test tells it. */
export const startFakeServer = async (): Promise<FakeServer> => {
  const seen: SeenRequest[] = [];
  const planned = new Map<string, FakeAnswer[]>();
  let otherwise: Parameters<FakeServer['otherwise']>[0] = () => undefined;
  const server = createServer((request, response) => {
    const answered = readText(request).then((text) => {
      const { method = '', url: path = '', headers } = request;
      const asked = { method, path, headers, text };
      seen.push(asked);
      const queue = planned.get(`${method} ${path.split('?')[0] ?? ''}`) ?? [];
      answer(response, (queue.length > 1 ? queue.shift() : queue[0]) ?? otherwise(asked) ?? NOT_FOUND);
    });
    // What a test has wrong is seen as such, and not as a server that is silent.
    answered.catch((error: unknown) => {
      answer(response, { status: 500, body: { code: 'test_defect', title: String(error), status: 500 } });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    seen,
    on: (route, ...answers) => {
      planned.set(route, [...answers]);
    },
    otherwise: (answerOf) => {
      otherwise = answerOf;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
};
