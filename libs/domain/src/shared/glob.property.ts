import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { globMatches } from './glob.js';

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.'), maxLength: 6 });

describe('a glob', () => {
  it.each([
    ['*', '', true],
    ['*', 'anything', true],
    ['team-*', 'team-web', true],
    ['team-*', 'team', false],
    ['*-prod', 'web-prod', true],
    ['*-prod', 'web-prod-2', false],
    ['a*a', 'a', false],
    ['a*b*c', 'a1b2c', true],
    ['a*b*c', 'acb', false],
    ['web', 'Web', false],
    ['a.c', 'abc', false],
    ['', '', true],
  ])('%j matches %j: %j', (glob, text, matches) => {
    expect(globMatches(glob, text)).toBe(matches);
  });

  it('agrees with the regular expression that means the same', () => {
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 4 }), letters, (parts, text) => {
        const escaped = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&'));
        expect(globMatches(parts.join('*'), text)).toBe(new RegExp(`^${escaped.join('.*')}$`, 's').test(text));
      }),
    );
  });
});
