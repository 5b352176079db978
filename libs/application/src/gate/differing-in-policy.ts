import {
  completeStored,
  type IntegrationProof,
  type Json,
  jcsText,
  pointerTo,
  type PolicyEntry,
  sha256Hex,
} from '@verdict/domain';
import { asJson } from '../journals/entries.codec.js';

/** What a request says, by the members of its wire shape and of its path. null: the member was not sent. */
export type SentMembers = { readonly [member: string]: Json };

type JsonObject = { readonly [member: string]: Json };
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Pointers of what differs; lists are compared whole, since an item has no name. */
const differing = (first: Json, again: Json, at: string): readonly string[] => {
  if (jcsText(first) === jcsText(again)) return [];
  if (!isObject(first) || !isObject(again)) return [at];
  const names = [...new Set([...Object.keys(first), ...Object.keys(again)])].sort();
  return names.flatMap((name) => differing(first[name] ?? null, again[name] ?? null, pointerTo(at, name)));
};

type Published<Type extends PolicyEntry['type']> = Extract<PolicyEntry, { readonly type: Type }>['payload'];

const ofPolicy = (payload: Published<'policy_published'>): SentMembers =>
  payload.rolled_back_to === null
    ? {
        document: asJson(completeStored(payload.document)),
        message: payload.message,
        effective_from: payload.effective_from === payload.published_at ? null : payload.effective_from,
        rollout: asJson(payload.rollout ?? null),
        role: payload.role ?? 'active',
      }
    : { to_version: payload.rolled_back_to, message: payload.message };

const clientKeyOf = (proofs: readonly IntegrationProof[]): Json =>
  proofs.find(({ way }) => way === 'mtls')?.sha256 ?? null;

/** An integration's own members of a creation: `terms` lie flat in the request. */
export const sentToCreateIntegration = (
  { name, terms }: Pick<Published<'integration_created'>, 'name' | 'terms'>,
  ways: readonly string[],
  clientKey: string | null,
): SentMembers => ({
  ...terms,
  project_rules: asJson(terms.project_rules),
  name,
  ways: ways.length === 0 ? null : ways,
  client_key_sha256: clientKey,
});

/** What a change of a budget is, as its key is made from it. */
export const sentToChangeBudget = (members: SentMembers): Json => ({ operation: 'update', ...members });

const subsetsOf = (names: readonly string[]): readonly (readonly string[])[] =>
  names.reduce<readonly (readonly string[])[]>((sets, name) => [...sets, ...sets.map((set) => [...set, name])], [[]]);

/** Of requests that would all have left this entry, the one that has the recorded hash. */
const byHash = (
  candidates: readonly SentMembers[],
  hashed: (members: SentMembers) => Json,
  hash: string,
): SentMembers | undefined => candidates.find((members) => sha256Hex(jcsText(hashed(members))) === hash);

const ofBudget = (payload: Published<'budget_set'>): SentMembers => {
  const { budget_id, scope, period, basis = 'allocation', limit_usd } = payload;
  const { months_charged, owner, active, credit_savings = false, alert_percents = null } = payload;
  const optional: SentMembers = { months_charged, owner, active, credit_savings, alert_percents };
  if (payload.version === 1) return { scope, period, basis, limit_usd, ...optional };
  const names = Object.keys(optional);
  const none = Object.fromEntries(names.map((name) => [name, null]));
  // The entry is complete: which members were sent, and which were filled in, only the hash of what was sent still tells.
  const candidates = subsetsOf(names).flatMap((sent) =>
    ['refuse', 'ratchet'].map((when_committed): SentMembers => ({
      ...{ budget_id, limit_usd, when_committed, ...none },
      ...Object.fromEntries(sent.map((name) => [name, optional[name] ?? null])),
    })),
  );
  return byHash(candidates, sentToChangeBudget, payload.idempotency.payload_hash) ?? { budget_id };
};

/** What a new secret is, as its key is made from it. */
export const sentToRotate = (members: SentMembers): Json => ({ operation: 'rotate', ...members });

const ofRotation = (payload: Published<'integration_secret_rotated'>): SentMembers => {
  const { integration_id, previous_valid_until, proofs } = payload;
  const kept: SentMembers = { integration_id, previous_valid_until, client_key_sha256: null };
  const replaced = { ...kept, client_key_sha256: clientKeyOf(proofs) };
  return byHash([kept, replaced], sentToRotate, payload.idempotency.payload_hash) ?? kept;
};

/** The request that an entry of the policy journal was written for. */
// eslint-disable-next-line complexity -- one case per entry type
const sentFor = (entry: PolicyEntry): SentMembers => {
  switch (entry.type) {
    case 'policy_published':
      return ofPolicy(entry.payload);
    case 'policy_rollout_set':
      return { version: entry.payload.version, cohort_percent: entry.payload.cohort_percent };
    case 'policy_cancelled':
      return { version: entry.payload.version };
    case 'budget_set':
      return ofBudget(entry.payload);
    case 'price_book_published':
      return asBook(entry.payload.book);
    case 'credit_granted': {
      const { credit_id: _, granted_by: __, granted_at: ___, idempotency: ____, ...sent } = entry.payload;
      return sent;
    }
    case 'credit_revoked':
      return { credit_id: entry.payload.credit_id };
    case 'waiver_granted': {
      const { exception_id: _, granted_by: __, granted_at: ___, idempotency: ____, ...sent } = entry.payload;
      return { ...sent, scope: asJson(sent.scope) };
    }
    case 'waiver_revoked':
    case 'exception_granted':
      return { exception_id: entry.payload.exception_id };
    case 'integration_created': {
      const { proofs } = entry.payload;
      return sentToCreateIntegration(
        entry.payload,
        proofs.map(({ way }) => way),
        proofs.find(({ way }) => way === 'mtls')?.sha256 ?? null,
      );
    }
    case 'integration_secret_rotated':
      return ofRotation(entry.payload);
    case 'integration_secret_retired':
      return { integration_id: entry.payload.integration_id, retire_previous: true };
    case 'integration_revoked':
      return { integration_id: entry.payload.integration_id };
  }
};

/** A price book as the members of its request. */
export const asBook = (book: object): SentMembers =>
  Object.fromEntries(Object.entries(book).map(([name, value]) => [name, asJson(value)]));

/**
 * JSON pointers of what a repeated key asks differently from the request that the entry was written for; the whole body
 * where no pointer is more exact.
 *
 * @source contract section 1
 */
export const differingInPolicy = (first: PolicyEntry, again: SentMembers): readonly string[] => {
  const fields = differing(sentFor(first), again, '');
  return fields.length === 0 ? [''] : fields;
};
