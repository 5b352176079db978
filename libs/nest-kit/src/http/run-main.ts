import { writeSync } from 'node:fs';
import { Server as TlsServer } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { ConfigError } from '../config/config.js';
import type { Health } from '../health/health.js';
import { HEALTH } from './tokens.js';

const EXIT = { done: 0, failed: 1, badConfig: 2, interruptedTwice: 130 } as const;
const STOP_MS_MAX = 30_000;
const SWEEP_MS = 25;

/** Something that runs until it is told to stop. */
export interface Running {
  stop(): Promise<void>;
}

export interface MainOptions {
  /** Reads the configuration, starts everything, and resolves once it listens. */
  readonly start: () => Promise<Running>;
  readonly logger?: Logger;
  /** Default 30 s, then the process ends with 1. */
  readonly stopMsMax?: number;
}

/** Stops accepting, lets what is in flight be answered, then ends the modules. Safe to call twice. */
export const stopHttpApp = async (app: NestFastifyApplication): Promise<void> => {
  app.get<Health>(HEALTH).markStopping();
  const server = app.getHttpServer();
  const sweep = setInterval(() => {
    server.closeIdleConnections(); // A connection becomes idle with its last answer; clients would keep it for minutes.
  }, SWEEP_MS);
  try {
    await app.getHttpAdapter().getInstance().close();
  } finally {
    clearInterval(sweep);
  }
  await app.close();
};

/** Listens, and says in the health routes that the start is over. Returns the address. */
export const listenHttpApp = async (app: NestFastifyApplication, host: string, port: number): Promise<string> => {
  await app.listen(port, host);
  app.get<Health>(HEALTH).markStarted();
  const url = await app.getUrl();
  // Nest does not know what the adapter was given.
  return app.getHttpServer() instanceof TlsServer ? url.replace(/^http:/, 'https:') : url;
};

const complain = (text: string): void => {
  writeSync(2, `${text}\n`); // Synchronous: the process ends with the next statement.
};

const failed = (what: string, error: unknown, logger: Logger | undefined): void => {
  if (logger === undefined)
    complain(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  else logger.fatal({ err: error }, what);
  logger?.flush();
};

const exitCodeFor = (error: unknown, logger: Logger | undefined): number => {
  if (error instanceof ConfigError) {
    complain(error.message);
    return EXIT.badConfig;
  }
  failed('the start failed', error, logger);
  return EXIT.failed;
};

const stopWithin = async (running: Running, limitMs: number, logger: Logger | undefined): Promise<number> => {
  const late = setTimeout(() => {
    failed('stopping took too long', new Error(`more than ${limitMs.toString()} ms`), logger);
    process.exit(EXIT.failed);
  }, limitMs);
  try {
    await running.stop();
    return EXIT.done;
  } catch (error) {
    failed('stopping failed', error, logger);
    return EXIT.failed;
  } finally {
    clearTimeout(late);
  }
};

/**
 * V8 puts objects straight into its old generation where it once saw those of the same place in the code survive. What a
 * request makes survives while its batch waits for the disk and is garbage right after, so the old generation, and what
 * buffers hold outside of it, filled up with garbage, and was collected whole several times as often.
 */
const keepGarbageYoung = (): void => {
  setFlagsFromString('--no-allocation-site-pretenuring');
};

/**
 * Runs a process to its end: bad configuration ends it with 2, an error nobody caught with 1, the first SIGTERM or
 * SIGINT gracefully with 0, a second one at once with 130.
 */
export const runMain = async ({ start, logger, stopMsMax = STOP_MS_MAX }: MainOptions): Promise<void> => {
  keepGarbageYoung();
  const crash = (what: string) => (error: unknown) => {
    failed(what, error, logger);
    process.exit(EXIT.failed);
  };
  process.on('uncaughtException', crash('uncaught exception'));
  process.on('unhandledRejection', crash('unhandled rejection'));
  const stopped = new Promise<void>((resolve) => {
    let signals = 0;
    const onSignal = (): void => {
      signals += 1;
      if (signals > 1) process.exit(EXIT.interruptedTwice);
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
  let running: Running;
  try {
    running = await start();
  } catch (error) {
    process.exit(exitCodeFor(error, logger));
  }
  await stopped;
  process.exit(await stopWithin(running, stopMsMax, logger));
};
