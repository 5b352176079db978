import { EXIT, type ExitCode } from './io.js';

export interface FailedField {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

/** What a script reads of an error; `retry` says whether, and how, to ask again. */
export interface FailureFacts {
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
  readonly retry: 'never' | 'same-key' | 'later';
  readonly idempotencyKey: string | null;
  readonly errors?: readonly FailedField[];
  /** For the server's operator to find the call in logs. */
  readonly requestId?: string;
}

/** Ends a command. It is thrown wherever a command cannot go on, and printed in one place. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';

  constructor(
    readonly exit: ExitCode,
    readonly facts: FailureFacts,
  ) {
    super(facts.title);
  }
}

/** The caller has to change something: exit 2. */
export const wrongCall = (code: string, title: string, detail?: string): CliFailure =>
  new CliFailure(EXIT.wrongCall, {
    code,
    title,
    ...(detail === undefined ? {} : { detail }),
    retry: 'never',
    idempotencyKey: null,
  });

/** Thrown by `--dry-run` once the request was printed: nothing is left to do. */
export class RequestPrinted extends Error {
  override readonly name = 'RequestPrinted';
}

/** Without a key of ours the server makes one of what is asked: asking the same again is enough. */
const withKey = (key: string | null): string => (key === null ? ': it is safe' : ` with --idempotency-key ${key}`);

/** The error for people: what, where, and what to do next. */
export const failureText = ({ code, title, detail, retry, idempotencyKey, errors, requestId }: FailureFacts): string =>
  [
    `error: ${title} (${code})`,
    ...(detail === undefined ? [] : [`  ${detail}`]),
    ...(errors ?? []).map(
      (field) => `  ${field.pointer === '' ? '/' : field.pointer}: ${field.detail} (${field.code})`,
    ),
    ...(requestId === undefined ? [] : [`  request id ${requestId}`]),
    ...(retry === 'same-key' ? [`  the outcome is unknown; repeat the command${withKey(idempotencyKey)}`] : []),
    ...(retry === 'later' ? ['  nothing is wrong with the request: try again later'] : []),
    '',
  ].join('\n');

export const failureJson = ({ code, title, retry, idempotencyKey, ...more }: FailureFacts): string =>
  `${JSON.stringify({ schema: 'verdict.cli.error.v1', code, title, retry, idempotencyKey, ...more })}\n`;
