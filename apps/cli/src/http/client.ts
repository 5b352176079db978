import type { RouteContract } from '@verdict/contracts';
import type { z } from 'zod';
import { RequestPrinted, wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import { fetchWithRetries } from './attempts.js';
import { type PagesOf, wholeId, wholeIds } from './id-prefix.js';
import { notUnderstood } from './not-understood.js';
import { readAnswer } from './read-answer.js';
import { refusalOf } from './refusal.js';
import { schemaOf, withSchema } from './schemas.js';
import type { Settings } from './settings.js';
import { expiryMsOf } from './token-claims.js';

export interface RequestInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** JSON text, so that numbers go out as they were read. */
  readonly body?: string;
  /** Default: JSON. */
  readonly mediaType?: string;
  readonly ifMatch?: string;
  /** Of a write that is one of several in its command: --idempotency-key is about another one. */
  readonly key?: string;
  /** The server derives a key from the body itself; one of ours would be in its way. */
  readonly isKeyDerived?: boolean;
}

export interface Answer<Value> {
  readonly value: Value;
  /** As it was sent, members unknown to this client included, and the name of its schema. */
  readonly body: unknown;
  readonly etag: string | null;
}

type Answered<Schema extends z.ZodType> = RouteContract & { readonly response: Schema };

/** Talks to one server by the contract's routes. Every method throws CliFailure for anything but the wanted answer. */
export interface Client {
  readonly send: <Schema extends z.ZodType>(
    route: Answered<Schema>,
    input?: RequestInput,
  ) => Promise<Answer<z.output<Schema>>>;
  /** An answer that is not JSON. */
  readonly open: (route: RouteContract, input?: RequestInput) => Promise<Response>;
  /** The id that begins so, such as a `decision_id`; paths are completed without asking for it. */
  readonly wholeId: (name: string, text: string) => Promise<string>;
  /** `--dry-run`: nothing is sent, so there is nothing to look up first either. */
  readonly isDryRun: boolean;
}

export interface ClientOptions {
  readonly settings: Settings;
  readonly timeoutMs: number;
  readonly idempotencyKey: string | undefined;
  readonly isDryRun: boolean;
}

const urlOf = (base: URL, path: string, { params = {}, query = {} }: RequestInput): URL => {
  const filled = path.replace(/:([a-z_]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const url = new URL(base.pathname.replace(/\/$/, '') + filled, base);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
};

const REDACTED = 'Bearer ...';

const requestText = (
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
): string => {
  const shown = { ...headers, ...(headers['authorization'] === undefined ? {} : { authorization: REDACTED }) };
  const lines = Object.entries(shown).map(([name, value]) => `${name}: ${value}`);
  return `${[`${method} ${url.toString()}`, ...lines, '', ...(body === undefined ? [] : [body])].join('\n')}\n`;
};

const bodyOf = async (response: Response): Promise<unknown> => {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    return body;
  } catch {
    return undefined;
  }
};

/** `{ decision_id: '0193' }` is the decision 0193. */
const subjectOf = (params: RequestInput['params'] = {}): string | undefined => {
  const named = Object.entries(params).map(([name, value]) => `${name.replace(/_id$/, '')} ${value}`);
  return named.length === 0 ? undefined : named.join(', ');
};

const endedAt = (token: string | undefined, nowMs: number): string | undefined => {
  const endMs = token === undefined ? undefined : expiryMsOf(token);
  return endMs === undefined || endMs > nowMs ? undefined : new Date(endMs).toISOString();
};

const cursorOf = (body: unknown): string | undefined => {
  const cursor: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'next_cursor') : undefined;
  return typeof cursor === 'string' ? cursor : undefined;
};

const headersOf = (
  route: RouteContract,
  input: RequestInput,
  key: string | null,
  token: string | undefined,
): Record<string, string> => ({
  accept: route.mediaType ?? 'application/json',
  ...(input.body === undefined ? {} : { 'content-type': input.mediaType ?? 'application/json' }),
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  ...(key === null ? {} : { 'idempotency-key': key }),
  ...(input.ifMatch === undefined ? {} : { 'if-match': input.ifMatch }),
});

type Send = (route: RouteContract, input: RequestInput, key: string | null, isBuffered: boolean) => Promise<Response>;

const sender =
  (io: Io, { settings, timeoutMs }: ClientOptions): Send =>
  async (route, input, key, isBuffered) => {
    if (settings.token === undefined && route.roles !== 'public') {
      throw wrongCall(
        'token_missing',
        'this needs a token',
        settings.tokenPassedOver ?? 'give --token-file, or set VERDICT_TOKEN or VERDICT_TOKEN_FILE',
      );
    }
    const url = urlOf(settings.url, route.path, input);
    const headers = headersOf(route, input, key, settings.token);
    const init = { method: route.method, headers, ...(input.body === undefined ? {} : { body: input.body }) };
    const isWrite = route.method !== 'GET';
    const response = await fetchWithRetries(io, url, init, { timeoutMs, idempotencyKey: key, isWrite, isBuffered });
    if (response.ok) return response;
    throw refusalOf({
      ...{ status: response.status, body: await bodyOf(response), idempotencyKey: key, isWrite },
      subject: subjectOf(input.params),
      isWebhook: route.roles === 'public',
      tokenEnded: endedAt(settings.token, io.now()),
      retryAfter: response.headers.get('retry-after'),
    });
  };

const bodiesOf = (send: Send): PagesOf =>
  async function* bodies(route, limit) {
    for (let cursor: string | undefined, hasMore = true; hasMore;) {
      const body = await bodyOf(await send(route, { query: { limit: String(limit), cursor } }, null, true));
      yield body;
      cursor = cursorOf(body);
      hasMore = cursor !== undefined;
    }
  };

export const createClient = (io: Io, options: ClientOptions): Client => {
  const { settings, idempotencyKey, isDryRun } = options;
  const send = sender(io, options);
  const pages = bodiesOf(send);
  const keyFor = (route: RouteContract, { key, isKeyDerived = false }: RequestInput): string | null => {
    if (route.method === 'GET') return null;
    return key ?? idempotencyKey ?? (isKeyDerived ? null : `cli-${io.newId()}`);
  };

  const call: Send = async (route, given, key, isBuffered) => {
    const { params } = given;
    const input = params === undefined ? given : { ...given, params: await wholeIds(route, params, pages) };
    if (!isDryRun) return send(route, input, key, isBuffered);
    const headers = headersOf(route, input, key, settings.token);
    io.stdout(requestText(route.method, urlOf(settings.url, route.path, input), headers, input.body));
    throw new RequestPrinted();
  };

  return {
    isDryRun,
    wholeId: (name, text) => wholeId(name, text, pages),
    open: (route, input = {}) => call(route, input, keyFor(route, input), false),
    send: async (route, input = {}) => {
      const key = keyFor(route, input);
      const response = await call(route, input, key, true);
      const body = await bodyOf(response);
      if (body === undefined) throw notUnderstood(route, key);
      const answer = readAnswer(route.response, body);
      if (answer.kind === 'unreadable')
        throw notUnderstood(route, key, `${answer.detail}; do client and server have the same version?`);
      return { value: answer.value, body: withSchema(schemaOf(route), body), etag: response.headers.get('etag') };
    },
  };
};
