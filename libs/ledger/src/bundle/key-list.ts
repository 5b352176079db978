import type { BundleKey } from './bundle-input.js';

const LINE =
  /^([a-z][a-z0-9_]*) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\S+)$/;

/** Content of `keys/vkeys.txt`: purpose, valid from, valid until (`-`: still valid) and verifier key, one key a line. */
export const keyListText = (keys: readonly BundleKey[]): string =>
  keys
    .map(({ purpose, validFrom, validUntil, vkey }) => `${purpose} ${validFrom} ${validUntil ?? '-'} ${vkey}\n`)
    .join('');

/** Reads `keys/vkeys.txt`; undefined when a line is malformed. */
export const parseKeyList = (text: string): readonly BundleKey[] | undefined => {
  if (text !== '' && !text.endsWith('\n')) return undefined;
  const keys: BundleKey[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const [, purpose, validFrom, until, vkey] = LINE.exec(line) ?? [];
    if (purpose === undefined || validFrom === undefined || vkey === undefined) return undefined;
    keys.push({ purpose, validFrom, validUntil: until === '-' ? null : (until ?? null), vkey });
  }
  return keys;
};
