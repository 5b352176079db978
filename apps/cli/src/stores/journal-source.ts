import type { ReplaySource } from '@verdict/application';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { exportBundle } from '../http/export-bundle.js';
import { wrongCall } from '../failure.js';
import type { Session } from '../session.js';
import { storeFailure, withOpened } from './opened.js';
import { interruptible, sourceOfBundle } from './replay-sources.js';

/** Not the series of the auditors: their bundles are linked, and this one is thrown away. */
const SERIES = 'policy-analysis';

const withExport = async <Answer>(
  session: Session,
  waitMs: number,
  work: (path: string) => Promise<Answer>,
): Promise<Answer> => {
  const folder = await mkdtemp(join(session.io.env['TMPDIR'] ?? tmpdir(), 'verdict-journals-'));
  try {
    const path = join(folder, 'bundle.zip');
    await exportBundle(session, { ask: { series: SERIES }, waitMs, path, isOverwriting: false });
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/**
 * The journals of the caller's tenant: in a bundle that is at hand, else exported by the server for this one command. So a
 * token is enough, and what is found is found on the same entries that an auditor would get.
 */
export const withJournals = async <Answer>(
  session: Session,
  { bundle, waitMs }: { readonly bundle: string | undefined; readonly waitMs: number },
  work: (source: ReplaySource) => Promise<Answer>,
): Promise<Answer> => {
  if (bundle !== undefined && session.flags.isDryRun)
    throw wrongCall('usage', 'with a bundle no request is sent that could be printed');
  const application = await import('@verdict/application');
  const read = (path: string): Promise<Answer> =>
    withOpened(async (keep) =>
      work(interruptible(await sourceOfBundle(application, keep, path), session.io.interrupted)),
    ).catch((error: unknown) => {
      throw storeFailure(error);
    });
  return bundle === undefined ? withExport(session, waitMs, read) : read(resolve(session.io.cwd, bundle));
};
