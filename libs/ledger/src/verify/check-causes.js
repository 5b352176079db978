import { splitEntry } from '../entry/read-entry.js';
import { leafHashOfAny, toHex } from '../hash.js';
import { entriesFile } from '../bundle/layout.js';
import { LineDefect, entryLines } from './entry-lines.js';
/** Causes are gathered up to this many, then resolved together by one pass over the journals that they name. */
const WAITING_MAX = 200_000;
/** Check 12: an entry named as a cause has the leaf hash that was named. Memory holds a bounded number of causes. */
export class CauseChecker {
    archive;
    manifest;
    findings;
    #kindOf;
    #waiting = new Map();
    #waitingCount = 0;
    #resolved = 0;
    #outside = 0;
    constructor(archive, manifest, findings) {
        this.archive = archive;
        this.manifest = manifest;
        this.findings = findings;
        this.#kindOf = new Map(Object.entries(manifest.range).map(([kind, { origin }]) => [origin, kind]));
    }
    async add(file, { causes, revision }) {
        for (const cause of causes)
            this.#gather(cause, { leafHash: cause.leaf_hash, file, revision: BigInt(revision) });
        if (this.#waitingCount >= WAITING_MAX)
            await this.resolve();
    }
    /** Resolves what still waits. */
    async resolve() {
        for (const [kind, wanted] of this.#waiting) {
            try {
                await this.#resolveIn(kind, wanted);
            }
            catch (error) {
                if (!(error instanceof LineDefect))
                    throw error; // Check 4 says so when it comes to that journal.
            }
        }
        this.#waiting.clear();
        this.#waitingCount = 0;
    }
    note() {
        const detail = `${this.#resolved.toString()} causes resolved, ${this.#outside.toString()} lie outside the bundle`;
        this.findings.note(12, { file: 'manifest.json', detail });
    }
    #gather(cause, waiting) {
        const kind = this.#kindOf.get(cause.origin);
        const range = kind === undefined ? undefined : this.manifest.range[kind];
        if (kind === undefined || range === undefined || cause.revision < range.from || cause.revision >= range.to) {
            this.#outside += 1;
            return;
        }
        const wanted = this.#waiting.get(kind) ?? new Map();
        const here = wanted.get(cause.revision) ?? [];
        here.push(waiting);
        wanted.set(cause.revision, here);
        this.#waiting.set(kind, wanted);
        this.#waitingCount += 1;
    }
    async #resolveIn(kind, wanted) {
        let revision = this.manifest.range[kind]?.from ?? 0;
        for await (const line of entryLines(this.archive, entriesFile(kind))) {
            const waiting = wanted.get(revision);
            if (waiting !== undefined)
                this.#compare(line, waiting, `${kind} revision ${revision.toString()}`);
            wanted.delete(revision);
            revision += 1;
            if (wanted.size === 0)
                return;
        }
    }
    #compare(line, waiting, cause) {
        const envelope = splitEntry(line)?.envelopeBytes;
        const found = envelope === undefined ? 'no entry' : toHex(leafHashOfAny(envelope));
        for (const { leafHash: expected, file, revision } of waiting) {
            if (found === expected)
                this.#resolved += 1;
            else
                this.findings.fail(12, { file, revision, expected, found, detail: `the cause ${cause} is another entry` });
        }
    }
}
//# sourceMappingURL=check-causes.js.map