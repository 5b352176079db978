import { generateKeyPairSync } from 'node:crypto';
import { sealEntry } from '../entry/seal-entry.js';
import { canonicalText } from '../json/canonical.js';
import { sha256Hex, toHex } from '../hash.js';
import { formatCheckpoint } from '../notes/checkpoint.js';
import { signNote } from '../notes/note.js';
import { formatVkey } from '../notes/vkey.js';
import { consistencyProof, rootOf } from '../tree/proofs.js';
export const sampleKeys = (name = 'ledger.example') => {
    const { privateKey } = generateKeyPairSync('ed25519');
    return { privateKey, vkey: formatVkey(name, privateKey) };
};
export const KINDS = ['approvals', 'decisions', 'policy', 'reservations'];
export const originOf = (kind, tenant = 'acme') => `ledger.example/${tenant}/${kind}`;
export const POLICY = {
    format: 'verdict.enforcement.policy.v1',
    entitlements: { plan_ceiling_monthly_usd: '10000.0000', enterprise_ceiling_monthly_usd: null },
};
export const PRICE_BOOK = { format: 'verdict.price-book.v1', version: '2026-11', entries: [] };
export const POLICY_SHA256 = sha256Hex(canonicalText(POLICY));
export const PRICE_BOOK_SHA256 = sha256Hex(canonicalText(PRICE_BOOK));
/** The n-th instant of the sample: one second apart, within one month. */
export const at = (seconds) => `2026-11-05T10:${Math.floor(seconds / 60)
    .toString()
    .padStart(2, '0')}:${(seconds % 60).toString().padStart(2, '0')}.000Z`;
/** Appends entries with revisions, hashes and causes filled in. */
export class SampleWriter {
    #journals = new Map(KINDS.map((kind) => [kind, []]));
    #clock = 0;
    add(kind, type, payload, more = {}) {
        const journal = this.#journals.get(kind) ?? [];
        const revision = BigInt(journal.length);
        this.#clock += 1;
        const sealed = sealEntry({
            origin: originOf(kind),
            revision,
            type,
            typeV: 1,
            commandId: `command-${kind}-${revision.toString()}`,
            ordinal: 0,
            occurredAt: at(this.#clock),
            recordedAt: at(this.#clock),
            actor: { kind: 'service', id: 'gate', roles: ['service'] },
            causes: [],
            observed: {},
            correlationId: null,
            traceparent: null,
            payload,
            ...more,
        });
        journal.push({ revision, leafHash: sealed.leafHash, bytes: sealed.bytes });
        return this;
    }
    /** The newest entry of a journal as a cause. */
    cause(kind) {
        const last = this.#journals.get(kind)?.at(-1);
        return last === undefined
            ? []
            : [{ origin: originOf(kind), revision: Number(last.revision), leaf_hash: toHex(last.leafHash) }];
    }
    /** Revisions of the neighbours as the gate would have folded them. */
    observed() {
        return Object.fromEntries(['policy', 'approvals', 'reservations'].map((kind) => [kind, (this.#journals.get(kind)?.length ?? 0) - 1]));
    }
    decide(payload) {
        return this.add('decisions', 'decision_recorded', payload, { observed: this.observed() });
    }
    done() {
        return { entries: this.#journals };
    }
}
/** A decision with the members that views, lineage and rules read. */
export const decision = ({ id, legs = [], unfunded = '0.0000', approval = null, ...more }) => ({
    decision_id: id,
    decision: approval === null ? 'ALLOW' : 'REQUIRE_APPROVAL',
    finding: approval === null ? 'clean' : 'violation',
    reason_codes: ['within_policy', 'no_cost_change'],
    mode: 'soft',
    mode_scope: 'terraform:prod',
    request: {
        source: 'terraform',
        action: more.action ?? 'apply',
        resource_reference: 'module.web, "blue"',
        project_id: 'web',
        environment_label: 'prod',
        environment_class: 'prod',
    },
    requester: { subject: 'pipeline', on_behalf_of: 'dana' },
    dry_run: false,
    policy_version: 1,
    policy_document_sha256: POLICY_SHA256,
    cost: { monthly_delta_usd: '125.5000', price_book: { version: '2026-11', sha256: PRICE_BOOK_SHA256 } },
    hold: {
        legs: legs.map(([account, amount]) => ({ account, amount_usd: amount })),
        total_usd: '125.5000',
        unfunded_usd: unfunded,
    },
    approval,
    decided_at: more.decidedAt ?? at(10),
    expires_at: at(900),
});
export const terms = (id) => ({
    approval_id: id,
    quorum: 2,
    is_separation_required: true,
    cap_monthly_delta_usd: '1000.0000',
    unfunded_usd: '112.0000',
});
export const requested = (id, decisionId) => ({
    approval_id: id,
    decision_id: decisionId,
    requester: { subject: 'pipeline', on_behalf_of: 'dana' },
    terms: terms(id),
    monthly_delta_usd: '1000.0000',
    requested_at: at(20),
    approve_by: at(600),
});
export const vote = (id, voter) => ({
    approval_id: id,
    stage_id: 'owners',
    voter,
    vote: 'approve',
    voted_at: at(30),
});
export const granted = (id, decisionId) => ({
    approval_id: id,
    decision_id: decisionId,
    unfunded_usd: '112.0000',
    granted_at: at(40),
    use_by: at(800),
});
export const issued = (id, decisionId, jti = 'jti-1') => ({
    approval_id: id,
    decision_id: decisionId,
    jti,
    issued_at: at(41),
    expires_at: at(700),
});
export const consumed = (id, decisionId, jti = 'jti-1') => ({
    approval_id: id,
    decision_id: decisionId,
    jti,
    consumed_by: 'pipeline',
    consumed_at: at(50),
    expires_at: at(700),
});
export const budgetSet = (id, limit) => ({
    budget_id: id,
    scope: 'project:web',
    period: 'month',
    limit_usd: limit,
    set_at: at(2),
});
export const settled = (id, legs) => ({
    decision_id: id,
    status: 'matched',
    legs: legs.map(([account, spent]) => ({ account, spent_usd: spent })),
    settled_at: at(60),
});
export const published = {
    version: 1,
    document: POLICY,
    document_sha256: POLICY_SHA256,
    effective_from: at(0),
    author: '=cmd|calc',
};
/** A life of two changes: one within budget and settled, one approved beyond it and used. */
export const sampleJournals = () => {
    const writer = new SampleWriter()
        .add('policy', 'policy_published', published)
        .add('policy', 'budget_set', budgetSet('web', '1000.0000'))
        .add('policy', 'price_book_published', { version: '2026-11', book: PRICE_BOOK, book_sha256: PRICE_BOOK_SHA256 })
        .decide(decision({
        id: 'd-1',
        legs: [
            ['budget:web', '125.5000'],
            ['ceiling:plan', '125.5000'],
        ],
    }))
        .decide(decision({
        id: 'd-2',
        legs: [
            ['budget:web', '874.5000'],
            ['ceiling:plan', '874.5000'],
        ],
        unfunded: '112.0000',
        approval: terms('a-1'),
    }));
    writer
        .add('approvals', 'approval_requested', requested('a-1', 'd-2'), { causes: writer.cause('decisions') })
        .add('approvals', 'approval_request_filed', { approval_id: 'a-1', filed_by: 'fred', filed_at: at(25) })
        .add('approvals', 'vote_cast', vote('a-1', 'vera'))
        .add('approvals', 'vote_cast', vote('a-1', 'victor'))
        .add('approvals', 'approval_granted', granted('a-1', 'd-2'))
        .add('approvals', 'token_issued', issued('a-1', 'd-2'))
        .add('approvals', 'token_consumed', consumed('a-1', 'd-2'));
    writer.add('policy', 'exception_granted', {
        exception_id: 'overage:d-2',
        kind: 'overage',
        decision_id: 'd-2',
        limit_usd: '112.0000',
        approval_id: 'a-1',
        granted_at: at(55),
    }, { causes: writer.cause('approvals') });
    writer.add('reservations', 'reservation_settled', settled('d-1', [
        ['budget:web', '110.0000'],
        ['ceiling:plan', '110.0000'],
    ]));
    return writer
        .decide(decision({
        id: 'd-3',
        legs: [
            ['budget:web', '15.5000'],
            ['ceiling:plan', '15.5000'],
        ],
        action: '-1+1',
    }))
        .add('decisions', 'hold_voided', { decision_id: 'd-3', cause: 'approval_denied', released_usd: '15.5000', voided_at: at(70) }, { observed: { policy: 3, approvals: 6, reservations: 0 } })
        .done();
};
/** The input of an export of these journals, with checkpoints signed by `keys`. */
export const sampleInput = async (journals, options) => {
    const parts = [];
    const readModelCounts = {};
    for (const [kind, entries] of journals.entries) {
        const journal = await sampleJournal(kind, entries, options);
        parts.push(journal);
        const counts = {};
        for (const entry of entries.slice(Number(journal.from), Number(journal.to))) {
            const type = /"type":"([a-z_]+)"/.exec(Buffer.from(entry.bytes).toString())?.[1] ?? '';
            counts[type] = (counts[type] ?? 0) + 1;
        }
        readModelCounts[kind] = counts;
    }
    return {
        series: 'daily',
        query: { tenant: 'acme', kinds: [...KINDS] },
        generator: { name: 'verdict', version: '0.1.0', build_id: 'test' },
        clock: { source: 'ntp', offset_ms_max: 50 },
        journals: parts,
        readModelCounts,
        keys: [{ vkey: options.keys.vkey, purpose: 'export', validFrom: at(0), validUntil: null }],
        jwks: { keys: [] },
        signer: { name: 'ledger.example', privateKey: options.keys.privateKey },
        previousManifestSha256: null,
        ...options.change,
    };
};
const sampleJournal = async (kind, entries, { keys, from: first = 0, to: last, previousSize }) => {
    const leaves = entries.map(({ leafHash }) => leafHash);
    const root = rootOf(leaves);
    const size = BigInt(leaves.length);
    const to = Math.min(last ?? leaves.length, leaves.length);
    const from = Math.min(first, to);
    const checkpoint = formatCheckpoint({ origin: originOf(kind), size, root });
    const oldSize = Math.min(previousSize ?? 0, leaves.length);
    const previous = {
        size: BigInt(oldSize),
        root: rootOf(leaves.slice(0, oldSize)),
        proof: consistencyProof(leaves, BigInt(oldSize)),
    };
    return {
        kind,
        origin: originOf(kind),
        from: BigInt(from),
        to: BigInt(to),
        size,
        root,
        checkpoint: await signNote({ name: 'ledger.example', privateKey: keys.privateKey, text: checkpoint }),
        entries: () => asyncOf(entries.slice(from, to)),
        before: () => leaves.slice(0, from),
        after: () => leaves.slice(to),
        ...(previousSize === undefined ? {} : { previous }),
    };
};
async function* asyncOf(values) {
    for (const value of values)
        yield await Promise.resolve(value);
}
//# sourceMappingURL=sample-bundle.js.map