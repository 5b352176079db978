import { inflateRawSync } from 'node:zlib';
import { DemoFailed } from './api.mjs';

const LOCAL_HEADER = 0x04034b50;
const STORED = 0;

/** The name also stands in the manifest and in the directory at the end: only a local header counts. */
function* headersOf(zip, name) {
  for (let place = zip.indexOf(name, 0, 'latin1'); place >= 0; place = zip.indexOf(name, place + 1, 'latin1')) {
    if (place >= 30 && zip.readUInt32LE(place - 30) === LOCAL_HEADER) yield place - 30;
  }
}

/** Where the bytes of a member lie in a ZIP. Only its own header is read: sizes come from what is in the file. */
const memberAt = (zip, name) => {
  const at = headersOf(zip, name).next().value;
  if (at === undefined) throw new DemoFailed(`no ${name} in the bundle`);
  const method = zip.readUInt16LE(at + 8);
  const start = at + 30 + zip.readUInt16LE(at + 26) + zip.readUInt16LE(at + 28);
  return { method, start };
};

/**
 * A copy of a bundle in which one digit of the first recorded monthly amount is another. A compressed member has no
 * such digit: there, one byte in its middle is changed.
 */
export const changedCopy = (bundle, name) => {
  const bytes = Buffer.from(bundle);
  const { method, start } = memberAt(bytes, name);
  if (method !== STORED) {
    const size = inflateRawSync(bytes.subarray(start), { finishFlush: 2, info: true }).engine.bytesWritten;
    const place = start + Math.floor(size / 2);
    bytes[place] ^= 1;
    return { bytes, was: 'a byte', is: 'another', entry: `${name}, byte ${place}` };
  }
  const key = '"monthly_delta_usd":"';
  const place = bytes.indexOf(key, start) + key.length;
  const end = bytes.indexOf('"', place);
  const was = bytes.toString('latin1', place, end);
  bytes[place] = bytes[place] === 0x39 ? 0x38 : bytes[place] + 1;
  return {
    bytes,
    was,
    is: bytes.toString('latin1', place, end),
    entry: `${name}, monthly_delta_usd of the first decision`,
  };
};
