import { CliFailure, type FailedField, type FailureFacts } from '../failure.js';
import { EXIT, type ExitCode } from '../io.js';
import { ANOTHER_SERVER } from './not-understood.js';

/** An answer that is not the one hoped for. */
export interface Refused {
  readonly status: number;
  readonly body: unknown;
  /** Key of the write; null for a read, and where the server makes the key of what is asked. */
  readonly idempotencyKey: string | null;
  readonly isWrite: boolean;
  /** What the path named, such as `decision 0193a7c4`. */
  readonly subject?: string | undefined;
  /** When the token says that it ended, if that is past. */
  readonly tokenEnded?: string | undefined;
  /** As its header said it. */
  readonly retryAfter?: string | null;
  /** Asked as a cluster would: its proof is no token of a caller. */
  readonly isWebhook?: boolean;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const textAt = (value: unknown, name: string): string | undefined => {
  const member = isObject(value) ? value[name] : undefined;
  return typeof member === 'string' ? member : undefined;
};

const fieldsOf = (body: unknown): readonly FailedField[] => {
  const errors = isObject(body) ? body['errors'] : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.map((each: unknown) => ({
    pointer: textAt(each, 'pointer') ?? '',
    code: textAt(each, 'code') ?? 'unknown',
    detail: textAt(each, 'detail') ?? '',
  }));
};

/** What the 401s of consume say is about the approval token; the caller itself was believed. */
const isAboutCaller = (status: number, code: string): boolean =>
  status === 403 || (status === 401 && !code.startsWith('token_'));

export const exitOf = (status: number, code: string): ExitCode => {
  if (isAboutCaller(status, code)) return EXIT.notPermitted;
  return status === 429 || status >= 500 ? EXIT.unknown : EXIT.refused;
};

const MORE = ['differing_fields', 'current_etag', 'limit', 'least_limit_usd'] as const;
const moreOf = (body: unknown): string =>
  MORE.flatMap((name) => {
    const value = isObject(body) ? body[name] : undefined;
    return value === undefined ? [] : [`${name} ${JSON.stringify(value)}`];
  }).join('; ');

const NEW_TOKEN = '`verdict token` makes one for a server on this machine';
const HINTS: Readonly<Record<string, string>> = {
  unauthenticated: `no token, or one that is not valid any more: ${NEW_TOKEN}`,
  version_conflict: 'somebody changed it meanwhile: look at it again, then repeat',
};

const hintOf = (code: string, { subject, tokenEnded, isWebhook = false }: Refused): string | undefined => {
  if (code === 'unauthenticated' && isWebhook)
    return 'the token is the bearer secret of an integration: `verdict integration rotate` makes a new one';
  if (code === 'unauthenticated' && tokenEnded !== undefined) return `the token ended at ${tokenEnded}: ${NEW_TOKEN}`;
  if (code === 'not_found' && subject !== undefined) return `${subject}, in the tenant of this token`;
  return HINTS[code];
};

const retryOf = (status: number, code: string, isWrite: boolean): FailureFacts['retry'] => {
  if (status === 429) return 'later';
  if (status < 500) return 'never';
  return isWrite && code !== 'log_unavailable' ? 'same-key' : 'later';
};

const whenOf = ({ status, retryAfter }: Refused): string | undefined =>
  status === 429 && /^[0-9]+$/.test(retryAfter ?? '') ? `again in ${retryAfter ?? ''} s` : undefined;

/** The failure that an RFC 9457 problem, or any other unwanted answer, amounts to. */
export const refusalOf = (refused: Refused): CliFailure => {
  const { status, body, idempotencyKey, isWrite } = refused;
  const own = textAt(body, 'code');
  const code = own ?? `http_${String(status)}`;
  const hint = own === undefined && status < 500 ? ANOTHER_SERVER : hintOf(code, refused);
  const detail = [textAt(body, 'detail')?.replace(/\.$/, ''), moreOf(body), whenOf(refused), hint]
    .filter((text) => text !== undefined && text !== '')
    .join('; ');
  const requestId = textAt(body, 'request_id');
  const errors = fieldsOf(body);
  return new CliFailure(exitOf(status, code), {
    code,
    title: textAt(body, 'title') ?? `the server answered ${String(status)}`,
    ...(detail === '' ? {} : { detail }),
    retry: retryOf(status, code, isWrite),
    idempotencyKey,
    ...(errors.length === 0 ? {} : { errors }),
    ...(requestId === undefined ? {} : { requestId }),
  });
};
