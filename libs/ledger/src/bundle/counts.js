/** The entry that stands for one thing of its journal: one decision, one approval, one settled reservation. */
const HEADLINES = [
    ['decision', 'decisions', 'decision_recorded'],
    ['approval', 'approvals', 'approval_requested'],
    ['reservation', 'reservations', 'reservation_settled'],
];
/** `counts` of the manifest. `views`: rows per view file, without the header. */
export const countsMember = (journals, views) => ({
    ...Object.fromEntries(HEADLINES.map(([name, kind, type]) => [`${name}_count`, countOf(journals, kind, type)])),
    policy_count: Object.values(journals['policy'] ?? {}).reduce((sum, count) => sum + count, 0),
    journals,
    views,
});
/**
 * `parity` of the manifest: journal counts = view counts = read-model counts, each number given.
 * The three headline types are always compared; other types where the read model counts them.
 * @source contract section 14.3
 */
export const parityMember = ({ journals, exported, readModel }) => {
    const mismatches = comparedTypes(readModel).flatMap(([kind, type]) => {
        const numbers = {
            journal: countOf(journals, kind, type),
            read_model: countOf(readModel, kind, type),
            exported: hasView(kind) ? countOf(exported, kind, type) : countOf(journals, kind, type),
        };
        const isEqual = numbers.journal === numbers.read_model && numbers.journal === numbers.exported;
        return isEqual ? [] : [{ kind, type, ...numbers }];
    });
    const numbers = HEADLINES.flatMap(([name, kind, type]) => [
        [`${name}_count_journal`, countOf(journals, kind, type)],
        [`${name}_count_read_model`, countOf(readModel, kind, type)],
        [`${name}_count_exported`, countOf(exported, kind, type)],
    ]);
    const gaps = []; // A journal with a gap is not exported at all.
    return {
        ...Object.fromEntries(numbers),
        read_model: readModel,
        gaps,
        mismatches,
        parity_ok: mismatches.length === 0,
    };
};
const comparedTypes = (readModel) => {
    const named = Object.entries(readModel).flatMap(([kind, types]) => Object.keys(types).map((type) => `${kind}/${type}`));
    const all = new Set([...HEADLINES.map(([, kind, type]) => `${kind}/${type}`), ...named]);
    return [...all].sort().map((key) => {
        const [kind = '', type = ''] = key.split('/');
        return [kind, type];
    });
};
const countOf = (counts, kind, type) => {
    const types = Object.hasOwn(counts, kind) ? counts[kind] : undefined;
    return types !== undefined && Object.hasOwn(types, type) ? (types[type] ?? 0) : 0;
};
const VIEWED_KINDS = ['decisions', 'approvals', 'reservations', 'policy'];
const hasView = (kind) => VIEWED_KINDS.includes(kind);
/** Adds one to a counter of a table that is being filled. */
export const addOne = (counts, type) => {
    counts.set(type, (counts.get(type) ?? 0) + 1);
};
//# sourceMappingURL=counts.js.map