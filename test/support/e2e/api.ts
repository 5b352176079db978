import { isTenantRead, type RouteContract, type RouteId, ROUTES } from '@verdict/contracts';
// From its file: through the index every suite over HTTP would load Nest.
import { PROBLEMS } from '../../../libs/nest-kit/src/problems/problem-codes.js';
import type { Who } from './tokens.js';

/** An answer as received. `body` is `any`: tests reach into answers whose shape was checked against its schema. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

export interface RouteRequest {
  readonly as: Who;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON; bytes are sent as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Idempotency-Key. */
  readonly key?: string;
}

export class ContractBroken extends Error {
  override readonly name = 'ContractBroken';
}

const parsedBody = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const SENDS_MAX = 6;

/** A server that refuses a large body early closes while it is still being written: the client may miss the answer. */
const sentWhole = async (send: () => Promise<Response>): Promise<Response> => {
  for (let sends = 1; sends < SENDS_MAX; sends += 1) {
    try {
      return await send();
    } catch (error) {
      const { code } = (error as { readonly cause?: { readonly code?: string } }).cause ?? {};
      if (code !== 'EPIPE') throw error;
    }
  }
  return send();
};

export const sendRaw = async (url: string, { method, path, headers = {}, body }: RawRequest): Promise<ApiAnswer> => {
  const init: RequestInit = { method, headers: { ...headers } };
  if (body !== undefined) init.body = typeof body === 'string' ? body : Buffer.from(body);
  const response = await sentWhole(() => fetch(`${url}${path}`, init));
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsedBody(text) };
};

export const pathOf = (
  route: RouteContract,
  params: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, string>> = {},
): string => {
  const path = route.path.replace(/:([a-z_]+)/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new Error(`${route.id} needs the parameter ${name}`);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams(query).toString();
  return search === '' ? path : `${path}?${search}`;
};

/** What any route may answer besides its own codes, by its shape. */
const GENERAL = [
  'unauthenticated',
  'forbidden',
  'identity_not_mapped',
  'identity_provider_unavailable',
  'rate_limited',
];
const OF_BODIES = ['malformed_json', 'body_too_large', 'media_type_unsupported', 'validation_failed', 'unknown_field'];
const OF_READS = ['validation_failed', 'unknown_field', 'read_model_behind'];
const OF_INPUT = ['malformed_json', 'not_found', 'validation_failed', 'unknown_field'];

const mayAnswer = (route: RouteContract, code: string): boolean =>
  [
    ...route.problems,
    ...GENERAL,
    ...(route.body === undefined ? [] : OF_BODIES),
    ...((route.params ?? route.query) ? OF_INPUT : []),
    ...(isTenantRead(route) ? OF_READS : []),
  ].includes(code);

/** Defects of a problem answer; none when it is as contract section 1 says. */
export const problemDefects = ({ status, headers, body }: ApiAnswer): readonly string[] => {
  const kind = Object.hasOwn(PROBLEMS, String(body?.code)) ? PROBLEMS[body.code as keyof typeof PROBLEMS] : undefined;
  return [
    [
      headers.get('content-type') === 'application/problem+json',
      `content-type is ${String(headers.get('content-type'))}`,
    ],
    [kind !== undefined, `the code ${String(body?.code)} is not in the closed table`],
    [kind?.status === status, `the code ${String(body?.code)} belongs to ${String(kind?.status)}, not to ${status}`],
    [body?.status === status, 'the member status is not the status'],
    [body?.type === `urn:verdict:problem:${String(body?.code)}`, `type is ${String(body?.type)}`],
    [body?.retryable === kind?.retryable, 'retryable is wrong'],
    [typeof body?.request_id === 'string' && body.request_id !== '', 'there is no request_id'],
    [headers.get('x-request-id') === body?.request_id, 'request_id and X-Request-Id differ'],
    [headers.get('cache-control') === 'no-store', 'it may be cached'],
    [status !== 500, 'it is a 500'],
  ].flatMap(([isGood, defect]) => (isGood === true ? [] : [String(defect)]));
};

const successDefects = (route: RouteContract, answer: ApiAnswer): readonly string[] => {
  if (route.response === null) return [];
  const parsed = route.response.safeParse(answer.body);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
};

/** Everything in an answer that its route's contract does not allow. */
export const contractDefects = (route: RouteContract, answer: ApiAnswer): readonly string[] => {
  if (answer.status < 400) {
    const isExpected = answer.status === route.status || (route.status === 201 && answer.status === 200);
    return [
      ...(isExpected ? [] : [`the status ${answer.status} is not ${route.status}`]),
      ...successDefects(route, answer),
    ];
  }
  const code = String(answer.body?.code);
  return [...problemDefects(answer), ...(mayAnswer(route, code) ? [] : [`the code ${code} is not one of this route`])];
};

export interface Api {
  readonly url: string;
  tokenFor(who: Who): Promise<string>;
}

/** Calls a route by its id; an answer that breaks the contract of the route is an error of its own, whatever the test expects. */
export const call = async (api: Api, id: RouteId, request: RouteRequest): Promise<ApiAnswer> => {
  const route: RouteContract = ROUTES[id];
  const answer = await sendRaw(api.url, {
    method: route.method,
    path: pathOf(route, request.params, request.query),
    headers: {
      authorization: `Bearer ${await api.tokenFor(request.as)}`,
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(request.key === undefined ? {} : { 'idempotency-key': request.key }),
      ...request.headers,
    },
    body:
      request.body === undefined || request.body instanceof Uint8Array ? request.body : JSON.stringify(request.body),
  });
  const defects = contractDefects(route, answer);
  if (defects.length === 0) return answer;
  throw new ContractBroken(`${id}: ${String(answer.status)} ${answer.text.slice(0, 1500)}\n- ${defects.join('\n- ')}`);
};
