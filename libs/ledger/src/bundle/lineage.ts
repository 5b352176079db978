import { canonicalText } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
import type { JsonObject, JsonValue } from '../json/json-value.js';

interface Group {
  readonly members: JsonObject;
  readonly firstRevision: number;
  lastRevision: number;
  decisionCount: number;
}

const CONTEXT_MEMBERS = [
  'version',
  'month_start',
  'month_end',
  'elapsed_days',
  'total_days',
  'observed_cost_days',
  'latest_cost_date',
  'data_source_mode',
] as const;
const HEX = /^[0-9a-f]{64}$/;

/**
 * Which policy texts and computed contexts the decisions of a range rest on, and how many on each.
 * Memory grows with the number of distinct ones, not with the decisions.
 * @source contract section 14.3
 */
export class Lineage {
  readonly #policies = new Map<string, Group>();
  readonly #contexts = new Map<string, Group>();
  readonly #priceBooks = new Set<string>();

  /** Takes the payload of a `decision_recorded`. */
  push(revision: number, payload: JsonValue): void {
    if (!isJsonObject(payload)) return;
    const sha256 = payload['policy_document_sha256'];
    if (isSha256(sha256)) count(this.#policies, sha256, { sha256 }, revision);
    const context = payload['computed_context'];
    if (isJsonObject(context)) {
      const members = Object.fromEntries(CONTEXT_MEMBERS.map((name) => [name, context[name] ?? null]));
      count(this.#contexts, canonicalText(members), members, revision);
    }
    const book = priceBookOf(payload);
    if (book !== undefined) this.#priceBooks.add(book);
  }

  /** Hashes (hex) of every policy and price book text that a decision names, sorted. */
  textsNamed(): readonly string[] {
    return [...new Set([...this.#policies.keys(), ...this.#priceBooks])].sort();
  }

  /** `lineage/policy_lineage.json`. `schemaOf`: the format that a policy text states about itself, by hash. */
  policyLineage(schemaOf: (sha256: string) => string): JsonValue {
    const described = [...this.#policies.entries()].map(
      ([sha256, group]) => [sha256, { ...rowOf(group), schema_version: schemaOf(sha256) }] as const,
    );
    return sorted(described);
  }

  /** `lineage/computed_context_lineage.json`. */
  contextLineage(): JsonValue {
    return sorted([...this.#contexts.entries()].map(([key, group]) => [key, rowOf(group)] as const));
  }
}

/** The schema a policy text states about itself. */
export const schemaVersionOf = (text: JsonValue | undefined): string => {
  const format = isJsonObject(text) ? text['format'] : undefined;
  return typeof format === 'string' ? format : 'unknown';
};

const priceBookOf = (payload: JsonObject): string | undefined => {
  const cost = payload['cost'];
  const book = isJsonObject(cost) ? cost['price_book'] : undefined;
  const sha256 = isJsonObject(book) ? book['sha256'] : undefined;
  return isSha256(sha256) ? sha256 : undefined;
};

const isSha256 = (value: JsonValue | undefined): value is string => typeof value === 'string' && HEX.test(value);

const count = (groups: Map<string, Group>, key: string, members: JsonObject, revision: number): void => {
  const group = groups.get(key) ?? { members, firstRevision: revision, lastRevision: revision, decisionCount: 0 };
  group.lastRevision = revision;
  group.decisionCount += 1;
  groups.set(key, group);
};

type Row = JsonObject & { readonly first_revision: number };

const rowOf = ({ members, firstRevision, lastRevision, decisionCount }: Group): Row => ({
  ...members,
  first_revision: firstRevision,
  last_revision: lastRevision,
  decision_count: decisionCount,
});

/** By first revision, then by key. */
const sorted = (rows: readonly (readonly [string, Row])[]): JsonValue =>
  [...rows]
    .sort(([leftKey, left], [rightKey, right]) =>
      left.first_revision === right.first_revision
        ? Number(leftKey > rightKey) - Number(leftKey < rightKey)
        : left.first_revision - right.first_revision,
    )
    .map(([, row]) => row);
