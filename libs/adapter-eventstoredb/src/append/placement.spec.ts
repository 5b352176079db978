import { describe, expect, it } from '@jest/globals';
import { sealedBytes, sealedEntry } from '@verdict/testkit';
import { misplacedIn } from './placement.js';

/** With the origin that the ledger gives: log host, tenant, kind. */
const sealedAt = (origin: string, revision: number) =>
  sealedBytes('t', Buffer.from(`{"envelope":{"origin":"${origin}","revision":${String(revision)}},"payload":{}}`));
const [first, second] = [0, 1].map((revision) => sealedAt('log.example/acme/decisions', revision));

describe('An entry belongs', () => {
  it.each(['log.example/acme/decisions', 'log.example/decisions-acme', 'log.example/at/some/depth/acme/decisions'])(
    'to the journal that its origin %s names',
    (origin) => {
      expect(misplacedIn('decisions-acme', 6n, [sealedAt(origin, 7)])).toBeUndefined();
      expect(misplacedIn('decisions-other', 6n, [sealedAt(origin, 7)])).toBeDefined();
      expect(misplacedIn('policy-acme', 6n, [sealedAt(origin, 7)])).toBeDefined();
    },
  );

  it('to the revision that it names', () => {
    expect(misplacedIn('decisions-acme', -1n, [first!, second!])).toBeUndefined();
    expect(misplacedIn('decisions-acme', 0n, [first!, second!])).toBe(first);
    expect(misplacedIn('decisions-acme', -1n, [second!, first!])).toBe(second);
  });

  it('into a batch once, whatever its bytes are', () => {
    const bytes = sealedBytes('t', Buffer.from('no entry at all'));
    expect(misplacedIn('decisions-acme', -1n, [bytes])).toBeUndefined();
    expect(misplacedIn('decisions-acme', -1n, [bytes, bytes])).toBe(bytes);
  });

  it('as the test kit seals it', () => {
    const entry = sealedEntry({ label: 'a', journal: 'decisions-acme', revision: 4n });
    expect(misplacedIn('decisions-acme', 3n, [entry])).toBeUndefined();
    expect(misplacedIn('decisions-acme', 4n, [entry])).toBe(entry);
  });
});
