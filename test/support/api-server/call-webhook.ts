import { randomUUID } from 'node:crypto';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { type Attempt, KINDS, type Webhook } from './types.js';

/** The call did not lead to a verdict: the failure policy decides. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
}

export interface ReviewResponse {
  readonly allowed: boolean;
  readonly status?: { readonly code?: number; readonly reason?: string; readonly message?: string };
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';

/** As client-go writes it: rounded up to whole seconds. */
export const timeoutParameter = (remainingMs: number): string => `${String(Math.ceil(remainingMs / 1000))}s`;

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

export const reviewOf = (attempt: Attempt, uid: string): object => {
  const known = KINDS[attempt.plural];
  if (known === undefined) throw new Error(`the double does not know ${attempt.plural}`);
  const { group, version } = known;
  const kind = attempt.subresource === 'scale' ? SCALE : known;
  const resource = { group, version, resource: attempt.plural };
  const sub = attempt.subresource === undefined ? {} : { subResource: attempt.subresource };
  const requestSub = attempt.subresource === undefined ? {} : { requestSubResource: attempt.subresource };
  return {
    kind: KIND,
    apiVersion: API_VERSION,
    request: {
      uid,
      kind,
      resource,
      ...sub,
      requestKind: kind,
      requestResource: resource,
      ...requestSub,
      ...(attempt.name === '' ? {} : { name: attempt.name }),
      namespace: attempt.namespace,
      operation: attempt.operation,
      userInfo: { username: attempt.user.username, uid: randomUUID(), groups: attempt.user.groups ?? [] },
      object: attempt.object,
      oldObject: attempt.oldObject,
      dryRun: attempt.dryRun ?? false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
};

interface Received {
  readonly status: number;
  readonly text: string;
}

const post = (webhook: Webhook, body: string, remainingMs: number): Promise<Received> =>
  new Promise((resolve, reject) => {
    const url = new URL(webhook.url);
    url.searchParams.set('timeout', timeoutParameter(remainingMs));
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, */*',
      ...(webhook.bearerToken === undefined ? {} : { authorization: `Bearer ${webhook.bearerToken}` }),
    };
    const tls = {
      ...(webhook.caBundle === undefined ? {} : { ca: webhook.caBundle }),
      ...webhook.client,
    };
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
    const sent = send(
      url,
      { method: 'POST', headers, ...tls, signal: AbortSignal.timeout(remainingMs) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    sent.on('error', reject).end(body);
  });

type Members = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const decoded = ({ status, text }: Received): Members => {
  if (status < 200 || status > 299) throw new CallFailed(`the server answered ${String(status)}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CallFailed('the answer is not JSON');
  }
  if (!isObject(value)) throw new CallFailed('the answer is no object');
  return value;
};

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');
const isTextMap = (value: unknown): value is Readonly<Record<string, string>> =>
  isObject(value) && Object.values(value).every((each) => typeof each === 'string');

/** A Go decoder refuses a member of the wrong type; absent and null are its zero value. */
const typed = <Value>(value: unknown, is: (value: unknown) => value is Value, zero: Value, name: string): Value => {
  if (value === undefined || value === null) return zero;
  if (!is(value)) throw new CallFailed(`response.${name} cannot be decoded`);
  return value;
};

/** What `VerifyAdmissionResponse` of the API server checks, in its order. */
export const verified = (review: Members, uid: string): ReviewResponse => {
  const { response } = review;
  if (!isObject(response)) throw new CallFailed('webhook response was absent');
  if (response['uid'] !== uid) throw new CallFailed(`expected response.uid="${uid}", got "${String(response['uid'])}"`);
  if (review['apiVersion'] !== API_VERSION || review['kind'] !== KIND)
    throw new CallFailed(`expected webhook response of ${API_VERSION}, Kind=${KIND}`);
  // Not even an empty one, although the API server lets that pass: a validating webhook has nothing to patch.
  if ('patch' in response || 'patchType' in response) throw new CallFailed('a validating webhook may not patch');
  const { status } = response;
  return {
    allowed: typed(response['allowed'], (value) => typeof value === 'boolean', false, 'allowed'),
    warnings: typed(response['warnings'], isTexts, [], 'warnings'),
    auditAnnotations: typed(response['auditAnnotations'], isTextMap, {}, 'auditAnnotations'),
    ...(isObject(status) ? { status } : {}),
  };
};

/** One call, under a uid of its own. @throws CallFailed for whatever is not a verdict. */
export const callWebhook = async (webhook: Webhook, attempt: Attempt): Promise<ReviewResponse> => {
  const uid = randomUUID();
  const limitMs = Math.min(webhook.timeoutSeconds * 1000, attempt.remainingMs ?? Number.POSITIVE_INFINITY);
  const body = JSON.stringify(reviewOf(attempt, uid));
  let received: Received;
  try {
    received = await post(webhook, body, limitMs);
  } catch (error) {
    throw new CallFailed(error instanceof Error ? error.message : String(error));
  }
  return verified(decoded(received), uid);
};
