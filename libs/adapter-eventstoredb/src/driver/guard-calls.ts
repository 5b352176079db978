import type { EventStoreDBClient } from '@eventstore/db-client';
import { memberOf, messageOf } from '../errors.js';

type Listener = (...values: readonly unknown[]) => void;
interface Call {
  on(event: string, listener: Listener): Call;
  destroy(error: Error): unknown;
}
type StartCall = (...settings: readonly unknown[]) => Call;
interface Stub {
  batchAppend?: StartCall;
}
/** Members of the client that its types hide; the version is pinned, and the tests meet each of them. */
interface Internals {
  readonly getGRPCClient: (service: unknown, name: string) => Promise<Stub>;
  readonly handleError: (stub: Stub, error: Error) => Promise<void>;
  readonly getChannel: () => Promise<{ close(): void }>;
}

export interface CallHooks {
  /** An append call was started on this client: all its appends share it. */
  readonly onStarted: () => void;
  /** The append call is over, and with it everything that waits on it. */
  readonly onLost: (reason: string) => void;
  /** The store answered what nobody waits for any more. Counted, and otherwise harmless. */
  readonly onStrayAnswer: () => void;
}

const internalsOf = (client: EventStoreDBClient): Internals => {
  const internals = client as unknown as Partial<Internals>;
  const { getGRPCClient, handleError, getChannel } = internals;
  if (getGRPCClient === undefined || handleError === undefined || getChannel === undefined) {
    throw new Error('this version of @eventstore/db-client is not the one that the adapter was written for');
  }
  return { getGRPCClient, handleError, getChannel };
};

/** A late or second answer makes the client's listener throw outside any promise, which would end the process. */
const tolerant =
  (listener: Listener, onThrown: () => void): Listener =>
  (...values) => {
    try {
      listener(...values);
    } catch {
      onThrown();
    }
  };

/** Such a call ends because the client goes to the leader by itself: the client stays. */
const isNotLeader = (error: unknown): boolean => {
  const metadata = memberOf(error, 'metadata');
  const get = memberOf(metadata, 'get');
  const values: unknown = typeof get === 'function' ? get.call(metadata, 'exception') : undefined;
  return Array.isArray(values) && values.includes('not-leader');
};

const guardCall = (call: Call, hooks: CallHooks): Call => {
  const on = call.on.bind(call);
  let hasFailed = false;
  on('error', (error) => {
    hasFailed = true;
    if (!isNotLeader(error)) hooks.onLost(messageOf(error));
  });
  on('end', () => {
    // The client itself would go on waiting for answers on it, for ever.
    if (!hasFailed) call.destroy(new Error('the store has ended the append call'));
  });
  // The client's own two listeners, which it adds first; those that come later are removed by identity.
  call.on = (event, listener) => {
    if (event === 'data') return on(event, tolerant(listener, hooks.onStrayAnswer));
    if (event !== 'error') return on(event, listener);
    call.on = on;
    return on(
      event,
      tolerant(listener, () => undefined),
    );
  };
  return call;
};

const guardStub = (stub: Stub, hooks: CallHooks): void => {
  const start = stub.batchAppend?.bind(stub);
  if (start === undefined) return;
  stub.batchAppend = (...settings) => {
    hooks.onStarted();
    return guardCall(start(...settings), hooks);
  };
};

/**
 * Watches the one call on which a client sends all its appends. The client keeps what waits for an answer in a table of
 * the whole process: a failing call rejects and forgets the appends of all clients, and an answer to a forgotten one
 * throws a TypeError out of a socket's event. It is caught here, at the listener it is thrown by, so no other
 * exception of the process is touched.
 *
 * @source protocols section 5, rows 3 and 4 of the table
 */
export const guardCalls = (client: EventStoreDBClient, hooks: CallHooks): void => {
  const { getGRPCClient, handleError } = internalsOf(client);
  const guarded = new WeakSet<Stub>();
  const replaced: Pick<Internals, 'getGRPCClient' | 'handleError'> = {
    getGRPCClient: async (service, name) => {
      const stub = await getGRPCClient(service, name);
      if (!guarded.has(stub)) guardStub(stub, hooks);
      guarded.add(stub);
      return stub;
    },
    // Nobody waits for it, so that its rejection would end the process.
    handleError: (stub, error) => handleError(stub, error).catch(() => undefined),
  };
  Object.assign(client, replaced);
};

/** The client's own `dispose` ends its calls and leaves the connection open. */
export const closeChannel = async (client: EventStoreDBClient): Promise<void> => {
  const channel = await internalsOf(client).getChannel();
  channel.close();
};
