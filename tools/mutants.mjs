/**
 * `node tools/mutants.mjs [count]`: judges that many mutated reviews and plans; prints what became of them and the heap
 * before and after. With `--http` they are sent to a running server instead, and its resident memory is printed.
 */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [count = '100000'] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const suite = process.argv.includes('--http')
  ? 'test/e2e/admission-edge.e2e.ts'
  : 'test/robustness/mutants.property.ts';
const jest = ['node_modules/jest/bin/jest.js', '--runInBand', suite, '--testNamePattern', 'mutated|is read or refused'];
const { status } = spawnSync(process.execPath, ['--expose-gc', '--experimental-vm-modules', ...jest], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, VERDICT_TEST_MUTANTS: count },
});
process.exitCode = status ?? 1;
