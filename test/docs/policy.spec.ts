import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createCelRules } from '@verdict/adapter-cel';
import { readPolicy } from '@verdict/contracts';
import { WAIVABLE_CODES } from '@verdict/domain';

const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)\n\`\`\`$`, 'gm'))].map(([, text]) => text!);
const rules = createCelRules();

describe('docs/policy.md', () => {
  it('shows documents that the server takes', () => {
    const readings = blocks('json').map((text) => readPolicy(JSON.parse(text), rules));
    expect(readings.map(({ kind }) => kind)).toEqual(['policy']);
  });

  it('shows conditions that compile', () => {
    expect(blocks('cel').length).toBeGreaterThan(3);
    expect(blocks('cel').map((condition) => rules.check(condition))).toEqual(blocks('cel').map(() => null));
  });

  it('names everything that may be waived', () => {
    expect(WAIVABLE_CODES.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });
});
