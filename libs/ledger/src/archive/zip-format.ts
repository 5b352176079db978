/**
 * The one ZIP layout that bundles use. Writer and reader share it: the reader makes the headers again from the few
 * numbers that may differ and compares bytes, so nothing can hide in a field that nobody looks at.
 * @source PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5
 */
export interface ZipMember {
  readonly name: string;
  readonly method: 'stored' | 'deflate';
  readonly crc32: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Where its local header begins. */
  readonly offset: number;
}

export const METHOD_CODES = { stored: 0, deflate: 8 } as const satisfies Record<ZipMember['method'], number>;
export const END_BYTES = 22;
export const END64_BYTES = 56 + 20 + END_BYTES;
export const CENTRAL_BYTES = 46;
export const CENTRAL_SIGNATURE = 0x02014b50;
export const END_SIGNATURE = 0x06054b50;
export const END64_SIGNATURE = 0x06064b50;
export const LIMIT_16 = 0xffff;
export const LIMIT_32 = 0xffffffff;

const LOCAL_SIGNATURE = 0x04034b50;
const LOCATOR_SIGNATURE = 0x07064b50;
const ZIP64_EXTRA = 0x0001;
const VERSION = 20;
const VERSION_ZIP64 = 45;
const MADE_BY_UNIX = 3 << 8;
/** 1980-01-01 00:00, the first moment a ZIP can name: no wall clock enters the bytes. */
const DATE = 0x0021;
const REGULAR_FILE_0644 = 0o100644;

/** Header before the data of a member. */
export const localHeader = (member: ZipMember): Uint8Array => {
  const isLarge = isLargeMember(member);
  const extra = isLarge ? zip64Extra([member.bytes, member.compressedBytes]) : Buffer.alloc(0);
  const name = Buffer.from(member.name, 'utf8');
  const header = Buffer.alloc(30);
  header.writeUInt32LE(LOCAL_SIGNATURE, 0);
  header.writeUInt16LE(isLarge ? VERSION_ZIP64 : VERSION, 4);
  header.writeUInt16LE(METHOD_CODES[member.method], 8);
  header.writeUInt16LE(DATE, 12);
  header.writeUInt32LE(member.crc32, 14);
  header.writeUInt32LE(isLarge ? LIMIT_32 : member.compressedBytes, 18);
  header.writeUInt32LE(isLarge ? LIMIT_32 : member.bytes, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, name, extra]);
};

/** Record of a member in the central directory. */
export const centralRecord = (member: ZipMember): Uint8Array => {
  const isLarge = isLargeMember(member);
  const isFar = member.offset >= LIMIT_32;
  const large = [...(isLarge ? [member.bytes, member.compressedBytes] : []), ...(isFar ? [member.offset] : [])];
  const extra = large.length > 0 ? zip64Extra(large) : Buffer.alloc(0);
  const name = Buffer.from(member.name, 'utf8');
  const version = large.length > 0 ? VERSION_ZIP64 : VERSION;
  const record = Buffer.alloc(CENTRAL_BYTES);
  record.writeUInt32LE(CENTRAL_SIGNATURE, 0);
  record.writeUInt16LE(MADE_BY_UNIX | version, 4);
  record.writeUInt16LE(version, 6);
  record.writeUInt16LE(METHOD_CODES[member.method], 10);
  record.writeUInt16LE(DATE, 14);
  record.writeUInt32LE(member.crc32, 16);
  record.writeUInt32LE(isLarge ? LIMIT_32 : member.compressedBytes, 20);
  record.writeUInt32LE(isLarge ? LIMIT_32 : member.bytes, 24);
  record.writeUInt16LE(name.length, 28);
  record.writeUInt16LE(extra.length, 30);
  record.writeUInt32LE(REGULAR_FILE_0644 * 0x10000, 38);
  record.writeUInt32LE(isFar ? LIMIT_32 : member.offset, 42);
  return Buffer.concat([record, name, extra]);
};

export interface CentralDirectory {
  readonly count: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Everything after the central directory. */
export const endRecords = (directory: CentralDirectory): Uint8Array => {
  const isLarge = directory.count >= LIMIT_16 || directory.offset >= LIMIT_32 || directory.bytes >= LIMIT_32;
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(END_SIGNATURE, 0);
  end.writeUInt16LE(isLarge ? LIMIT_16 : directory.count, 8);
  end.writeUInt16LE(isLarge ? LIMIT_16 : directory.count, 10);
  end.writeUInt32LE(isLarge ? LIMIT_32 : directory.bytes, 12);
  end.writeUInt32LE(isLarge ? LIMIT_32 : directory.offset, 16);
  return isLarge ? Buffer.concat([end64Records(directory), end]) : end;
};

const end64Records = (directory: CentralDirectory): Uint8Array => {
  const records = Buffer.alloc(END64_BYTES - END_BYTES);
  records.writeUInt32LE(END64_SIGNATURE, 0);
  records.writeBigUInt64LE(44n, 4); // Length of what follows in this record.
  records.writeUInt16LE(MADE_BY_UNIX | VERSION_ZIP64, 12);
  records.writeUInt16LE(VERSION_ZIP64, 14);
  records.writeBigUInt64LE(BigInt(directory.count), 24);
  records.writeBigUInt64LE(BigInt(directory.count), 32);
  records.writeBigUInt64LE(BigInt(directory.bytes), 40);
  records.writeBigUInt64LE(BigInt(directory.offset), 48);
  records.writeUInt32LE(LOCATOR_SIGNATURE, 56);
  records.writeBigUInt64LE(BigInt(directory.offset + directory.bytes), 64);
  records.writeUInt32LE(1, 72); // Number of disks.
  return records;
};

/** Sizes and offsets from 4 GiB - 1 upwards go into the extra field. */
const isLargeMember = ({ bytes, compressedBytes }: ZipMember): boolean =>
  bytes >= LIMIT_32 || compressedBytes >= LIMIT_32;

const zip64Extra = (values: readonly number[]): Buffer => {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(ZIP64_EXTRA, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, index) => extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index));
  return extra;
};

/** Reads one central record at the start of `bytes`, as far as the layout has variables; undefined when cut short. */
export const readCentralRecord = (
  bytes: Buffer,
): { readonly member: ZipMember; readonly length: number } | undefined => {
  if (bytes.length < CENTRAL_BYTES || bytes.readUInt32LE(0) !== CENTRAL_SIGNATURE) return undefined;
  const nameEnd = CENTRAL_BYTES + bytes.readUInt16LE(28);
  const length = nameEnd + bytes.readUInt16LE(30);
  if (bytes.length < length) return undefined;
  const large = largeValues(bytes.subarray(nameEnd, length));
  const take = (small: number): number => (small === LIMIT_32 ? (large.shift() ?? small) : small);
  const compressed = bytes.readUInt32LE(20);
  const plain = take(bytes.readUInt32LE(24)); // The extra field lists the plain size first.
  const member: ZipMember = {
    name: bytes.toString('utf8', CENTRAL_BYTES, nameEnd),
    method: bytes.readUInt16LE(10) === METHOD_CODES.deflate ? 'deflate' : 'stored',
    crc32: bytes.readUInt32LE(16),
    bytes: plain,
    compressedBytes: take(compressed),
    offset: take(bytes.readUInt32LE(42)),
  };
  return { member, length };
};

const largeValues = (extra: Buffer): number[] => {
  const values: number[] = [];
  for (let at = 4; at + 8 <= extra.length; at += 8) values.push(Number(extra.readBigUInt64LE(at)));
  return values;
};

/** What the last records say about the central directory; undefined when they are no such records. */
export const readEndRecords = (tail: Buffer): CentralDirectory | undefined => {
  const end = tail.subarray(-END_BYTES);
  if (end.length < END_BYTES || end.readUInt32LE(0) !== END_SIGNATURE) return undefined;
  const records = tail.subarray(-END64_BYTES);
  if (records.length === END64_BYTES && records.readUInt32LE(0) === END64_SIGNATURE) {
    return {
      count: Number(records.readBigUInt64LE(24)),
      bytes: Number(records.readBigUInt64LE(40)),
      offset: Number(records.readBigUInt64LE(48)),
    };
  }
  return { count: end.readUInt16LE(8), bytes: end.readUInt32LE(12), offset: end.readUInt32LE(16) };
};
