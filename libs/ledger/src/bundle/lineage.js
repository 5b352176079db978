import { canonicalText } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
const CONTEXT_MEMBERS = [
    'version',
    'month_start',
    'month_end',
    'elapsed_days',
    'total_days',
    'observed_cost_days',
    'latest_cost_date',
    'data_source_mode',
];
const HEX = /^[0-9a-f]{64}$/;
/**
 * Which policy texts and computed contexts the decisions of a range rest on, and how many on each.
 * Memory grows with the number of distinct ones, not with the decisions.
 * @source contract section 14.3
 */
export class Lineage {
    #policies = new Map();
    #contexts = new Map();
    #priceBooks = new Set();
    /** Takes the payload of a `decision_recorded`. */
    push(revision, payload) {
        if (!isJsonObject(payload))
            return;
        const sha256 = payload['policy_document_sha256'];
        if (isSha256(sha256))
            count(this.#policies, sha256, { sha256 }, revision);
        const context = payload['computed_context'];
        if (isJsonObject(context)) {
            const members = Object.fromEntries(CONTEXT_MEMBERS.map((name) => [name, context[name] ?? null]));
            count(this.#contexts, canonicalText(members), members, revision);
        }
        const book = priceBookOf(payload);
        if (book !== undefined)
            this.#priceBooks.add(book);
    }
    /** Hashes (hex) of every policy and price book text that a decision names, sorted. */
    textsNamed() {
        return [...new Set([...this.#policies.keys(), ...this.#priceBooks])].sort();
    }
    /** `lineage/policy_lineage.json`. `schemaOf`: the format that a policy text states about itself, by hash. */
    policyLineage(schemaOf) {
        const described = [...this.#policies.entries()].map(([sha256, group]) => [sha256, { ...rowOf(group), schema_version: schemaOf(sha256) }]);
        return sorted(described);
    }
    /** `lineage/computed_context_lineage.json`. */
    contextLineage() {
        return sorted([...this.#contexts.entries()].map(([key, group]) => [key, rowOf(group)]));
    }
}
/** The schema a policy text states about itself. */
export const schemaVersionOf = (text) => {
    const format = isJsonObject(text) ? text['format'] : undefined;
    return typeof format === 'string' ? format : 'unknown';
};
const priceBookOf = (payload) => {
    const cost = payload['cost'];
    const book = isJsonObject(cost) ? cost['price_book'] : undefined;
    const sha256 = isJsonObject(book) ? book['sha256'] : undefined;
    return isSha256(sha256) ? sha256 : undefined;
};
const isSha256 = (value) => typeof value === 'string' && HEX.test(value);
const count = (groups, key, members, revision) => {
    const group = groups.get(key) ?? { members, firstRevision: revision, lastRevision: revision, decisionCount: 0 };
    group.lastRevision = revision;
    group.decisionCount += 1;
    groups.set(key, group);
};
const rowOf = ({ members, firstRevision, lastRevision, decisionCount }) => ({
    ...members,
    first_revision: firstRevision,
    last_revision: lastRevision,
    decision_count: decisionCount,
});
/** By first revision, then by key. */
const sorted = (rows) => [...rows]
    .sort(([leftKey, left], [rightKey, right]) => left.first_revision === right.first_revision
    ? Number(leftKey > rightKey) - Number(leftKey < rightKey)
    : left.first_revision - right.first_revision)
    .map(([, row]) => row);
//# sourceMappingURL=lineage.js.map