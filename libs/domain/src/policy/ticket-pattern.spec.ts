import { describe, expect, it } from '@jest/globals';
import { matchesTicket, ticketPatternDefect } from './ticket-pattern.js';

const REPEATED = 'no lookaround, back reference or repeated group';

describe('a ticket pattern', () => {
  it.each([
    '[A-Z]{2,10}-[0-9]+',
    'INC[0-9]{7}|CHG[0-9]{7}|REQ[0-9]{7}',
    '(?:OPS|FIN)-\\d+',
    '\\(?[A-Z]+-\\d+',
    '[()+*]x',
    '\\\\1',
    '\\p{Lu}-\\d{4}',
    'a*b*c*',
    '(a|b)(c|d)(e|f)(g|h)(i|j)',
    '',
  ])('%j is legal', (pattern) => {
    expect(ticketPatternDefect(pattern)).toBeNull();
  });

  it.each([
    ['(a+)+', REPEATED],
    ['(a|b)*', REPEATED],
    ['(ab){2}', REPEATED],
    ['(?=a)a', REPEATED],
    ['(?<!a)b', REPEATED],
    ['(?<name>a)\\k<name>', REPEATED],
    ['(a)\\1', REPEATED],
    ['a*b*c*d*', 'at most three of * + ? {n,m}'],
    ['a?b{2}c+[x]{1,}', 'at most three of * + ? {n,m}'],
    ['(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)', 'alternatives that combine in at most 32 ways'],
    ['((a|b)|(a|b)|(a|b))((a|b)|(a|b))', 'alternatives that combine in at most 32 ways'],
    ['(a', 'not a regular expression'],
    ['[z-a]', 'not a regular expression'],
    ['\\', 'not a regular expression'],
    ['a'.repeat(201), 'at most 200 characters'],
  ])('%j is not: %s', (pattern, defect) => {
    expect(ticketPatternDefect(pattern)).toBe(defect);
  });

  it('takes a bounded time for the worst text it can meet', () => {
    const patterns = ['a*a*a*b', '(a|a)(a|a)(a|a)(a|a)(a|a)a*a*a*b', `${'(a|a)'.repeat(40)}b`];
    const legal = patterns.filter((pattern) => ticketPatternDefect(pattern) === null);
    expect(legal).toEqual(patterns.slice(0, 2));
    const began = performance.now();
    for (const pattern of legal) expect(matchesTicket(pattern, 'a'.repeat(128))).toBe(false);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('is matched by the whole ticket, each of its alternatives too, and by none that is missing', () => {
    expect(matchesTicket('A-1|B-2', 'A-1')).toBe(true);
    expect(matchesTicket('A-1|B-2', 'A-1x')).toBe(false);
    expect(matchesTicket('A-1|B-2', 'xB-2')).toBe(false);
    expect(matchesTicket('A-1', 'A-1\n')).toBe(false);
    expect(matchesTicket('A-1', null)).toBe(false);
    expect(matchesTicket('.*', '')).toBe(true);
    expect(matchesTicket(null, null)).toBe(true);
  });
});
