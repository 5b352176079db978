import { describe, expect, it } from '@jest/globals';
import { boundedReference } from './bounded-reference.js';
import { jcsText } from './jcs.js';

describe('a bounded reference', () => {
  it('is what it was up to 512 characters, and shorter than that beyond', () => {
    expect(boundedReference('x'.repeat(512))).toBe('x'.repeat(512));
    expect(boundedReference('x'.repeat(513))).toHaveLength(505);
  });

  it('is never cut in the middle of a character, since half of one has no canonical text', () => {
    for (const head of ['', 'x']) {
      expect(() => jcsText(boundedReference(head + '\u{1f600}'.repeat(300)))).not.toThrow();
    }
  });
});
