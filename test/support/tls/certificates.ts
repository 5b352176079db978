import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** A key and its certificate, both as PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface Authority extends Identity {
  /** Certificate of a server for DNS names and IP addresses, or of a client; for a new key, or for one as PEM. */
  issue(names: readonly string[], key?: string): Identity;
}

// ASN.1 in DER, as little of it as a certificate needs.
const lengthOf = (size: number): Buffer => {
  if (size < 0x80) return Buffer.from([size]);
  const bytes = size < 0x100 ? [size] : [size >> 8, size & 0xff];
  return Buffer.from([0x80 | bytes.length, ...bytes]);
};
const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
};
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value, 'ascii'));
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);

const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = '550403';
const BASIC_CONSTRAINTS = '551d13';
const ALTERNATIVE_NAMES = '551d11';

const nameOf = (commonName: string): Buffer => sequence(der(0x31, sequence(oid(COMMON_NAME), text(0x0c, commonName))));
const timeOf = (ms: number): Buffer =>
  text(
    0x17,
    new Date(ms)
      .toISOString()
      .replace(/[-:T]|\.\d+/g, '')
      .slice(2),
  );
const extension = (id: string, isCritical: boolean, value: Buffer): Buffer =>
  sequence(oid(id), ...(isCritical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
const addressOf = (name: string): Buffer =>
  isIP(name) === 4 ? der(0x87, Buffer.from(name.split('.').map(Number))) : text(0x82, name);

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${(bytes.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`;

interface Terms {
  readonly subject: string;
  readonly issuer: { readonly name: string; readonly key: KeyObject };
  readonly publicKey: KeyObject;
  readonly extension: Buffer;
}

const DAY_MS = 86_400_000;

const certificateOf = ({ subject, issuer, publicKey, extension: extra }: Terms): string => {
  const serial = der(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(8)]));
  const validity = sequence(timeOf(Date.now() - DAY_MS), timeOf(Date.now() + 30 * DAY_MS));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const extensions = der(0xa3, sequence(extra));
  const toSign = sequence(
    ...[version, serial, ECDSA_SHA256, nameOf(issuer.name), validity, nameOf(subject), spki, extensions],
  );
  return pem('CERTIFICATE', sequence(toSign, ECDSA_SHA256, bits(sign('sha256', toSign, issuer.key))));
};

const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pairOf = (text: string) => ({ privateKey: createPrivateKey(text), publicKey: createPublicKey(text) });
const keyText = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** A certificate authority for one test run; nothing is written anywhere, and no program but Node is needed. */
export const makeAuthority = (name = 'Verdict test authority'): Authority => {
  const own = keyPair();
  const issuer = { name, key: own.privateKey };
  const isAuthority = extension(BASIC_CONSTRAINTS, true, sequence(der(0x01, Buffer.from([0xff]))));
  const cert = certificateOf({ subject: name, issuer, publicKey: own.publicKey, extension: isAuthority });
  return {
    key: keyText(own.privateKey),
    cert,
    issue: (names, key) => {
      const pair = key === undefined ? keyPair() : pairOf(key);
      const alternatives = extension(ALTERNATIVE_NAMES, false, sequence(...names.map(addressOf)));
      const subject = names[0] ?? 'nobody';
      return {
        key: keyText(pair.privateKey),
        cert: certificateOf({ subject, issuer, publicKey: pair.publicKey, extension: alternatives }),
      };
    },
  };
};
