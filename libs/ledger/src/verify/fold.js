import { readEntry } from '../entry/read-entry.js';
import { entriesFile } from '../bundle/layout.js';
import { ApprovalRules } from './approval-rules.js';
import { BudgetRules } from './budget-rules.js';
import { entryLines } from './entry-lines.js';
import { PayloadDefect } from './payload.js';
/** What a decision observes of its neighbours, in the order in which they are folded. */
const OBSERVED_KINDS = ['policy', 'approvals', 'reservations'];
/**
 * Checks 13 and 14: folds the journals in the order in which the gate saw them. Before each entry of the decisions
 * journal, its neighbours are folded up to the revisions in `observed`; what nobody observed comes last.
 */
export const foldRules = async (archive, manifest, findings) => {
    const rules = rulesFor(manifest, findings);
    if (rules.length === 0)
        return;
    const cursors = new Map(OBSERVED_KINDS.map((kind) => [kind, new Cursor(archive, manifest, kind)]));
    const decisions = new Cursor(archive, manifest, 'decisions');
    const apply = (entry, file) => {
        applyRules(rules, entry, { file, findings });
    };
    const isBudgetChecked = rules.some(({ check }) => check === 14);
    const fail = (evidence) => {
        if (isBudgetChecked)
            findings.fail(14, evidence);
    };
    try {
        for (let entry = await decisions.take(); entry !== undefined; entry = await decisions.take()) {
            for (const [kind, cursor] of cursors)
                await foldObserved(entry, kind, { cursor, apply, fail });
            apply(entry, decisions.file);
        }
        for (const cursor of cursors.values())
            await cursor.foldTo(Number.MAX_SAFE_INTEGER, apply);
    }
    finally {
        for (const cursor of [decisions, ...cursors.values()])
            await cursor.close();
    }
    for (const { check } of rules)
        findings.note(check, { file: decisions.file, detail: `${decisions.taken.toString()} decision entries folded` });
};
const rulesFor = (manifest, findings) => {
    const fromStart = (kind) => manifest.range[kind]?.from === 0;
    const rules = [];
    if (manifest.range['decisions'] !== undefined && manifest.range['approvals'] !== undefined) {
        rules.push({ check: 13, rule: new ApprovalRules(fromStart('decisions') && fromStart('approvals')) });
    }
    else {
        findings.skip(13, 'the bundle does not hold both decisions and approvals');
    }
    if (['decisions', ...OBSERVED_KINDS].every(fromStart)) {
        rules.push({ check: 14, rule: new BudgetRules() });
    }
    else {
        findings.skip(14, 'needs decisions, policy, approvals and reservations from revision 0: balances before are not in the bundle');
    }
    return rules;
};
const applyRules = (rules, { envelope, payload }, { file, findings }) => {
    const revision = BigInt(envelope.revision);
    for (const { check, rule } of rules) {
        for (const detail of problemsOf(() => rule.apply(envelope.type, payload)))
            findings.fail(check, { file, revision, detail });
    }
};
const problemsOf = (apply) => {
    try {
        return apply();
    }
    catch (error) {
        if (error instanceof PayloadDefect)
            return [error.message];
        throw error;
    }
};
const foldObserved = async (entry, kind, { cursor, apply, fail }) => {
    const seen = entry.envelope.observed[kind] ?? -1;
    await cursor.foldTo(seen, apply);
    if (cursor.isPresent && seen > cursor.last) {
        const detail = `rests on ${kind} revision ${seen.toString()}, the bundle ends at ${cursor.last.toString()}`;
        fail({ file: entriesFile('decisions'), revision: BigInt(entry.envelope.revision), detail });
    }
};
/** Reads the entries of one journal forward; they were all checked before. */
class Cursor {
    file;
    isPresent;
    /** Last revision that the bundle holds. */
    last;
    taken = 0;
    #lines;
    #next;
    constructor(archive, manifest, kind) {
        const range = manifest.range[kind];
        this.file = entriesFile(kind);
        this.isPresent = range !== undefined;
        this.#next = range?.from ?? 0;
        this.last = (range?.to ?? 0) - 1;
        this.#lines = range === undefined ? undefined : entryLines(archive, this.file);
    }
    async take() {
        const line = await this.#lines?.next();
        if (line === undefined || line.done === true)
            return undefined;
        this.taken += 1;
        this.#next += 1;
        return readEntry(line.value);
    }
    async foldTo(revision, apply) {
        while (this.#next <= revision) {
            const entry = await this.take();
            if (entry === undefined)
                return;
            apply(entry, this.file);
        }
    }
    async close() {
        await this.#lines?.return(undefined);
        this.#lines = undefined;
    }
}
//# sourceMappingURL=fold.js.map