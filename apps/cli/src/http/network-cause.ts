const UNTRUSTED = 'the certificate is of an authority that is not trusted: NODE_EXTRA_CA_CERTS names a file with more';

/** What the codes of Node and OpenSSL mean to whoever typed an address. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: is the server running?',
  ECONNRESET: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
  ENOTFOUND: 'there is no host of that name: is the address right?',
  EAI_AGAIN: 'the name server does not answer',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: does the address begin with http://?',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  CERT_HAS_EXPIRED: 'the certificate of the server has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is not for that name: is the address right?',
  'unexpected redirect': 'it redirects elsewhere, where no token is sent: give the address itself',
};

const textAt = (value: unknown, name: string): string | undefined => {
  const member: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof member === 'string' ? member : undefined;
};

/** Why no answer came, in words, else by its code. */
export const networkCause = (error: unknown): string => {
  const cause: unknown = (typeof error === 'object' && error !== null && Reflect.get(error, 'cause')) || error;
  const told = textAt(cause, 'code') ?? textAt(cause, 'message') ?? String(cause);
  return MEANINGS[told] ?? told;
};
