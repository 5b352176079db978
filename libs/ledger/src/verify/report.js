export const EVIDENCE_MAX = 20;
export const CHECK_NAMES = {
    1: 'archive readable, no extra or missing member, no path tricks',
    2: 'file hashes',
    3: 'manifest signature and key validity',
    4: 'every entry canonical, payload hash right',
    5: 'revisions contiguous, origin right',
    6: 'range proof leads to the checkpoint root',
    7: 'checkpoint signature, cosignature quorum',
    8: 'consistent with the previous checkpoint',
    9: 'counts and parity',
    10: 'views and lineage regenerate byte-identically',
    11: 'policy texts hash to the names used',
    12: 'causes resolve',
    13: 'approvals: granted before consumed, quorum, separation of duties, caps, no double consumption',
    14: 'budgets: spent + held <= limit + named exceptions',
    16: 'observed revisions never fall',
};
export const CHECK_NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16];
/** Gathers what the checks find; the number of findings kept is bounded, the verdict is not affected by that. */
export class Findings {
    #failed = new Map();
    #noted = new Map();
    #skipped = new Map();
    fail(check, evidence) {
        add(this.#failed, check, evidence);
    }
    /** What a check that passes has compared. */
    note(check, evidence) {
        add(this.#noted, check, evidence);
    }
    skip(check, detail, file = 'manifest.json') {
        this.#skipped.set(check, { file, detail });
    }
    hasFailed(check) {
        return this.#failed.has(check);
    }
    hasFailedIn(check, file) {
        return this.#failed.get(check)?.some((evidence) => evidence.file === file) === true;
    }
    report() {
        const checks = CHECK_NUMBERS.map((number) => this.#result(number));
        const failed = checks.filter(({ status }) => status === 'failed').flatMap(({ evidence }) => evidence);
        const bad = failed[0];
        if (bad === undefined)
            return { result: 'intact', checks };
        // A broken file hash names only the file; a later check of the same file may know the entry.
        const revision = failed.find((other) => other.file === bad.file && other.revision !== undefined)?.revision;
        const place = revision === undefined ? { file: bad.file } : { file: bad.file, revision };
        return { result: 'not_intact', checks, firstBad: place };
    }
    #result(number) {
        const name = CHECK_NAMES[number];
        const failed = this.#failed.get(number);
        if (failed !== undefined)
            return { number, name, status: 'failed', evidence: failed };
        const skipped = this.#skipped.get(number);
        if (skipped !== undefined)
            return { number, name, status: 'not_applicable', evidence: [skipped] };
        return { number, name, status: 'passed', evidence: this.#noted.get(number) ?? [] };
    }
}
const add = (places, check, evidence) => {
    const kept = places.get(check) ?? [];
    if (kept.length < EVIDENCE_MAX)
        kept.push(evidence);
    places.set(check, kept);
};
//# sourceMappingURL=report.js.map