import { randomUUID } from 'node:crypto';

const BASE = '/api/v1/enforcement';
const TIMEOUT_MS = 15_000;
const SHOWN_MAX = 96;

/** The demo ends, and this is why. */
export class DemoFailed extends Error {}

const essence = (body) => {
  if (body === undefined) return '';
  const short = JSON.stringify(body, (name, value) => {
    if (['plan', 'document', 'entries', 'defaults', 'free'].includes(name)) return '...';
    return name.endsWith('token') && typeof value === 'string' ? `${value.slice(0, 12)}...` : value;
  });
  return ` ${short.length > SHOWN_MAX ? `${short.slice(0, SHOWN_MAX)}...` : short}`;
};

const answerLine = (status, body) => (body?.code === undefined ? `${status}` : `${status} ${body.code}: ${body.title}`);

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The API as one caller sees it. Every call is printed with its answer, unless `isQuiet`. */
export const apiOf = (url, token) => {
  const open = (path, init) =>
    fetch(`${url}${path}`, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error) => {
      throw new DemoFailed(`${init.method} ${path}: ${error.cause?.message ?? error.message}`);
    });
  const call = async (method, path, { body, headers = {}, isQuiet = false } = {}) => {
    if (!isQuiet) console.log(`   -> ${method} ${path}${essence(body)}`);
    const response = await open(`${BASE}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = parsed(text);
    if (!isQuiet) console.log(`   <- ${answerLine(response.status, answer)}`);
    return { call: `${method} ${path}`, status: response.status, headers: response.headers, body: answer ?? text };
  };
  return {
    get: (path, options) => call('GET', path, options),
    post: (path, body, headers) => call('POST', path, { body, headers }),
    download: async (path) => {
      console.log(`   -> GET ${path}`);
      const response = await open(`${BASE}${path}`, { method: 'GET', headers: { authorization: `Bearer ${token}` } });
      if (response.status !== 200)
        throw new DemoFailed(`GET ${path} answered ${response.status}: ${await response.text()}`);
      const bytes = Buffer.from(await response.arrayBuffer());
      console.log(`   <- 200 ${response.headers.get('content-type')}`);
      return bytes;
    },
    text: async (path) => {
      console.log(`   -> GET ${path}`);
      const response = await open(path, { method: 'GET' });
      if (response.status !== 200)
        throw new DemoFailed(`GET ${path} answered ${response.status}: ${await response.text()}`);
      console.log('   <- 200');
      return response.text();
    },
  };
};

export const expectStatus = ({ call, status, body }, expected, code) => {
  if (status === expected && (code === undefined || body?.code === code)) return;
  const wanted = code === undefined ? `${expected}` : `${expected} ${code}`;
  throw new DemoFailed(`${call} answered ${status} instead of ${wanted}:\n${JSON.stringify(body, null, 2)}`);
};
