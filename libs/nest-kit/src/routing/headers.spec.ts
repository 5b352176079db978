import { describe, expect, it } from '@jest/globals';
import { ifMatchVersionOf } from './headers.js';

const named = (sent: string | undefined) => ifMatchVersionOf(sent === undefined ? {} : { 'if-match': sent });

describe('If-Match', () => {
  it.each<[string, string | readonly string[]]>([
    ['"3"', ['3']],
    ['"2.1"', ['2.1']],
    ['"3", "4"', ['3', '4']],
    ['"3","4" ,\t"7.2"', ['3', '4', '7.2']],
    [', "3",, "4",', ['3', '4']],
    ['"a,b", "3"', ['a,b', '3']],
    ['*', '*'],
    [' * ', '*'],
  ])('%s names one version, several, or whatever stands', (sent, versions) => {
    expect(named(sent)).toEqual(versions);
  });

  it.each(['W/"3"', '3', '"3', 'x"3"', '"3" x', '"*"', '*, "3" x', '""x'])('%s matches no version', (sent) => {
    expect(named(sent)).toEqual([]);
  });

  it('matches by its strong tags alone', () => {
    expect(named('W/"3", "4"')).toEqual(['4']);
  });

  it('that was not sent names nothing', () => {
    expect([named(undefined), named('')]).toEqual([null, null]);
  });
});
