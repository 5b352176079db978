import type { handleUnaryCall, ServiceError } from '@grpc/grpc-js';
import { strikeCall } from './call-faults.js';
import { invalidArgument, streamDeleted, wrongExpectedVersion } from './errors.js';
import { type Expected, ticksOf } from './events.js';
import type { FaultSwitches } from './faults.js';
import { shared, streams } from './protocol.js';
import type { Store, WriteResult } from './store.js';
import { readExpected, readStreamName } from './wire.reader.js';

export interface DeleteContext {
  readonly store: Store;
  readonly faults: FaultSwitches;
  readonly port: number;
  cut(peer: string): void;
}

type Options = streams.DeleteReq.Options | streams.TombstoneReq.Options;

/** `any` and `stream_exists` have numbers where there is no other place for them. */
const numberOf = (expected: Expected): bigint =>
  expected === 'any' ? -2n : expected === 'stream_exists' ? -4n : expected;

type Outcome = { readonly error: ServiceError } | { readonly position: bigint | undefined } | 'cut';

const outcome = (stream: string, expected: Expected, result: WriteResult): Outcome => {
  switch (result.kind) {
    case 'success':
      return { position: result.position };
    case 'stream_deleted':
      return { error: streamDeleted(stream) };
    case 'wrong_expected_version':
      return { error: wrongExpectedVersion(stream, numberOf(expected), result.current) };
  }
};

const remove = async (context: DeleteContext, options: Options | undefined, isFinal: boolean): Promise<Outcome> => {
  const stream = readStreamName(options?.getStreamIdentifier());
  const revision = options?.hasRevision() === true ? options.getRevision() : undefined;
  const expected = options === undefined ? undefined : readExpected(options, revision);
  if (stream === undefined || expected === undefined) return { error: invalidArgument('stream and revision required') };
  const { store, faults, port } = context;
  const struck = strikeCall(faults, (name) => name === stream, port);
  if (struck !== undefined) return struck === 'cut' ? 'cut' : { error: struck };
  const write = { stream, expected, createdTicks: ticksOf(Date.now()) };
  return outcome(stream, expected, await (isFinal ? store.tombstone(write) : store.softDelete(write)));
};

export const deleteStream =
  (context: DeleteContext): handleUnaryCall<streams.DeleteReq, streams.DeleteResp> =>
  (call, callback) => {
    void remove(context, call.request.getOptions(), false).then((result) => {
      if (result === 'cut') context.cut(call.getPeer());
      else if ('error' in result) callback(result.error);
      else if (result.position === undefined)
        callback(null, new streams.DeleteResp().setNoPosition(new shared.Empty()));
      else {
        const text = String(result.position);
        const position = new streams.DeleteResp.Position().setCommitPosition(text).setPreparePosition(text);
        callback(null, new streams.DeleteResp().setPosition(position));
      }
    });
  };

export const tombstoneStream =
  (context: DeleteContext): handleUnaryCall<streams.TombstoneReq, streams.TombstoneResp> =>
  (call, callback) => {
    void remove(context, call.request.getOptions(), true).then((result) => {
      if (result === 'cut') context.cut(call.getPeer());
      else if ('error' in result) callback(result.error);
      else if (result.position === undefined)
        callback(null, new streams.TombstoneResp().setNoPosition(new shared.Empty()));
      else {
        const text = String(result.position);
        const position = new streams.TombstoneResp.Position().setCommitPosition(text).setPreparePosition(text);
        callback(null, new streams.TombstoneResp().setPosition(position));
      }
    });
  };
