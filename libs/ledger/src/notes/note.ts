import { KeyObject, sign } from 'node:crypto';
import { toHex } from '../hash.js';
import { fromBase64, toBase64 } from './base64.js';
import { isKeyName, isSignedBy, keyHash, parseVkey, rawPublicKey } from './vkey.js';
import type { NoteVerifier } from './vkey.js';

/** Signs with a private key that lives elsewhere, for example in a key service. Returns 64 bytes of Ed25519. */
export type SignMessage = (message: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** Who signs notes: a key at hand, or a function together with the public key that it signs for (32 raw bytes). */
export type NoteSigner =
  | { readonly name: string; readonly privateKey: KeyObject }
  | { readonly name: string; readonly privateKey: SignMessage; readonly publicKey: Uint8Array };

export type NoteRequest = NoteSigner & {
  /** Ends with a newline; holds no other control character. */
  readonly text: string;
};

export interface NoteSignature {
  readonly name: string;
  /** 8 hex characters. */
  readonly keyHash: string;
  /** Seconds since 1970 by a witness; undefined for a log's own signature. */
  readonly cosignedAt: bigint | undefined;
}

export type NoteRefusal = 'note_malformed' | 'vkey_malformed' | 'signature_invalid' | 'no_known_signature';

export type OpenedNote =
  | { readonly kind: 'opened'; readonly text: string; readonly signers: readonly NoteSignature[] }
  | { readonly kind: 'refused'; readonly code: NoteRefusal; readonly detail: string };

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
export const signNote = async (request: NoteRequest): Promise<string> => {
  if (!isNoteText(request.text))
    throw new RangeError('a note text ends with a newline and has no other control character');
  return `${request.text}\n${await signatureLine(request, { text: request.text })}`;
};

/**
 * The line by which a witness cosigns a checkpoint: append it to the note.
 * @param timestamp seconds since 1970, when the witness saw the checkpoint.
 * @source C2SP tlog-cosignature, cosignature/v1
 */
export const cosignatureLine = async (request: NoteRequest & { readonly timestamp: bigint }): Promise<string> =>
  signatureLine(request, { text: request.text, timestamp: request.timestamp });

interface Signed {
  readonly text: string;
  readonly timestamp?: bigint;
}

const signatureLine = async (signer: NoteSigner, signed: Signed): Promise<string> => {
  if (!isKeyName(signer.name)) throw new RangeError(`"${signer.name}" is no key name`);
  const publicKey = signer.privateKey instanceof KeyObject ? rawPublicKey(signer.privateKey) : publicKeyOf(signer);
  const algorithm = signed.timestamp === undefined ? 'ed25519' : 'cosignature';
  const signature = await signBytes(signer, messageOf(signed));
  if (signature.length !== ED25519_BYTES) throw new RangeError('an Ed25519 signature has 64 bytes');
  const parts = [keyHash(signer.name, publicKey, algorithm), timeBytes(signed.timestamp), signature];
  return `— ${signer.name} ${toBase64(Buffer.concat(parts))}\n`;
};

const publicKeyOf = (signer: NoteSigner): Uint8Array => ('publicKey' in signer ? signer.publicKey : new Uint8Array(0));

const signBytes = async ({ privateKey }: NoteSigner, message: Uint8Array): Promise<Uint8Array> =>
  privateKey instanceof KeyObject ? sign(null, message, privateKey) : privateKey(message);

const messageOf = ({ text, timestamp }: Signed): Uint8Array =>
  Buffer.from(timestamp === undefined ? text : `cosignature/v1\ntime ${timestamp.toString()}\n${text}`, 'utf8');

const timeBytes = (timestamp: bigint | undefined): Uint8Array => {
  if (timestamp === undefined) return new Uint8Array(0);
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
export const openNote = (note: string, vkeys: readonly string[]): OpenedNote => {
  const verifiers: NoteVerifier[] = [];
  for (const vkey of vkeys) {
    const parsed = parseVkey(vkey);
    if (parsed.kind === 'refused') return refusal('vkey_malformed', `${parsed.code}: ${vkey}`);
    verifiers.push(parsed.verifier);
  }
  const parts = splitNote(note);
  if (parts === undefined) return refusal('note_malformed', 'a note is text, an empty line and signature lines');
  return verifyLines(parts, verifiers);
};

/** The text of a note whose signatures nobody has checked; undefined when it is no note. */
export const noteTextUnverified = (note: string): string | undefined => splitNote(note)?.text;

interface NoteParts {
  readonly text: string;
  readonly lines: readonly SignatureParts[];
}
interface SignatureParts {
  readonly name: string;
  readonly keyHash: string;
  readonly rest: Uint8Array;
}

const splitNote = (note: string): NoteParts | undefined => {
  const cut = note.lastIndexOf('\n\n');
  if (note.length > NOTE_BYTES_MAX || cut < 0 || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, cut + 1);
  const lines = note
    .slice(cut + 2, -1)
    .split('\n')
    .map(parseLine);
  const isSound = isNoteText(text) && lines.length <= SIGNATURES_MAX && lines.every((line) => line !== undefined);
  return isSound ? { text, lines } : undefined;
};

const parseLine = (line: string): SignatureParts | undefined => {
  const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? [];
  const bytes = encoded === undefined ? undefined : fromBase64(encoded);
  if (name === undefined || bytes === undefined || bytes.length < 5) return undefined;
  return { name, keyHash: toHex(bytes.subarray(0, 4)), rest: bytes.subarray(4) };
};

const isNoteText = (text: string): boolean => text.endsWith('\n') && !LONE_SURROGATE.test(text) && !CONTROLS.test(text);

const verifyLines = ({ text, lines }: NoteParts, verifiers: readonly NoteVerifier[]): OpenedNote => {
  const signers = new Map<string, NoteSignature>();
  for (const line of lines) {
    const verifier = verifiers.find(({ name, keyHash: hash }) => name === line.name && hash === line.keyHash);
    if (verifier === undefined) continue;
    const signature = verifyLine(text, line, verifier);
    if (signature === undefined) return refusal('signature_invalid', `${line.name}+${line.keyHash}`);
    signers.set(`${line.name}+${line.keyHash}`, signature);
  }
  if (signers.size === 0)
    return refusal('no_known_signature', lines.map(({ name, keyHash: hash }) => `${name}+${hash}`).join(', '));
  return { kind: 'opened', text, signers: [...signers.values()] };
};

const verifyLine = (text: string, line: SignatureParts, verifier: NoteVerifier): NoteSignature | undefined => {
  const { name, keyHash: hash, rest } = line;
  const cosignedAt = verifier.algorithm === 'cosignature' ? cosignatureTime(rest) : undefined;
  const signature = verifier.algorithm === 'cosignature' ? rest.subarray(TIME_BYTES) : rest;
  if (signature.length !== ED25519_BYTES) return undefined;
  const message = messageOf(cosignedAt === undefined ? { text } : { text, timestamp: cosignedAt });
  return isSignedBy(verifier.publicKey, message, signature) ? { name, keyHash: hash, cosignedAt } : undefined;
};

const cosignatureTime = (bytes: Uint8Array): bigint | undefined =>
  bytes.length < TIME_BYTES ? undefined : Buffer.from(bytes).readBigUInt64BE();

const refusal = (code: NoteRefusal, detail: string): OpenedNote => ({ kind: 'refused', code, detail });
