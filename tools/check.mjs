/** `npm run check`: what CI runs before the tests. Every step runs, also after a failure; the exit code tells. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (path) => `node_modules/${path}`;
const GENERATE = 'tools/generate.mjs';

const STEPS = [
  [
    'format',
    bin('prettier/bin/prettier.cjs'),
    '--check',
    '--log-level',
    'warn',
    '--cache',
    '--cache-location',
    'node_modules/.cache/prettier',
    '.',
  ],
  ['lint', bin('eslint/bin/eslint.js'), '--max-warnings', '0', '.'],
  [
    'boundaries',
    bin('dependency-cruiser/bin/dependency-cruise.mjs'),
    '--config',
    '.dependency-cruiser.cjs',
    'apps',
    'libs',
  ],
  ['types', bin('typescript/bin/tsc'), '-p', 'tsconfig.json', '--noEmit'],
  ...(existsSync(`${root}/${GENERATE}`) ? [['generated files', GENERATE, '--check']] : []),
];

const seconds = (sinceMs) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;

const run = ([name, ...command]) => {
  const began = Date.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const isGood = status === 0;
  console.log(`${isGood ? 'ok  ' : 'FAIL'}  ${name.padEnd(16)} ${seconds(began)}`);
  if (!isGood) console.log(`${stdout}${stderr}`.trimEnd());
  return isGood;
};

const failed = STEPS.filter((step) => !run(step)).map(([name]) => name);
if (failed.length > 0) {
  console.log(`check failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
