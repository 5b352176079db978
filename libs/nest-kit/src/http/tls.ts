import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { ConfigError } from '../config/config.js';

const file = z.string().min(1).optional();

/** TLS of the process itself; absent: plain HTTP, for loopback or behind something that ends TLS. */
export const TlsEnv = {
  /** PEM files; the certificate with its chain. Both or none. */
  HTTP_TLS_KEY_FILE: file,
  HTTP_TLS_CERT_FILE: file,
  /** PEM file of the authorities that clients' certificates end in; without it no certificate is asked for. */
  HTTP_TLS_CLIENT_CA_FILE: file,
} as const;
export type TlsConfig = Readonly<Partial<z.infer<z.ZodObject<typeof TlsEnv>>>>;

/** What Node's TLS server is given. */
export interface ServerTls {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly minVersion: 'TLSv1.2';
  readonly ca?: Buffer;
  readonly requestCert?: true;
  /** Others may come without a certificate: who has to have one is asked later. */
  readonly rejectUnauthorized?: false;
}

const contents = (name: keyof TlsConfig, path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch {
    throw new ConfigError([`${name}: cannot be read`]);
  }
};

const checked = (tls: ServerTls): ServerTls => {
  try {
    createSecureContext(tls);
    return tls;
  } catch {
    throw new ConfigError(['HTTP_TLS_KEY_FILE, HTTP_TLS_CERT_FILE: not a key and its certificate as PEM']);
  }
};

/**
 * Reads the files that the settings name.
 * @returns undefined without settings. @throws ConfigError for half of them, or for files that are not what they should be.
 */
export const readTls = (config: TlsConfig): ServerTls | undefined => {
  const { HTTP_TLS_KEY_FILE: key, HTTP_TLS_CERT_FILE: cert, HTTP_TLS_CLIENT_CA_FILE: ca } = config;
  if (key === undefined && cert === undefined && ca === undefined) return undefined;
  if (key === undefined) throw new ConfigError(['HTTP_TLS_KEY_FILE: needed with the other files of TLS']);
  if (cert === undefined) throw new ConfigError(['HTTP_TLS_CERT_FILE: needed with the other files of TLS']);
  const own = {
    key: contents('HTTP_TLS_KEY_FILE', key),
    cert: contents('HTTP_TLS_CERT_FILE', cert),
    minVersion: 'TLSv1.2',
  } as const;
  if (ca === undefined) return checked(own);
  const trusted = contents('HTTP_TLS_CLIENT_CA_FILE', ca);
  return checked({ ...own, ca: trusted, requestCert: true, rejectUnauthorized: false });
};
