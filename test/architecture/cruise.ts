import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const PLANTED = fileURLToPath(new URL('./planted/', import.meta.url));
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

interface Cruised {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { readonly module: string; readonly resolved: string }[];
  }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

/** Runs dependency-cruiser with the project's own rules on `folders` below `cwd`. It exits with the count of violations. */
export const cruise = (cwd: string, folders: readonly string[]): Promise<Cruised> =>
  new Promise((resolve, reject) => {
    const tool = `${ROOT}node_modules/dependency-cruiser/bin/dependency-cruise.mjs`;
    const settings = ['--config', `${ROOT}.dependency-cruiser.cjs`, '--ts-config', `${ROOT}tsconfig.json`];
    const call = [tool, ...settings, '--output-type', 'json', ...folders];
    execFile(process.execPath, call, { cwd, maxBuffer: OUTPUT_BYTES_MAX }, (_exit, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout) as Cruised);
      } catch {
        reject(new Error(stderr));
      }
    });
  });
