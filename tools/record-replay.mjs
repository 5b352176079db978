/**
 * `node tools/record-replay.mjs <release>|unreleased`: records what this code writes in the life of one tenant under
 * `test/replay/<release>/`, so that every later release proves that it folds and decides it the same. Once per release; `unreleased` is made anew whenever the scenario changes.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [release] = process.argv.slice(2);

if (release === undefined || !/^(\d+\.\d+\.\d+|unreleased)$/.test(release)) {
  console.error('usage: node tools/record-replay.mjs <major.minor.patch>|unreleased');
  process.exit(2);
}
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/jest/bin/jest.js'), 'test/replay', '-t', 'recording'],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      VERDICT_RECORD_REPLAY: release,
      NODE_OPTIONS:
        `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim(),
    },
  },
);
process.exitCode = status ?? 1;
