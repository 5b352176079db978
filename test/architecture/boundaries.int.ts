import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { cruise, PLANTED, ROOT } from './cruise.js';

interface Config {
  readonly forbidden: readonly { readonly name: string; readonly severity: string }[];
}
const { forbidden } = createRequire(import.meta.url)(`${ROOT}.dependency-cruiser.cjs`) as Config;
const foldersIn = (root: string): readonly string[] => ['apps', 'libs'].filter((name) => existsSync(`${root}/${name}`));

describe('each boundary rule', () => {
  it('is an error, and has a planted violation', () => {
    expect(readdirSync(PLANTED).sort()).toEqual(forbidden.map(({ name }) => name).sort());
    expect(forbidden.every(({ severity }) => severity === 'error')).toBe(true);
  });

  it.each(forbidden.map(({ name }) => name))('%s fires on its planted violation', async (rule) => {
    const root = `${PLANTED}${rule}`;
    const { summary } = await cruise(root, foldersIn(root));
    expect(summary.violations.map(({ rule: fired }) => fired.name)).toContain(rule);
  });
});

describe('the tree', () => {
  let tree: Awaited<ReturnType<typeof cruise>>;
  beforeAll(async () => {
    tree = await cruise(ROOT, ['apps', 'libs']);
  });

  it('keeps every boundary', () => {
    expect(tree.summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
  });

  it("is seen as its sources: a lib's name means its src/index.ts, an app's module its .module.ts", () => {
    const own = tree.modules.flatMap(({ dependencies }) =>
      dependencies.filter(({ module }) => module.startsWith('@verdict/')),
    );
    expect(own.length).toBeGreaterThan(0);
    const other = own.filter(
      ({ resolved }) => !/^(libs\/[^/]+\/src\/index\.ts|apps\/[^/]+\/src\/[^/]+\.module\.ts)$/.test(resolved),
    );
    expect(other).toEqual([]);
  });
});
