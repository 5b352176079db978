import { afterEach, beforeEach } from '@jest/globals';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FakeServer, startFakeServer } from './fake-server.js';
import { type CliOptions, type CliRun, runCli } from './run-cli.js';

export const API = '/api/v1/enforcement';
export const PLAN = fileURLToPath(
  new URL('../../../../test/fixtures/terraform/aws-web-stack/plan.json', import.meta.url),
);

/** The error of a run; notes may stand above it. */
export const failureOf = ({ stderr }: CliRun): Readonly<Record<string, unknown>> => {
  const read: unknown = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
  return typeof read === 'object' ? { ...read } : {};
};

export interface CliWorld {
  readonly server: Omit<FakeServer, 'close'>;
  /** A file of the folder that commands run in. */
  readonly path: (...names: readonly string[]) => string;
  readonly file: (name: string, text: string | Uint8Array, mode?: number) => Promise<string>;
  /** Nothing in the environment but what a test puts there. */
  readonly bare: (argv: readonly string[], options?: Partial<CliOptions>) => Promise<CliRun>;
  /** The environment names the server and holds a token. */
  readonly run: (argv: readonly string[], options?: Partial<CliOptions>) => Promise<CliRun>;
  readonly cli: (...argv: readonly string[]) => Promise<CliRun>;
}

/** A server and an empty folder of its own for every test of a file. */
export const withCliWorld = (): CliWorld => {
  let current: FakeServer;
  let cwd: string;
  beforeEach(async () => {
    current = await startFakeServer();
    cwd = await mkdtemp(join(tmpdir(), 'verdict-cli-'));
  });
  afterEach(async () => {
    await current.close();
    await rm(cwd, { recursive: true, force: true });
  });
  const path = (...names: readonly string[]): string => join(cwd, ...names);
  const bare: CliWorld['bare'] = (argv, options) => runCli(argv, { cwd, ...options });
  const run: CliWorld['run'] = (argv, options = {}) =>
    bare(argv, { ...options, env: { VERDICT_URL: current.url, VERDICT_TOKEN: 'a-token', ...options.env } });
  return {
    server: {
      get url() {
        return current.url;
      },
      get seen() {
        return current.seen;
      },
      on: (route, ...answers) => {
        current.on(route, ...answers);
      },
      otherwise: (answerOf) => {
        current.otherwise(answerOf);
      },
    },
    path,
    file: async (name, text, mode = 0o600) => {
      await writeFile(path(name), text);
      await chmod(path(name), mode);
      return name;
    },
    bare,
    run,
    cli: (...argv) => run(argv),
  };
};
