import { describe, expect, it } from '@jest/globals';
import { redactPath } from '../logging/redact.js';
import { takeRandomBytes } from './random-pool.js';
import { requestIdFrom, uuidV7 } from './request-id.js';
import { traceparentFrom } from './request-info.js';

describe('a request id', () => {
  it('made here is a UUIDv7 of the present moment, and unique', () => {
    const ids = Array.from({ length: 1000 }, () => uuidV7(0x0192_0000_0000));
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^01920000-0000-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
  it('is not taken when it is no visible ASCII', () => {
    for (const text of ['', 'a b', 'ä', 'a\n', 'x'.repeat(129)]) expect(requestIdFrom(text)).not.toBe(text);
    expect(requestIdFrom('ok-1')).toBe('ok-1');
  });
});

describe('random bytes', () => {
  it('are handed out once, whatever sizes are asked for', () => {
    const taken = Array.from({ length: 3000 }, (_, index) => takeRandomBytes(12 + (index % 9)).toString('hex'));
    expect(new Set(taken.map((text) => text.slice(0, 24))).size).toBe(taken.length);
    expect(takeRandomBytes(10_000)).toHaveLength(10_000);
  });
});

describe('a traceparent', () => {
  const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  it('is continued when it is valid and ignored when it is not', () => {
    expect(traceparentFrom(good)).toBe(good);
    for (const bad of [
      undefined,
      '',
      good.toUpperCase(),
      `${good}-x`,
      good.replace(/^00/, 'ff'),
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    ]) {
      expect(traceparentFrom(bad)).toBeNull();
    }
  });
});

describe('a path in logs and problems', () => {
  it('has neither query nor the secret segment', () => {
    expect(redactPath('/a/b?token=1')).toBe('/a/b');
    expect(redactPath('/gate/k8s/admission/review/t/abc123?timeout=2s')).toBe('/gate/k8s/admission/review/t/redacted');
    expect(redactPath('/x/t/abc/more')).toBe('/x/t/redacted/more');
    expect(redactPath('/a/t/')).toBe('/a/t/');
  });

  it('has no secret segment either where the path is misspelt, or spelt with escapes', () => {
    const secret = 'Ab-_0'.repeat(9).slice(0, 43);
    const base32 = 'ab23'.repeat(13);
    for (const spelt of [secret, base32, base32.toUpperCase(), `%41${secret.slice(1)}`])
      for (const before of ['/review/t', '/review/%74', '/review/T', '/review/tt', '/review', ''])
        expect(redactPath(`${before}/${spelt}?timeout=2s`)).toBe(`${before}/redacted`);
    expect(redactPath('/review/%74/abc')).toBe('/review/%74/redacted');
    expect(redactPath('/decisions/%zz/0192d6a0-0000-7000-8000-000000000000/explain')).toBe(
      '/decisions/%zz/0192d6a0-0000-7000-8000-000000000000/explain',
    );
  });
});
