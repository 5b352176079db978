/**
 * Runs dependency-cruiser with the project's own rules on each folder that is named, in one process of its own, since
 * the tool cannot be loaded inside the test runner. Prints one JSON line: the folder's violations and its imports.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { forbidden, options } = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs'));
const tsConfig = extractTSConfig(join(root, 'tsconfig.json'));
const { enhancedResolveOptions, ...shared } = options;

for (const baseDir of process.argv.slice(2)) {
  const folders = ['apps', 'libs'].filter((name) => existsSync(join(baseDir, name)));
  const settings = { ...shared, baseDir, ruleSet: { forbidden }, validate: true };
  const { output } = await cruise(folders, settings, enhancedResolveOptions, { tsConfig });
  const violations = output.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
  const imports = output.modules.flatMap(({ dependencies }) =>
    dependencies.map(({ module, resolved }) => ({ module, resolved })),
  );
  console.log(JSON.stringify({ baseDir, violations, imports }));
}
