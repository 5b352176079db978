import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readWhole } from './archive.js';
import { centralRecord, endRecords, localHeader, readCentralRecord, readEndRecords } from './zip-format.js';
import type { ZipMember } from './zip-format.js';
import { openZip } from './zip-reader.js';
import { writeZip } from './zip-writer.js';
import type { PackedMember } from './zip-writer.js';

let path = '';
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verdict-zip-'));
  path = join(folder, 'a.zip');
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const packed = (name: string, text: string, change: Partial<PackedMember> = {}): PackedMember => {
  const content = Buffer.from(text);
  const bytes = change.method === 'deflate' ? deflateRawSync(content, { level: 6 }) : content;
  return {
    name,
    method: 'stored',
    crc32: crc32(content),
    bytes: content.length,
    compressedBytes: bytes.length,
    packed: async function* () {
      yield await Promise.resolve(bytes);
    },
    ...change,
  };
};
const save = async (members: readonly PackedMember[], edit = (bytes: Buffer): Buffer => bytes): Promise<void> => {
  const chunks: Uint8Array[] = [];
  await writeZip(members, (chunk) => Promise.resolve(void chunks.push(chunk)));
  await writeFile(path, edit(Buffer.concat(chunks)));
};
/** What the first refusal is, when the archive is opened and all of it is read. */
const refusal = async (): Promise<string | undefined> => {
  try {
    const archive = await openZip(path);
    try {
      for (const { name } of archive.members) await readWhole(archive, name, 1_000_000);
    } finally {
      await archive.close();
    }
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

describe('the ZIP reader', () => {
  it('reads what the writer wrote, stored and deflated', async () => {
    await save([packed('a.txt', 'one'), packed('b/c.txt', 'two'.repeat(1000), { method: 'deflate' })]);
    const archive = await openZip(path);
    expect(archive.members.map(({ name }) => name)).toEqual(['a.txt', 'b/c.txt']);
    expect(Buffer.from(await readWhole(archive, 'b/c.txt', 3000)).toString()).toBe('two'.repeat(1000));
    await expect(readWhole(archive, 'b/c.txt', 2999)).rejects.toThrow('larger than');
    await archive.close();
  });

  it.each(['../a', 'a/../b', '/etc/passwd', 'a\\b', 'C:/a', '.hidden', 'a//b', 'a/', '', 'a\u0000b', './a'])(
    'refuses the name %j',
    async (name) => {
      await save([packed(name, 'x')]);
      expect(await refusal()).toMatch(/path trick/);
    },
  );

  it('refuses two members of one name, also where only the case differs', async () => {
    await save([packed('a', '1'), packed('A', '2')]);
    expect(await refusal()).toMatch(/more than one/);
  });

  it.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ['data before the first member', (bytes) => Buffer.concat([Buffer.from('#!'), bytes]), /do not fit/],
    ['data after the end', (bytes) => Buffer.concat([bytes, Buffer.from('x')]), /end of central/],
    ['a cut end', (bytes) => bytes.subarray(0, -1), /end of central/],
    ['a symlink', (bytes) => edited(bytes, bytes.length - 22 - 47 + 38, [0, 0, 0xff, 0xa1]), /plain file/],
    ['encryption', (bytes) => edited(bytes, bytes.length - 22 - 47 + 8, [1]), /plain file/],
    ['another date in the local header', (bytes) => edited(bytes, 12, [0x22]), /does not agree/],
    ['another name in the local header', (bytes) => edited(bytes, 30, [0x62]), /does not agree/],
    ['changed content', (bytes) => edited(bytes, 31, [0x78]), /CRC/],
    ['an empty file', () => Buffer.alloc(0), /end of central/],
  ])('refuses %s', async (_name, edit, message) => {
    await save([packed('a', 'one')], edit);
    expect(await refusal()).toMatch(message);
  });
  const edited = (bytes: Buffer, at: number, values: readonly number[]): Buffer => {
    const copy = Buffer.from(bytes);
    copy.set(values, at);
    return copy;
  };

  it('refuses content that is more or less than stated, without unpacking more than stated', async () => {
    await save([packed('bomb', 'x'.repeat(100_000), { method: 'deflate', bytes: 10 })]);
    expect(await refusal()).toMatch(/more content/);
    await save([packed('short', 'x', { method: 'deflate', bytes: 10 })]);
    expect(await refusal()).toMatch(/less content/);
    await save([packed('two sizes'.replace(' ', '_'), 'x', { bytes: 10 })]);
    expect(await refusal()).toMatch(/two sizes/);
  });

  it('reads more than 65,535 members', async () => {
    await save(Array.from({ length: 66_000 }, (_, index) => packed(`f${index.toString()}`, '')));
    const archive = await openZip(path);
    expect(archive.members).toHaveLength(66_000);
    await archive.close();
    expect((await readFile(path)).subarray(-98, -94).toString('hex')).toBe('504b0606');
  }, 60_000);
});

describe('zip64', () => {
  const GIB = 2 ** 30;
  const base: ZipMember = {
    name: 'big',
    method: 'stored',
    crc32: 1,
    bytes: 5 * GIB,
    compressedBytes: 5 * GIB,
    offset: 6 * GIB,
  };
  it.each<[string, ZipMember]>([
    ['sizes and offset', base],
    ['an offset alone', { ...base, bytes: 1, compressedBytes: 1 }],
    ['sizes alone', { ...base, offset: 0 }],
    ['exactly the limit', { ...base, bytes: 2 ** 32 - 1, compressedBytes: 2 ** 32 - 1, offset: 2 ** 32 - 1 }],
    ['just below it', { ...base, bytes: 2 ** 32 - 2, compressedBytes: 2 ** 32 - 2, offset: 2 ** 32 - 2 }],
  ])('carries %s', (_name, member) => {
    const record = Buffer.from(centralRecord(member));
    expect(readCentralRecord(record)).toEqual({ member, length: record.length });
    expect(localHeader(member).length).toBe(33 + (member.bytes >= 2 ** 32 - 1 ? 20 : 0));
  });
  it('carries a far directory', () => {
    const directory = { count: 3, offset: 7 * GIB, bytes: 200 };
    expect(readEndRecords(Buffer.from(endRecords(directory)))).toEqual(directory);
  });
});
