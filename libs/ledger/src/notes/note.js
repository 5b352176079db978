import { KeyObject, sign } from 'node:crypto';
import { toHex } from '../hash.js';
import { fromBase64, toBase64 } from './base64.js';
import { isKeyName, isSignedBy, keyHash, parseVkey, rawPublicKey } from './vkey.js';
const SIGNATURES_MAX = 100;
const NOTE_BYTES_MAX = 1_000_000;
const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/u;
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f]/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const ED25519_BYTES = 64;
const TIME_BYTES = 8;
/**
 * Signs a text as a note: the text, an empty line, and one signature line.
 * @throws RangeError when text or name cannot be in a note.
 * @source C2SP signed-note
 */
export const signNote = async (request) => {
    if (!isNoteText(request.text))
        throw new RangeError('a note text ends with a newline and has no other control character');
    return `${request.text}\n${await signatureLine(request, { text: request.text })}`;
};
/**
 * The line by which a witness cosigns a checkpoint: append it to the note.
 * @param timestamp seconds since 1970, when the witness saw the checkpoint.
 * @source C2SP tlog-cosignature, cosignature/v1
 */
export const cosignatureLine = async (request) => signatureLine(request, { text: request.text, timestamp: request.timestamp });
const signatureLine = async (signer, signed) => {
    if (!isKeyName(signer.name))
        throw new RangeError(`"${signer.name}" is no key name`);
    const publicKey = signer.privateKey instanceof KeyObject ? rawPublicKey(signer.privateKey) : publicKeyOf(signer);
    const algorithm = signed.timestamp === undefined ? 'ed25519' : 'cosignature';
    const signature = await signBytes(signer, messageOf(signed));
    if (signature.length !== ED25519_BYTES)
        throw new RangeError('an Ed25519 signature has 64 bytes');
    const parts = [keyHash(signer.name, publicKey, algorithm), timeBytes(signed.timestamp), signature];
    return `— ${signer.name} ${toBase64(Buffer.concat(parts))}\n`;
};
const publicKeyOf = (signer) => ('publicKey' in signer ? signer.publicKey : new Uint8Array(0));
const signBytes = async ({ privateKey }, message) => privateKey instanceof KeyObject ? sign(null, message, privateKey) : privateKey(message);
const messageOf = ({ text, timestamp }) => Buffer.from(timestamp === undefined ? text : `cosignature/v1\ntime ${timestamp.toString()}\n${text}`, 'utf8');
const timeBytes = (timestamp) => {
    if (timestamp === undefined)
        return new Uint8Array(0);
    const bytes = Buffer.alloc(TIME_BYTES);
    bytes.writeBigUInt64BE(timestamp);
    return bytes;
};
/**
 * Opens a note with the keys one trusts. Signatures by other keys are ignored; a bad signature in the name of a trusted
 * key refuses the note.
 *
 * @param vkeys verifier key lines, of logs or witnesses.
 * @returns the text with everyone trusted who signed it, each once; at least one signer.
 * @source C2SP signed-note, tlog-cosignature
 */
export const openNote = (note, vkeys) => {
    const verifiers = [];
    for (const vkey of vkeys) {
        const parsed = parseVkey(vkey);
        if (parsed.kind === 'refused')
            return refusal('vkey_malformed', `${parsed.code}: ${vkey}`);
        verifiers.push(parsed.verifier);
    }
    const parts = splitNote(note);
    if (parts === undefined)
        return refusal('note_malformed', 'a note is text, an empty line and signature lines');
    return verifyLines(parts, verifiers);
};
/** The text of a note whose signatures nobody has checked; undefined when it is no note. */
export const noteTextUnverified = (note) => splitNote(note)?.text;
const splitNote = (note) => {
    const cut = note.lastIndexOf('\n\n');
    if (note.length > NOTE_BYTES_MAX || cut < 0 || !note.endsWith('\n'))
        return undefined;
    const text = note.slice(0, cut + 1);
    const lines = note
        .slice(cut + 2, -1)
        .split('\n')
        .map(parseLine);
    const isSound = isNoteText(text) && lines.length <= SIGNATURES_MAX && lines.every((line) => line !== undefined);
    return isSound ? { text, lines } : undefined;
};
const parseLine = (line) => {
    const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? [];
    const bytes = encoded === undefined ? undefined : fromBase64(encoded);
    if (name === undefined || bytes === undefined || bytes.length < 5)
        return undefined;
    return { name, keyHash: toHex(bytes.subarray(0, 4)), rest: bytes.subarray(4) };
};
const isNoteText = (text) => text.endsWith('\n') && !LONE_SURROGATE.test(text) && !CONTROLS.test(text);
const verifyLines = ({ text, lines }, verifiers) => {
    const signers = new Map();
    for (const line of lines) {
        const verifier = verifiers.find(({ name, keyHash: hash }) => name === line.name && hash === line.keyHash);
        if (verifier === undefined)
            continue;
        const signature = verifyLine(text, line, verifier);
        if (signature === undefined)
            return refusal('signature_invalid', `${line.name}+${line.keyHash}`);
        signers.set(`${line.name}+${line.keyHash}`, signature);
    }
    if (signers.size === 0)
        return refusal('no_known_signature', lines.map(({ name, keyHash: hash }) => `${name}+${hash}`).join(', '));
    return { kind: 'opened', text, signers: [...signers.values()] };
};
const verifyLine = (text, line, verifier) => {
    const { name, keyHash: hash, rest } = line;
    const cosignedAt = verifier.algorithm === 'cosignature' ? cosignatureTime(rest) : undefined;
    const signature = verifier.algorithm === 'cosignature' ? rest.subarray(TIME_BYTES) : rest;
    if (signature.length !== ED25519_BYTES)
        return undefined;
    const message = messageOf(cosignedAt === undefined ? { text } : { text, timestamp: cosignedAt });
    return isSignedBy(verifier.publicKey, message, signature) ? { name, keyHash: hash, cosignedAt } : undefined;
};
const cosignatureTime = (bytes) => bytes.length < TIME_BYTES ? undefined : Buffer.from(bytes).readBigUInt64BE();
const refusal = (code, detail) => ({ kind: 'refused', code, detail });
//# sourceMappingURL=note.js.map