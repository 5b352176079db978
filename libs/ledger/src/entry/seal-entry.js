import { canonicalText } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
import { ENVELOPE_BYTES_MAX, leafHash, sha256Hex, storeIdOf } from '../hash.js';
import { ENTRY_MIDDLE, ENTRY_PREFIX, ENTRY_SUFFIX, ENVELOPE_VERSION, EntryTooLarge, PAYLOAD_BYTES_MAX, } from './envelope.js';
import { entryIdOf } from './entry-id.js';
import { envelopeProblems } from './envelope-rules.js';
/** A draft that breaks a rule; `pointer` is that of the member in the envelope, or `/payload`. */
export class EntryInvalid extends Error {
    code;
    pointer;
    name = 'EntryInvalid';
    constructor(code, pointer) {
        super(`${code} at ${pointer}`);
        this.code = code;
        this.pointer = pointer;
    }
}
/**
 * Makes the canonical bytes of an entry and everything derived from them. Pure: time and ids arrive in the draft.
 *
 * @throws CanonicalError when the payload or envelope has no canonical form (pointer within that part).
 * @throws EntryInvalid when a member of the envelope breaks its form.
 * @throws EntryTooLarge beyond 65,535 bytes of envelope or 256 KiB of payload.
 * @source ledger format sections 1 and 3
 */
export const sealEntry = (draft) => {
    if (!isJsonObject(draft.payload))
        throw new EntryInvalid('payload_not_object', '/payload');
    // As a member of the entry the payload is one level deeper than it looks alone.
    const payloadText = canonicalText([draft.payload]).slice(1, -1);
    const id = entryIdOf(draft.origin, draft.commandId, draft.ordinal);
    const envelope = envelopeOf(draft, id, sha256Hex(payloadText));
    const problem = envelopeProblems(envelope)[0];
    if (problem !== undefined)
        throw new EntryInvalid(problem.code, problem.pointer);
    const envelopeText = canonicalText(envelope);
    const envelopeBytes = Buffer.from(envelopeText, 'utf8');
    refuseAbove('envelope', envelopeBytes.length, ENVELOPE_BYTES_MAX);
    refuseAbove('payload', Buffer.byteLength(payloadText, 'utf8'), PAYLOAD_BYTES_MAX);
    const leaf = leafHash(envelopeBytes);
    const bytes = Buffer.from(`${ENTRY_PREFIX}${envelopeText}${ENTRY_MIDDLE}${payloadText}${ENTRY_SUFFIX}`, 'utf8');
    return {
        type: draft.type,
        id,
        storeId: storeIdOf(leaf),
        leafHash: leaf,
        bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length),
    };
};
/** Members in canonical order, so that sorting them costs nothing. */
const envelopeOf = (draft, id, payloadSha256) => ({
    actor: { id: draft.actor.id, kind: draft.actor.kind, roles: draft.actor.roles },
    causes: draft.causes.map(({ leaf_hash, origin, revision }) => ({ leaf_hash, origin, revision })),
    command_id: draft.commandId,
    correlation_id: draft.correlationId,
    id,
    observed: draft.observed,
    occurred_at: draft.occurredAt,
    origin: draft.origin,
    payload_sha256: payloadSha256,
    recorded_at: draft.recordedAt,
    revision: Number(draft.revision),
    traceparent: draft.traceparent,
    type: draft.type,
    type_v: draft.typeV,
    v: ENVELOPE_VERSION,
});
const refuseAbove = (part, bytes, bytesMax) => {
    if (bytes > bytesMax)
        throw new EntryTooLarge(part, bytes, bytesMax);
};
//# sourceMappingURL=seal-entry.js.map