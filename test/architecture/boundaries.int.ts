import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { cruiseAll, PLANTED, ROOT, type Cruised } from './cruise.js';

interface Config {
  readonly forbidden: readonly { readonly name: string; readonly severity: string }[];
}
const CRUISE_MS_MAX = 120_000;
const { forbidden } = createRequire(import.meta.url)(`${ROOT}.dependency-cruiser.cjs`) as Config;
const rules = forbidden.map(({ name }) => name);

describe('each boundary rule', () => {
  let planted: ReadonlyMap<string, Cruised>;
  beforeAll(async () => {
    const cruised = await cruiseAll(rules.map((rule) => `${PLANTED}${rule}`));
    planted = new Map(rules.map((rule, index) => [rule, cruised[index]!]));
  }, CRUISE_MS_MAX);

  it('is an error, and has a planted violation', () => {
    expect(readdirSync(PLANTED).sort()).toEqual([...rules].sort());
    expect(forbidden.every(({ severity }) => severity === 'error')).toBe(true);
  });

  it.each(rules)('%s fires on its planted violation, alone', (rule) => {
    expect(new Set(planted.get(rule)?.violations.map(({ rule: fired }) => fired))).toEqual(new Set([rule]));
  });
});

describe('the tree', () => {
  let tree: Cruised | undefined;
  beforeAll(async () => {
    [tree] = await cruiseAll([ROOT]);
  }, CRUISE_MS_MAX);

  it('keeps every boundary', () => {
    expect(tree?.violations.map(({ from, to, rule }) => `${rule}: ${from} -> ${to}`)).toEqual([]);
  });

  it("is seen as its sources: a lib's name means its src/index.ts, an app's module its .module.ts", () => {
    const own = tree?.imports.filter(({ module }) => module.startsWith('@verdict/')) ?? [];
    expect(own.length).toBeGreaterThan(0);
    const source = /^(libs\/[^/]+\/src\/index\.ts|apps\/[^/]+\/src\/[^/]+\.module\.ts)$/;
    expect(own.filter(({ resolved }) => !source.test(resolved))).toEqual([]);
  });
});
