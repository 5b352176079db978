import type { AppendAnswer } from './appends.js';
import { type Expected, NO_STREAM } from './events.js';
import { Any, Code, GoogleEmpty, shared, status, streams } from './protocol.js';
import type { WriteResult } from './store.js';

export type ErrorStatus =
  | Exclude<AppendAnswer, { kind: 'success' } | { kind: 'not_leader' } | { kind: 'wrong_expected_version' }>
  | { readonly kind: 'wrong_expected_version'; readonly current: bigint; readonly expected: Expected }
  | { readonly kind: 'bad_request'; readonly message: string };

type StatusCode = (typeof Code)[keyof typeof Code];
type Success = Extract<WriteResult, { kind: 'success' }>;

interface Message {
  serializeBinary(): Uint8Array;
}

const streamIdentifier = (stream: string): shared.StreamIdentifier =>
  new shared.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'));

const statusOf = (code: StatusCode, message: string, typeName: string, detail: Message): status.Status => {
  const details = new Any();
  details.pack(detail.serializeBinary(), typeName);
  return new status.Status().setCode(code).setMessage(message).setDetails(details);
};

const clientType = (name: string): string => `event_store.client.${name}`;

const wrongExpectedVersion = (current: bigint, expected: Expected): status.Status => {
  const detail = new shared.WrongExpectedVersion();
  if (current === NO_STREAM) detail.setCurrentNoStream(new GoogleEmpty());
  else detail.setCurrentStreamRevision(String(current));
  if (expected === 'any') detail.setExpectedAny(new GoogleEmpty());
  else if (expected === 'stream_exists') detail.setExpectedStreamExists(new GoogleEmpty());
  else if (expected === NO_STREAM) detail.setExpectedNoStream(new GoogleEmpty());
  else detail.setExpectedStreamPosition(String(expected));
  const name = 'WrongExpectedVersion';
  return statusOf(Code.ALREADY_EXISTS, name, clientType(name), detail);
};

const streamDeleted = (stream: string): status.Status => {
  const detail = new shared.StreamDeleted().setStreamIdentifier(streamIdentifier(stream));
  return statusOf(Code.NOT_FOUND, 'StreamDeleted', clientType('StreamDeleted'), detail);
};

const tooLarge = (limit: number): status.Status => {
  const name = 'MaximumAppendSizeExceeded';
  const detail = new shared.MaximumAppendSizeExceeded().setMaxappendsize(limit);
  return statusOf(Code.INVALID_ARGUMENT, name, clientType(name), detail);
};

const errorStatus = (stream: string, error: ErrorStatus): status.Status => {
  switch (error.kind) {
    case 'wrong_expected_version':
      return wrongExpectedVersion(error.current, error.expected);
    case 'stream_deleted':
      return streamDeleted(stream);
    case 'too_large':
      return tooLarge(error.limit);
    case 'access_denied':
      return statusOf(Code.PERMISSION_DENIED, 'AccessDenied', clientType('AccessDenied'), new shared.AccessDenied());
    case 'timeout':
      return statusOf(Code.DEADLINE_EXCEEDED, 'Timeout', clientType('Timeout'), new shared.Timeout());
    case 'busy': // No detail that a client could know it by.
      return statusOf(Code.OK, 'Server Is Busy', 'google.protobuf.Empty', new GoogleEmpty());
    case 'bad_request': {
      const detail = new shared.BadRequest().setMessage(error.message);
      return statusOf(Code.INVALID_ARGUMENT, 'BadRequest', clientType('BadRequest'), detail);
    }
  }
};

const respond = (correlationId: shared.UUID | undefined, stream: string): streams.BatchAppendResp =>
  new streams.BatchAppendResp().setCorrelationId(correlationId).setStreamIdentifier(streamIdentifier(stream));

export const batchError = (
  correlationId: shared.UUID | undefined,
  stream: string,
  error: ErrorStatus,
): streams.BatchAppendResp => respond(correlationId, stream).setError(errorStatus(stream, error));

export const batchSuccess = (
  correlationId: shared.UUID | undefined,
  stream: string,
  { revision, position }: Success,
): streams.BatchAppendResp => {
  const success = new streams.BatchAppendResp.Success();
  if (revision === NO_STREAM) success.setNoStream(new GoogleEmpty());
  else success.setCurrentRevision(String(revision));
  if (position === undefined) success.setNoPosition(new GoogleEmpty());
  else {
    const text = String(position);
    success.setPosition(new shared.AllStreamPosition().setCommitPosition(text).setPreparePosition(text));
  }
  return respond(correlationId, stream).setSuccess(success);
};
