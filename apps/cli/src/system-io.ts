import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { EXIT, type Io } from './io.js';

const CLEAN_UP_MS = 1000;

const interruption = (): AbortSignal => {
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort();
    // What does not listen to the signal is ended all the same.
    setTimeout(() => process.exit(EXIT.interrupted), CLEAN_UP_MS).unref();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return controller.signal;
};

/** What is not a plain yes is a no. Cooked mode: Ctrl-C ends the process as ever. */
const confirmOn =
  (interrupted: AbortSignal) =>
  async (question: string): Promise<boolean> => {
    const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
    try {
      const answer = await lines.question(`${question} [y/N] `, { signal: interrupted });
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      lines.close();
    }
  };

/** The process as it is. */
export const systemIo = (): Io => {
  const interrupted = interruption();
  return {
    env: process.env,
    cwd: process.cwd(),
    isTerminal: { stdout: process.stdout.isTTY, stderr: process.stderr.isTTY },
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    stdin: () => process.stdin,
    fetch: globalThis.fetch,
    now: () => Date.now(),
    newId: () => randomUUID(),
    interrupted,
    confirm: process.stdin.isTTY && process.stderr.isTTY ? confirmOn(interrupted) : undefined,
    exit: (code) => {
      process.exitCode = code;
    },
  };
};
