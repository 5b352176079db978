import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { KeyStoreUnavailable } from '@verdict/application';
import { filesIn, inFolder, modeOf } from '../testing/folder.js';
import { openFileKeyStore } from './file-key-store.js';

const MESSAGE = new Uint8Array([1]);

const fileOf = (dir: string, name: string): { readonly path: string; readonly text: string } => {
  const path = join(dir, name);
  return { path, text: readFileSync(path, 'utf8') };
};

const refusalOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KeyStoreUnavailable);
  return (error as KeyStoreUnavailable).message;
};

describe('the files of a key store', () => {
  it(
    'are one for each key, for their owner alone, in a folder for its owner alone',
    inFolder(async (parent) => {
      const dir = join(parent, 'a', 'keys');
      const keys = await openFileKeyStore(dir);
      await keys.sign('checkpoint', MESSAGE);
      await keys.rotate('checkpoint');
      await keys.sign('issuer', MESSAGE);
      expect(filesIn(dir)).toEqual(['checkpoint-0001.json', 'checkpoint-0002.json', 'issuer-0001.json']);
      expect(filesIn(dir).map((name) => modeOf(join(dir, name)))).toEqual(['600', '600', '600']);
      expect(modeOf(dir)).toBe('700');
    }),
  );
  it(
    'close an empty folder to others, and refuse a used one that others can enter',
    inFolder(async (parent) => {
      const dir = join(parent, 'keys');
      mkdirSync(dir, { mode: 0o755 });
      const keys = await openFileKeyStore(dir);
      expect(modeOf(dir)).toBe('700');
      await keys.sign('token', MESSAGE);
      chmodSync(dir, 0o750);
      expect(await refusalOf(openFileKeyStore(dir))).toBe(
        `${dir} has mode 0750, so others can reach its keys; set it to 0700`,
      );
    }),
  );
  it.each([0o640, 0o604, 0o660])('that others can use are refused by name (mode %o)', (mode) =>
    inFolder(async (dir) => {
      await (await openFileKeyStore(dir)).sign('token', MESSAGE);
      const { path } = fileOf(dir, 'token-0001.json');
      chmodSync(path, mode);
      expect(await refusalOf(openFileKeyStore(dir))).toContain(`${path} has mode 0${mode.toString(8)}`);
      expect(filesIn(dir)).toEqual(['token-0001.json']);
    })(),
  );
  it(
    'lose the draft of a process that died, and keep that of one at work',
    inFolder(async (dir) => {
      const [old, young] = [join(dir, '.token-0001.json.0a.draft'), join(dir, '.token-0001.json.0b.draft')];
      for (const path of [old, young]) writeFileSync(path, '{}', { mode: 0o600 });
      utimesSync(old, new Date(0), new Date(0));
      await openFileKeyStore(dir);
      expect(filesIn(dir)).toEqual(['.token-0001.json.0b.draft']);
    }),
  );
});

describe('a damaged key store', () => {
  const damages: readonly (readonly [string, (text: string) => string, string])[] = [
    ['cut short', (text) => text.slice(0, text.length / 2), 'it holds no Ed25519 key pair'],
    ['empty', () => '', 'it holds no Ed25519 key pair'],
    ['of another format', (text) => text.replace('signing-key.v1', 'signing-key.v2'), 'its format is not'],
    ['of another purpose', (text) => text.replace('"token"', '"issuer"'), 'it is the key of another name'],
    ['without a time', (text) => text.replace(/"valid_from": "[^"]*"/, '"valid_from": "soon"'), 'valid_from'],
    ['with another kid', (text) => text.replace(/"kid": "[^"]*"/, '"kid": "0000000000000000"'), 'its kid does not fit'],
    ['with halves of two pairs', (text) => text.replace(/"x": "..../, '"x": "AAAA'), 'it holds no Ed25519 key pair'],
  ];
  it.each(damages)('is refused with the name of the file that is %s, and makes no new key', (_, damage, told) =>
    inFolder(async (dir) => {
      await (await openFileKeyStore(dir)).sign('token', MESSAGE);
      const { path, text } = fileOf(dir, 'token-0001.json');
      writeFileSync(path, damage(text));
      const message = await refusalOf(openFileKeyStore(dir));
      expect(message).toContain(path);
      expect(message).toContain(told);
      expect(filesIn(dir)).toEqual(['token-0001.json']);
    })(),
  );
  it(
    'never tells a private key in its message',
    inFolder(async (dir) => {
      await (await openFileKeyStore(dir)).sign('token', MESSAGE);
      const { path, text } = fileOf(dir, 'token-0001.json');
      const { jwk } = JSON.parse(text) as { readonly jwk: { readonly d: string } };
      writeFileSync(path, text.replace('"format"', 'format'));
      expect(await refusalOf(openFileKeyStore(dir))).not.toContain(jwk.d.slice(0, 6));
    }),
  );
  it(
    'is refused when the first of two keys was taken away, at the start and at the first use',
    inFolder(async (dir) => {
      const keys = await openFileKeyStore(dir);
      await keys.rotate('export');
      const late = await openFileKeyStore(join(dir, 'late'));
      copyFileSync(join(dir, 'export-0002.json'), join(dir, 'late', 'export-0002.json'));
      rmSync(join(dir, 'export-0001.json'));
      const told = 'export-0001.json is missing, though export-0002.json is there';
      expect(await refusalOf(openFileKeyStore(dir))).toContain(told);
      expect(await refusalOf(late.sign('export', MESSAGE))).toContain(told);
    }),
  );
  it(
    'is refused when a key was taken to another name',
    inFolder(async (dir) => {
      await (await openFileKeyStore(dir)).sign('checkpoint', MESSAGE);
      copyFileSync(join(dir, 'checkpoint-0001.json'), join(dir, 'checkpoint-0002.json'));
      expect(await refusalOf(openFileKeyStore(dir))).toContain('it is the key of another name');
    }),
  );
  it(
    'is refused when its folder is a file',
    inFolder(async (dir) => {
      writeFileSync(join(dir, 'keys'), '');
      expect(await refusalOf(openFileKeyStore(join(dir, 'keys')))).toContain(join(dir, 'keys'));
    }),
  );
});
