import { strikeCall } from './call-faults.js';
import { invalidArgument } from './errors.js';
import type { FaultSwitches } from './faults.js';
import { Outlet, type ReadCall } from './outlet.js';
import { type ReadRequest, readRequest } from './read-request.reader.js';
import { readAll, readStream } from './reads.js';
import type { Store } from './store.js';
import type { Subscriptions } from './subscriptions.js';

export interface ReadContext {
  readonly store: Store;
  readonly faults: FaultSwitches;
  readonly subscriptions: Subscriptions;
  readonly port: number;
  cut(peer: string): void;
}

const concerns =
  (request: ReadRequest) =>
  (stream: string): boolean =>
    'stream' in request ? request.stream === stream : (request.filter?.passesStream(stream) ?? true);

const serve = (context: ReadContext, request: ReadRequest, outlet: Outlet): Promise<void> => {
  switch (request.kind) {
    case 'read_stream':
      return readStream(context.store, request, outlet);
    case 'read_all':
      return readAll(context.store, request, outlet);
    case 'subscribe_stream':
    case 'subscribe_all':
      return context.subscriptions.serve(request, outlet);
  }
};

export const read =
  (context: ReadContext) =>
  (call: ReadCall): void => {
    const outlet = new Outlet(call);
    const request = readRequest(call.request);
    if (typeof request === 'string') {
      outlet.fail(invalidArgument(request));
      return;
    }
    const struck = strikeCall(context.faults, concerns(request), context.port);
    if (struck === 'cut') context.cut(call.getPeer());
    else if (struck !== undefined) outlet.fail(struck);
    else void serve(context, request, outlet);
  };
