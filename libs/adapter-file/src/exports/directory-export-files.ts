import { createReadStream } from 'node:fs';
import { access, constants, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportContent, ExportFiles } from '@verdict/application';
import { writeBundle } from '@verdict/ledger';

/** No dot and no separator can leave the folder. */
const TENANT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const EXPORT = /^[0-9a-f-]{36}$/;
const HAS_FOLDER_HANDLES = process.platform !== 'win32';

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

const isAbsent = (error: unknown): boolean => codeOf(error) === 'ENOENT';

const syncFolder = async (dir: string): Promise<void> => {
  if (!HAS_FOLDER_HANDLES) return;
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** What attempts have left: everything of this export but the finished bundle. */
const removeLeftovers = async (folder: string, exportId: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    const isLeft = name.startsWith(`${exportId}.`) && name !== `${exportId}.zip`;
    if (isLeft) await rm(join(folder, name), { recursive: true, force: true });
  }
};

const contentAt = async (path: string): Promise<ExportContent | undefined> => {
  try {
    const { size } = await stat(path);
    return { size, read: (from, to) => createReadStream(path, { start: from, end: to }) };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
};

/**
 * Exports as files `<dir>/<tenant>/<export id>.zip`. Each attempt writes under a name of its own, so a worker that was
 * taken for dead disturbs nobody; the finished file is durable before it gets its name.
 */
export const openExportFiles = async (dir: string): Promise<ExportFiles> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const folderOf = (tenantId: string): string => {
    if (!TENANT.test(tenantId)) throw new RangeError('this tenant id cannot name a folder');
    return join(dir, tenantId);
  };
  const pathOf = (tenantId: string, exportId: string): string => {
    if (!EXPORT.test(exportId)) throw new RangeError('this export id cannot name a file');
    return join(folderOf(tenantId), `${exportId}.zip`);
  };
  return {
    write: async ({ tenantId, exportId, attempt }, input) => {
      const path = pathOf(tenantId, exportId);
      const folder = folderOf(tenantId);
      const draft = join(folder, `${exportId}.${attempt.toString()}.zip`);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await removeLeftovers(folder, exportId);
      try {
        const written = await writeBundle(input, { form: 'zip', path: draft });
        await rename(draft, path);
        await syncFolder(folder);
        return written;
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
    open: (tenantId, exportId) => contentAt(pathOf(tenantId, exportId)),
    remove: async (tenantId, exportId) => {
      await rm(pathOf(tenantId, exportId), { force: true });
    },
    ping: () => access(dir, constants.W_OK),
  };
};
