/**
 * One-dimensional arrays in Postgres' binary format: a batch travels as a handful of parameters and its bytes are
 * neither doubled to hex nor parsed again.
 * @source PostgreSQL, array_recv in src/backend/utils/adt/arrayfuncs.c
 */
const OID = { bytea: 17, int8: 20, int4: 23, text: 25, uuid: 2950 } as const;
const HEADER_BYTES = 20;

const encode = <T>(
  oid: number,
  items: readonly T[],
  sizeOf: (item: T) => number,
  write: (item: T, to: Buffer, at: number) => void,
): Buffer => {
  let size = HEADER_BYTES;
  for (const item of items) size += 4 + sizeOf(item);
  const buffer = Buffer.allocUnsafe(size);
  buffer.writeInt32BE(1, 0); // Dimensions.
  buffer.writeInt32BE(0, 4); // No nulls.
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(items.length, 12);
  buffer.writeInt32BE(1, 16); // Lower bound.
  let at = HEADER_BYTES;
  for (const item of items) {
    const length = sizeOf(item);
    buffer.writeInt32BE(length, at);
    write(item, buffer, at + 4);
    at += 4 + length;
  }
  return buffer;
};

export const byteaArray = (items: readonly Uint8Array[]): Buffer =>
  encode(
    OID.bytea,
    items,
    (item) => item.length,
    (item, to, at) => {
      to.set(item, at);
    },
  );

export const textArray = (items: readonly string[]): Buffer =>
  encode(
    OID.text,
    items,
    (item) => Buffer.byteLength(item),
    (item, to, at) => {
      to.write(item, at);
    },
  );

export const int8Array = (items: readonly bigint[]): Buffer =>
  encode(
    OID.int8,
    items,
    () => 8,
    (item, to, at) => {
      to.writeBigInt64BE(item, at);
    },
  );

export const int4Array = (items: readonly number[]): Buffer =>
  encode(
    OID.int4,
    items,
    () => 4,
    (item, to, at) => {
      to.writeInt32BE(item, at);
    },
  );

/** Takes UUIDs in their usual text form. */
export const uuidArray = (items: readonly string[]): Buffer =>
  encode(
    OID.uuid,
    items,
    () => 16,
    (item, to, at) => {
      to.write(item.replaceAll('-', ''), at, 'hex');
    },
  );
