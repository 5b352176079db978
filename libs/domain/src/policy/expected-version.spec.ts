import { describe, expect, it } from '@jest/globals';
import { versionRefusal } from './expected-version.js';

describe('an author who changes what he has seen', () => {
  it.each([
    ['names the version that stands', '3'],
    ['names it among others', ['2', '3']],
    ['takes whatever stands', '*'],
  ])('may when he %s', (_, expected) => {
    expect(versionRefusal('3', expected)).toBeUndefined();
  });

  it.each([
    ['an older version', '2'],
    ['older versions', ['1', '2']],
    ['no version that there can be', []],
  ])('is told what stands when he names %s', (_, expected) => {
    expect(versionRefusal('3', expected)).toEqual({ code: 'version_conflict', currentVersion: '3' });
  });

  it('has to name something', () => {
    expect(versionRefusal('3', null)).toEqual({ code: 'precondition_required' });
  });
});
