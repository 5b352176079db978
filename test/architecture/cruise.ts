import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const PLANTED = fileURLToPath(new URL('./planted/', import.meta.url));
const SCRIPT = fileURLToPath(new URL('./cruise-folders.mjs', import.meta.url));
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface Cruised {
  readonly baseDir: string;
  readonly violations: readonly { readonly rule: string; readonly from: string; readonly to: string }[];
  readonly imports: readonly { readonly module: string; readonly resolved: string }[];
}

/** Cruises the `apps` and `libs` below each folder with the project's own rules; answers in the order asked. */
export const cruiseAll = (folders: readonly string[]): Promise<readonly Cruised[]> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, [SCRIPT, ...folders], { maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout) => {
      if (error !== null) reject(new Error(error.message));
      else
        resolve(
          stdout
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Cruised),
        );
    });
  });
