import { CallFailed, callWebhook, type ReviewResponse } from './call-webhook.js';
import type { Admitted, Attempt, Webhook } from './types.js';

const NAME_PART = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const DNS_PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** `validation.IsQualifiedName`, and exactly one slash. */
export const isAuditKey = (key: string): boolean => {
  const [prefix = '', name = '', ...more] = key.split('/');
  return more.length === 0 && prefix.length <= 253 && DNS_PREFIX.test(prefix) && NAME_PART.test(name);
};

const CONTROL = /\p{Cc}/u;
const WARNINGS_CHARACTERS_MAX = 4096;
const WARNING_CUT = 256;

interface Told {
  readonly warnings: readonly string[];
  readonly complaints: readonly string[];
}

/** As the API server's recorder: each text once, none with a control character; beyond 4,096 characters all are cut. */
export const recordWarnings = (texts: readonly string[]): Told => {
  const unique = [...new Set(texts)].filter((text) => text !== '');
  const complaints = unique
    .filter((text) => CONTROL.test(text))
    .map((text) => `warning dropped: ${JSON.stringify(text)}`);
  const clean = unique.filter((text) => !CONTROL.test(text));
  if (clean.reduce((sum, { length }) => sum + length, 0) <= WARNINGS_CHARACTERS_MAX)
    return { warnings: clean, complaints };
  const kept: string[] = [];
  let size = 0;
  for (const text of clean.map((each) => each.slice(0, WARNING_CUT))) {
    size += text.length;
    if (size > WARNINGS_CHARACTERS_MAX) break;
    kept.push(text);
  }
  return { warnings: kept, complaints: [...complaints, 'warnings cut'] };
};

interface Outcome {
  readonly webhook: Webhook;
  readonly response?: ReviewResponse;
  readonly failure?: string;
}

const called = async (webhook: Webhook, attempt: Attempt): Promise<Outcome> => {
  try {
    return { webhook, response: await callWebhook(webhook, attempt) };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return { webhook, failure: error.message };
  }
};

interface Annotated {
  readonly annotations: Record<string, string>;
  readonly complaints: string[];
}

const annotate = ({ annotations, complaints }: Annotated, key: string, value: string): void => {
  if (!isAuditKey(key)) complaints.push(`invalid annotation key: ${key}`);
  else if (annotations[key] !== undefined && annotations[key] !== value)
    complaints.push(`annotation may not be overwritten: ${key}`);
  else annotations[key] = value;
};

const BAD_REQUEST = 400;
const INTERNAL = 500;

/** As `ToStatusErr` of the API server. */
const denial = (name: string, { status }: ReviewResponse): { readonly code: number; readonly message: string } => {
  const denied = `admission webhook "${name}" denied the request`;
  const code = Math.max(status?.code ?? BAD_REQUEST, BAD_REQUEST);
  const said = [status?.message, status?.reason].find((text) => text !== undefined && text !== '');
  return { code, message: said === undefined ? `${denied} without explanation` : `${denied}: ${said}` };
};

const refusalOf = ({ webhook, response, failure }: Outcome) => {
  if (response !== undefined) return response.allowed ? undefined : denial(webhook.name, response);
  if (webhook.failurePolicy === 'Ignore') return undefined;
  return { code: INTERNAL, message: `failed calling webhook "${webhook.name}": ${String(failure)}` };
};

const isRegisteredFor = ({ resources }: Webhook, { plural, subresource }: Attempt): boolean =>
  resources?.includes(subresource === undefined ? plural : `${plural}/${subresource}`) ?? true;

/** Asks all webhooks at once, blindly, as the validating stage does. */
export const admit = async (webhooks: readonly Webhook[], attempt: Attempt): Promise<Admitted> => {
  const asked = webhooks.filter((webhook) => isRegisteredFor(webhook, attempt));
  const outcomes = await Promise.all(asked.map((webhook) => called(webhook, attempt)));
  const written: Annotated = { annotations: {}, complaints: [] };
  outcomes.forEach(({ webhook, response, failure }, index) => {
    for (const [key, value] of Object.entries(response?.auditAnnotations ?? {}))
      annotate(written, `${webhook.name}/${key}`, value);
    if (failure === undefined) return;
    written.complaints.push(`failed calling webhook, ${webhook.failurePolicy}: ${failure}`);
    if (webhook.failurePolicy === 'Ignore')
      annotate(written, `failed-open.validating.webhook.admission.k8s.io/round_0_index_${String(index)}`, webhook.name);
  });
  const told = recordWarnings(outcomes.flatMap(({ response }) => response?.warnings ?? []));
  const refusal = outcomes.map(refusalOf).find((each) => each !== undefined);
  return {
    allowed: refusal === undefined,
    code: refusal?.code ?? 0,
    message: refusal?.message ?? '',
    warnings: told.warnings,
    annotations: written.annotations,
    complaints: [...written.complaints, ...told.complaints],
  };
};
