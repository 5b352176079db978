import { describe, expect, it } from '@jest/globals';
import { classOf, labelOf, normaliseEnvironment } from './environment.js';

const CLASSES = {
  prod: { aliases: [], behaves_as: 'prod' },
  nonprod: { aliases: ['qa', 'Preview '], behaves_as: 'nonprod' },
  gold: { aliases: ['live'], behaves_as: 'prod' },
} as const;
const classify = (sent: string | undefined) => {
  const raw = normaliseEnvironment(sent);
  return classOf(raw, labelOf(raw), CLASSES);
};

describe('environments', () => {
  it.each([
    ['Production', 'production', 'prod'],
    [' LIVE ', 'live', 'prod'],
    ['non-prod', 'non-prod', 'nonprod'],
    ['Staging', 'staging', 'nonprod'],
    ['qa', 'qa', 'qa'],
    ['ÄB', 'Äb', 'Äb'],
    ['', 'unspecified', 'unspecified'],
    [undefined, 'unspecified', 'unspecified'],
  ])('labels %j as raw %s, label %s', (sent, raw, label) => {
    expect(normaliseEnvironment(sent)).toBe(raw);
    expect(labelOf(raw)).toBe(label);
  });

  it('takes the alias of the raw text first, then the label', () => {
    expect(classify('live')).toEqual({ environmentClass: 'gold', behavesAs: 'prod', isUnknown: false });
    expect(classify('production')).toEqual({ environmentClass: 'prod', behavesAs: 'prod', isUnknown: false });
    expect(classify('dev')).toEqual({ environmentClass: 'nonprod', behavesAs: 'nonprod', isUnknown: false });
    expect(classify('QA')).toMatchObject({ environmentClass: 'nonprod' });
    expect(classify('preview')).toMatchObject({ environmentClass: 'nonprod' });
    expect(classify('gold')).toMatchObject({ environmentClass: 'gold', isUnknown: false });
  });

  it.each(['live-eu', undefined, '__proto__', 'constructor'])('is strict about %s, which nobody knows', (sent) => {
    expect(classify(sent)).toEqual({ environmentClass: 'prod', behavesAs: 'prod', isUnknown: true });
  });
});
