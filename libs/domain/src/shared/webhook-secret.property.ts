import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { base32Spelling, bearerSecretOf, bearerSecretSha256, pathSecretSha256 } from './webhook-secret.js';
import { sha256Hex } from './sha256.js';

const secrets = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));

describe('a path secret', () => {
  it('has two spellings that are looked up by one hash', () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const narrow = base32Spelling(secret);
        expect(narrow).toMatch(/^[a-z2-7]{52}$/);
        expect(pathSecretSha256(narrow)).toBe(sha256Hex(secret));
        expect(pathSecretSha256(secret)).toBe(sha256Hex(secret));
      }),
    );
  });

  it('is recognised in exactly these two spellings: padding bits, other letters and other lengths are nothing', () => {
    const zeros = 'A'.repeat(43);
    expect(pathSecretSha256(`${'A'.repeat(42)}B`)).toBeUndefined();
    expect(pathSecretSha256(`${'a'.repeat(51)}b`)).toBeUndefined();
    expect(pathSecretSha256('A'.repeat(52))).toBeUndefined();
    expect(pathSecretSha256(`${zeros}A`)).toBeUndefined();
    expect(pathSecretSha256('')).toBeUndefined();
    expect(pathSecretSha256(zeros)).toBe(sha256Hex(zeros));
    expect(() => base32Spelling('short')).toThrow(RangeError);
  });

  it('spells as RFC 4648 does: 32 bytes of 0xff are 51 sevens and the letter of one bit', () => {
    expect(base32Spelling(Buffer.alloc(32, 255).toString('base64url'))).toBe(`${'7'.repeat(51)}q`);
  });
});

describe('a bearer secret', () => {
  it('begins with its prefix and is looked up by the hash of the whole', () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        expect(bearerSecretSha256(bearerSecretOf(secret))).toBe(sha256Hex(`vct_${secret}`));
        expect(bearerSecretSha256(secret)).toBeUndefined();
      }),
    );
  });
});
