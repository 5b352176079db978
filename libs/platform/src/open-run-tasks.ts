import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { createHcpTerraformPeer } from '@verdict/adapter-hcp-terraform';
import { openRunTaskInbox } from '@verdict/adapter-postgres';
import type { RunTaskInbox, RunTaskObserver, TerraformPeer } from '@verdict/application';
import type { Logger } from 'pino';

export interface OpenRunTasks {
  /** What the gate's module is registered with. */
  readonly options: {
    readonly inbox: RunTaskInbox;
    readonly peer: TerraformPeer;
    readonly publicUrl: string | null;
    readonly holder: string;
    readonly observer: RunTaskObserver;
  };
  close(): Promise<void>;
}

const observerOf = (logger: Logger): RunTaskObserver => ({
  answered: ({ stage, status, seconds }) => {
    logger.info({ stage, status, seconds }, 'a run task was answered');
  },
  unanswered: ({ tenantId, taskResultId, reason }) => {
    logger.error({ tenantId, taskResultId, reason }, 'a run task has no answer: a mandatory one stops its run');
  },
  failed: ({ tenantId, taskResultId, error }) => {
    logger.warn({ tenantId, taskResultId, err: error }, 'a run task could not be answered yet and is tried again');
  },
  unavailable: (error) => {
    logger.warn({ err: error }, 'the inbox of run tasks cannot be reached; trying again');
  },
});

/** Opens what run tasks need besides the gate: their inbox, in the database of the read models, and the way to the peers. */
export const openRunTasks = async (where: {
  readonly url: string;
  readonly publicUrl: string | undefined;
  readonly logger: Logger;
}): Promise<OpenRunTasks> => {
  const opened = await openRunTaskInbox(where.url);
  return {
    options: {
      inbox: opened.inbox,
      peer: createHcpTerraformPeer(),
      publicUrl: where.publicUrl?.replace(/\/+$/, '') ?? null,
      holder: `${hostname()}:${process.pid.toString()}:${randomBytes(4).toString('hex')}`,
      observer: observerOf(where.logger),
    },
    close: () => opened.close(),
  };
};
