import { setTimeout as pause } from 'node:timers/promises';
import { ROUTES } from '@verdict/contracts';
import type { z } from 'zod';
import { CliFailure } from '../failure.js';
import type { Client } from './client.js';
import { downloadTo } from './download.js';
import { EXIT } from '../io.js';
import { createProgress } from '../output/progress.js';
import type { Session } from '../session.js';

export type Export = z.output<typeof ROUTES.getExport.response>;

const POLL_MS = 250;
const POLL_MS_MAX = 2000;

const notReady = ({ export_id: id, status, failure }: Export, waitMs: number): CliFailure => {
  const isOver = status === 'failed' || status === 'expired';
  return new CliFailure(isOver ? EXIT.incomplete : EXIT.unknown, {
    code: isOver ? `export_${status}` : 'export_not_ready',
    title: isOver ? `the export ${status}` : `the export is not ready after ${String(waitMs)} ms`,
    ...(failure === null ? {} : { detail: failure }),
    retry: 'later',
    idempotencyKey: isOver ? null : id,
  });
};

const isGoingOn = ({ status }: Export): boolean => status === 'queued' || status === 'running';

const waitFor = async (session: Session, client: Client, id: string, waitMs: number): Promise<Export> => {
  const { io, printer } = session;
  const progress = createProgress(io, printer);
  const deadlineMs = io.now() + waitMs;
  try {
    for (let sleepMs = POLL_MS; ; sleepMs = Math.min(sleepMs * 2, POLL_MS_MAX)) {
      const { value } = await client.send(ROUTES.getExport, { params: { export_id: id } });
      progress.report(`${String(value.progress.entries)} of ${String(value.progress.total)} entries`);
      if (value.status === 'ready') return value;
      if (!isGoingOn(value) || io.now() + sleepMs > deadlineMs) throw notReady(value, waitMs);
      await pause(sleepMs, undefined, { signal: io.interrupted }).catch(() => {
        throw new CliFailure(EXIT.interrupted, {
          code: 'interrupted',
          title: `interrupted; the export ${id} goes on`,
          retry: 'later',
          idempotencyKey: null,
        });
      });
    }
  } finally {
    progress.end();
  }
};

export interface BundleOrder {
  /** The body of the request. */
  readonly ask: { readonly series?: string | undefined; readonly journals?: readonly string[] | undefined };
  readonly waitMs: number;
  readonly path: string;
  readonly isOverwriting: boolean;
}

/** Has the server make a bundle, waits for it, and writes it to a file once its hash is right. */
export const exportBundle = async (
  session: Session,
  { ask, waitMs, path, isOverwriting }: BundleOrder,
): Promise<{ readonly ready: Export; readonly bytes: number; readonly sha256: string }> => {
  const client = await session.client();
  const asked = await client.send(ROUTES.createExport, { body: JSON.stringify(ask) });
  const ready = await waitFor(session, client, asked.value.export_id, waitMs);
  const response = await client.open(ROUTES.downloadExport, { params: { export_id: ready.export_id } });
  const downloaded = await downloadTo(session.io, response, { path, sha256: ready.content_sha256, isOverwriting });
  return { ready, ...downloaded };
};
