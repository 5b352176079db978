import { PROBLEMS, type ProblemCode } from './problem-codes.js';

/** One finding in the request. `pointer`: JSON pointer (RFC 6901) into the body, or `/query/<name>` and the like. */
export interface ProblemError {
  readonly pointer: string;
  readonly code: string;
  readonly detail?: string;
}

/** RFC 9457 problem as it leaves; `instance` and `request_id` are set where the request is known. */
export interface Problem {
  readonly type: `urn:verdict:problem:${ProblemCode}`;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly retryable: boolean;
  readonly detail?: string;
  readonly errors?: readonly ProblemError[];
  readonly [extension: string]: unknown;
}

export interface ProblemDetails {
  /** For people; never a stack, SQL or a value that is secret. */
  readonly detail?: string;
  readonly errors?: readonly ProblemError[];
  /** More members, such as `limit`, `differing_fields`, `current_etag`. They never replace a standard one. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Makes the problem of a closed code. */
export const toProblem = (code: ProblemCode, { detail, errors, extra }: ProblemDetails = {}): Problem => ({
  ...extra,
  type: `urn:verdict:problem:${code}`,
  code,
  ...PROBLEMS[code],
  ...(detail === undefined ? {} : { detail }),
  ...(errors === undefined ? {} : { errors }),
});

export interface ProblemHeaders {
  /** Whole seconds, at least 1; 1 is used for 429 and 503 when absent. */
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a controller throws when it refuses; the filter answers with it unchanged. */
export class ProblemException extends Error {
  override readonly name = 'ProblemException';

  constructor(
    readonly problem: Problem,
    readonly answer: ProblemHeaders = {},
  ) {
    super(problem.code);
  }
}

/** Shorthand: `throw problem('not_found')`. */
export const problem = (code: ProblemCode, details?: ProblemDetails, answer?: ProblemHeaders): ProblemException =>
  new ProblemException(toProblem(code, details), answer);
