import { Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** Trailers are ASCII. */
const ascii = (text: string): string => text.replace(/[^\x20-\x7e]/g, encodeURIComponent);

const rpcError = (code: status, details: string, trailers: Readonly<Record<string, string>> = {}): ServiceError => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, ascii(value));
  return Object.assign(new Error(details), { code, details: ascii(details), metadata });
};

export const notLeader = (leader: { readonly host: string; readonly port: number }): ServiceError =>
  rpcError(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': leader.host,
    'leader-endpoint-port': String(leader.port),
  });

export const accessDenied = (): ServiceError =>
  rpcError(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });

export const serverBusy = (): ServiceError => rpcError(status.UNAVAILABLE, 'Server Is Too Busy');

export const serverNotReady = (): ServiceError => rpcError(status.UNAVAILABLE, 'Server Is Not Ready');

export const timedOut = (): ServiceError => rpcError(status.ABORTED, 'Operation timed out');

export const streamDeleted = (stream: string): ServiceError =>
  rpcError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    ...{ exception: 'stream-deleted', 'stream-name': stream },
  });

export const wrongExpectedVersion = (stream: string, expected: bigint, actual: bigint): ServiceError =>
  rpcError(
    status.FAILED_PRECONDITION,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${String(expected)}, Actual version: ${String(actual)}`,
    {
      ...{ exception: 'wrong-expected-version', 'stream-name': stream },
      ...{ 'expected-version': String(expected), 'actual-version': String(actual) },
    },
  );

export const maximumAppendSizeExceeded = (limit: number): ServiceError =>
  rpcError(status.INVALID_ARGUMENT, `Maximum Append Size of ${String(limit)} Exceeded.`, {
    ...{ exception: 'maximum-append-size-exceeded', 'maximum-append-size': String(limit) },
  });

export const requiredMetadataMissing = (property: string): ServiceError =>
  rpcError(status.INVALID_ARGUMENT, `Required Metadata Property '${property}' is missing`, {
    ...{ exception: 'missing-required-metadata-property', 'required-metadata-properties': 'type,content-type' },
  });

export const invalidArgument = (details: string): ServiceError => rpcError(status.INVALID_ARGUMENT, details);
