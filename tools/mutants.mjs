/** `node tools/mutants.mjs [count]`: judges that many mutated reviews and plans; prints what became of them and the heap. */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const count = process.argv[2] ?? '100000';
const { status } = spawnSync(
  process.execPath,
  [
    '--expose-gc',
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    '--runInBand',
    'test/robustness/mutants.property.ts',
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, VERDICT_TEST_MUTANTS: count } },
);
process.exitCode = status ?? 1;
