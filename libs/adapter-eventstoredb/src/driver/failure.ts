import { ErrorType } from '@eventstore/db-client';
import { JournalsClosed, memberOf } from '../errors.js';

/**
 * `conflict`: the stream is at another revision. `missing`: there is no such stream. `definite`: refused, and not done.
 * `doubtful`: done or not.
 */
export type Failure = 'conflict' | 'missing' | 'definite' | 'doubtful';

/** @source protocols section 5 rule 5 */
const FAILURES: ReadonlyMap<unknown, Failure> = new Map<unknown, Failure>([
  [ErrorType.WRONG_EXPECTED_VERSION, 'conflict'],
  [ErrorType.STREAM_NOT_FOUND, 'missing'],
  [ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED, 'definite'],
  [ErrorType.ACCESS_DENIED, 'definite'],
  [ErrorType.STREAM_DELETED, 'definite'],
  [ErrorType.INVALID_ARGUMENT, 'definite'],
  [new JournalsClosed().type, 'definite'],
]);

export const failureOf = (error: unknown): Failure => FAILURES.get(memberOf(error, 'type')) ?? 'doubtful';

/**
 * The call died, not the request: such errors carry a gRPC status, the answer to one append carries none. On the shared
 * append call it says nothing about a single append, whatever its name.
 */
export const isCallError = (error: unknown): boolean => typeof memberOf(error, 'code') === 'number';
