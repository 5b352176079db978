import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { EXIT, type Io } from '../io.js';
import { run } from '../run.js';

export interface CliRun {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  readonly isTerminal?: boolean;
  readonly interrupted?: AbortSignal;
  readonly nowMs?: number;
  /** What a person at a terminal answers; else nobody sits there. */
  readonly answer?: boolean;
}

const confirming = (answer: boolean | undefined, ask: (text: string) => void): Io['confirm'] =>
  answer === undefined
    ? undefined
    : (question) => {
        ask(`${question}\n`);
        return Promise.resolve(answer);
      };

/** Runs one command line in this process. */
export const runCli = async (argv: readonly string[], options: CliOptions): Promise<CliRun> => {
  const { cwd, env = {}, stdin = '', isTerminal = false } = options;
  let exit: number = EXIT.yes;
  let stdout = '';
  let stderr = '';
  const io: Io = {
    env,
    cwd,
    isTerminal: { stdout: isTerminal, stderr: isTerminal },
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    stdin: () => Readable.from([Buffer.from(stdin)]),
    confirm: confirming(options.answer, (text) => {
      stderr += text;
    }),
    fetch: globalThis.fetch,
    now: () => options.nowMs ?? Date.now(),
    newId: () => randomUUID(),
    interrupted: options.interrupted ?? new AbortController().signal,
    exit: (code) => {
      exit = code;
    },
  };
  await run(argv, io);
  return { exit, stdout, stderr };
};
