import { chmodSync, linkSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { KeyStoreUnavailable } from '@verdict/application';
import { filesIn, inFolder, modeOf } from '../testing/folder.js';
import { SealBroken } from './aes-gcm.js';
import { openFileSealer } from './file-sealer.js';

const ANN = { tenantId: 'acme', subject: 'ann@example.com', text: 'because of Zoë', aad: 'entry-1/notes' };
const openOf = (sealed: ReturnType<ReturnType<typeof openFileSealer>['seal']>, tenantId = 'acme', aad = ANN.aad) => ({
  tenantId,
  sealed,
  aad,
});
const keyFileIn = (dir: string): string => join(dir, filesIn(dir).find((name) => name !== 'names.json') ?? '');

describe('a file sealer', () => {
  it(
    'opens what it sealed, also after a restart and in another process',
    inFolder((dir) => {
      const sealed = openFileSealer(dir).seal(ANN);
      expect(openFileSealer(dir).open(openOf(sealed))).toBe(ANN.text);
    }),
  );
  it(
    'seals equal texts to different bytes under one key',
    inFolder((dir) => {
      const sealer = openFileSealer(dir);
      const [one, two] = [sealer.seal(ANN), sealer.seal(ANN)];
      expect(one.kid).toBe(two.kid);
      expect(one.iv).not.toBe(two.iv);
      expect(one.ct).not.toBe(two.ct);
    }),
  );
  it(
    'refuses a text whose bytes, tag or place is another one',
    inFolder((dir) => {
      const sealer = openFileSealer(dir);
      const sealed = sealer.seal(ANN);
      const other = sealer.seal({ ...ANN, text: 'something else' });
      expect(() => sealer.open(openOf(sealed, 'acme', 'entry-2/notes'))).toThrow(SealBroken);
      expect(() => sealer.open(openOf({ ...sealed, ct: other.ct }))).toThrow(SealBroken);
      expect(() => sealer.open(openOf({ ...sealed, tag: sealed.tag.slice(0, 6) }))).toThrow(SealBroken);
      expect(() => sealer.open(openOf({ ...sealed, iv: '' }))).toThrow(SealBroken);
      expect(() => sealer.open(openOf({ ...sealed, kid: '../names' }))).toThrow(SealBroken);
    }),
  );
  it(
    'has a key for each subject of each tenant',
    inFolder((dir) => {
      const sealer = openFileSealer(dir);
      const sealed = [ANN, { ...ANN, subject: 'bob' }, { ...ANN, tenantId: 'globex' }].map((each) => sealer.seal(each));
      expect(new Set(sealed.map(({ kid }) => kid)).size).toBe(3);
      expect(sealer.open(openOf(sealed[0]!, 'globex'))).toBeUndefined();
      expect(filesIn(dir)).toHaveLength(4);
    }),
  );
  it(
    'keeps its files to their owner, and puts no tenant or subject into a name, a file or a kid',
    inFolder((dir) => {
      const { kid } = openFileSealer(dir).seal(ANN);
      const all = filesIn(dir).map((name) => `${name} ${readFileSync(join(dir, name), 'utf8')}`);
      expect([...all, kid].join('\n')).not.toMatch(/ann|example|acme/);
      expect(filesIn(dir).map((name) => modeOf(join(dir, name)))).toEqual(['600', '600']);
      const elsewhere = join(dir, 'elsewhere');
      expect(openFileSealer(elsewhere).seal(ANN).kid.slice(0, 32)).not.toBe(kid.slice(0, 32));
    }),
  );
});

describe('the erasure of a subject', () => {
  it(
    'makes every text of the subject unreadable, and no text of anybody else',
    inFolder((dir) => {
      const sealer = openFileSealer(dir);
      const [ann, bob] = [sealer.seal(ANN), sealer.seal({ ...ANN, subject: 'bob' })];
      expect(sealer.destroy('acme', ANN.subject)).toBe(true);
      expect(sealer.open(openOf(ann))).toBeUndefined();
      expect(openFileSealer(dir).open(openOf(ann))).toBeUndefined();
      expect(sealer.open(openOf(bob))).toBe(ANN.text);
      expect(sealer.destroy('acme', ANN.subject)).toBe(false);
    }),
  );
  it(
    'counts at once in another process that has the key in memory',
    inFolder((dir) => {
      const [here, there] = [openFileSealer(dir), openFileSealer(dir)];
      const sealed = here.seal(ANN);
      expect(there.open(openOf(sealed))).toBe(ANN.text);
      here.destroy('acme', ANN.subject);
      expect(there.open(openOf(sealed))).toBeUndefined();
      expect(there.seal(ANN).kid).not.toBe(sealed.kid);
    }),
  );
  it(
    'gives a subject who comes back another key, and keeps the old texts unreadable',
    inFolder((dir) => {
      const sealer = openFileSealer(dir);
      const before = sealer.seal(ANN);
      sealer.destroy('acme', ANN.subject);
      const after = sealer.seal(ANN);
      expect(sealer.open(openOf(after))).toBe(ANN.text);
      expect(sealer.open(openOf(before))).toBeUndefined();
    }),
  );
  it(
    'is not undone by another process that had the old key in memory',
    inFolder(async (dir) => {
      const [here, there] = [openFileSealer(dir), openFileSealer(dir)];
      const old = there.seal(ANN).kid;
      await sleep(20); // Files of one tick of the system's clock look alike.
      here.destroy('acme', ANN.subject);
      const { kid } = here.seal(ANN);
      expect(kid).not.toBe(old);
      expect(there.seal(ANN).kid).toBe(kid);
    }),
  );
  it(
    'overwrites the bytes of the key before it lets go of them',
    inFolder((dir) => {
      const sealer = openFileSealer(dir);
      sealer.seal(ANN);
      const second = join(dir, 'second-name');
      linkSync(keyFileIn(dir), second);
      sealer.destroy('acme', ANN.subject);
      expect([...readFileSync(second)].every((byte) => byte === 0)).toBe(true);
      expect(filesIn(dir)).toEqual(['names.json', 'second-name']);
    }),
  );
  it(
    'is finished by a repeat when a crash cut it off',
    inFolder((dir) => {
      const sealer = openFileSealer(dir);
      sealer.seal(ANN);
      const path = keyFileIn(dir);
      const leaving = path.replace(/([^/]+)$/, '.$1.erased');
      linkSync(path, leaving);
      rmSync(path);
      expect(sealer.destroy('acme', ANN.subject)).toBe(true);
      expect(filesIn(dir)).toEqual(['names.json']);
    }),
  );
});

describe('a damaged sealer', () => {
  it(
    'is refused with the name of the key file, and makes no new key',
    inFolder((dir) => {
      openFileSealer(dir).seal(ANN);
      const path = keyFileIn(dir);
      truncateSync(path, 20);
      expect(() => openFileSealer(dir).seal(ANN)).toThrow(KeyStoreUnavailable);
      expect(() => openFileSealer(dir).seal(ANN)).toThrow(`${path} is damaged`);
      expect(filesIn(dir)).toHaveLength(2);
    }),
  );
  it(
    'is refused when others can read a key',
    inFolder((dir) => {
      openFileSealer(dir).seal(ANN);
      chmodSync(keyFileIn(dir), 0o644);
      expect(() => openFileSealer(dir).seal(ANN)).toThrow('has mode 0644');
    }),
  );
  it(
    'is refused when the secret of the names is gone or damaged, since every key would be lost with it',
    inFolder((dir) => {
      openFileSealer(dir).seal(ANN);
      const names = join(dir, 'names.json');
      writeFileSync(names, '{}');
      expect(() => openFileSealer(dir)).toThrow(`${names} is damaged`);
      rmSync(names);
      expect(() => openFileSealer(dir)).toThrow(`${names} is missing`);
    }),
  );
});

describe('the keys in memory', () => {
  it(
    'never exceed their bound, and a key that left is read again',
    inFolder((dir) => {
      const sealer = openFileSealer(dir, { cachedKeysMax: 2 });
      const sealed = ['a', 'b', 'c'].map((subject) => sealer.seal({ ...ANN, subject }));
      const cache = Reflect.get(sealer, 'cache') as ReadonlyMap<string, unknown>;
      expect(cache.size).toBe(2);
      expect(sealed.map((each) => sealer.open(openOf(each)))).toEqual([ANN.text, ANN.text, ANN.text]);
      expect(cache.size).toBe(2);
    }),
  );
});
