import { CliFailure } from './failure.js';
import { codeOf } from './input/input-file.js';
import { EXIT, type ExitCode, type Io } from './io.js';
import { reportFailure } from './run.js';

/** The command did what it does, and its answer has no place to go, as on a full disk. Never the 0 or 1 of an answer. */
export const lostOutput = (error: unknown, argv: readonly string[], io: Io): ExitCode => {
  const failure = new CliFailure(EXIT.incomplete, {
    code: 'output_unwritable',
    title: 'the answer could not be written to standard output',
    detail: `${codeOf(error)}; what was asked for may be done: look before you repeat it`,
    retry: 'never',
    idempotencyKey: null,
  });
  reportFailure(failure, argv, io);
  return failure.exit;
};
