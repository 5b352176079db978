import { decodeUtf8 } from '../json/strict-parser.js';
import { toHex } from '../hash.js';
import { noteTextUnverified, openNote } from '../notes/note.js';
import type { NoteSignature } from '../notes/note.js';
import { parseCheckpoint } from '../notes/checkpoint.js';
import type { Checkpoint } from '../notes/checkpoint.js';
import { parseVkey } from '../notes/vkey.js';
import type { BundleKey } from '../bundle/bundle-input.js';
import { MANIFEST_NOTE, VKEYS, checkpointFile } from '../bundle/layout.js';
import { manifestNoteText } from '../bundle/manifest.js';
import type { ManifestRange } from '../bundle/manifest.js';
import type { CheckNumber, Findings } from './report.js';

/** Whom the caller trusts. All are C2SP verifier key lines. */
export interface Trust {
  readonly keys: readonly string[];
  readonly witnesses: readonly string[];
  /** Number of distinct witnesses that must have cosigned each checkpoint. */
  readonly quorum: number;
}

/** A trusted signature whose key's validity is checked once the time of the newest entry is known. */
export interface Signed {
  readonly check: CheckNumber;
  readonly file: string;
  readonly signers: readonly string[];
  /** Latest `recorded_at` that the signature vouches for; absent: that of the whole bundle. */
  readonly newest?: string;
}

/** Check 3, first half: a trusted key signed exactly this manifest. */
export const checkManifestNote = (
  manifest: Uint8Array,
  note: Uint8Array,
  { trust, findings }: { readonly trust: Trust; readonly findings: Findings },
): Signed => {
  const opened = openNote(decodeUtf8(note) ?? '', trust.keys);
  const signed = { check: 3, file: MANIFEST_NOTE } as const;
  if (opened.kind === 'refused') {
    findings.fail(3, { file: MANIFEST_NOTE, found: opened.detail, detail: opened.code });
    return { ...signed, signers: [] };
  }
  const expected = manifestNoteText(manifest);
  if (opened.text !== expected) {
    findings.fail(3, {
      file: MANIFEST_NOTE,
      expected: oneLine(expected),
      found: oneLine(opened.text),
      detail: 'another manifest was signed',
    });
  }
  const signers = opened.signers.map(nameOf);
  findings.note(3, { file: MANIFEST_NOTE, found: signers.join(', '), detail: 'signed by' });
  return { ...signed, signers };
};

/** Check 7: a trusted key and enough witnesses signed the checkpoint, and the manifest speaks of the same one. */
export const checkCheckpoint = (
  journal: { readonly kind: string; readonly range: ManifestRange; readonly note: Uint8Array },
  trust: Trust,
  findings: Findings,
): { readonly checkpoint: Checkpoint | undefined; readonly signed: Signed } => {
  const { kind, range } = journal;
  const file = checkpointFile(kind);
  const note = decodeUtf8(journal.note) ?? '';
  const opened = openNote(note, [...trust.keys, ...trust.witnesses]);
  if (opened.kind === 'refused') findings.fail(7, { file, found: opened.detail, detail: opened.code });
  const signers = opened.kind === 'opened' ? opened.signers : [];
  if (opened.kind === 'opened')
    checkQuorum(signers, trust, (detail) => {
      findings.fail(7, { file, detail });
    });
  // The range is proved against this root even when nobody vouches for it: the report then tells both.
  const parsed = parseCheckpoint(opened.kind === 'opened' ? opened.text : (noteTextUnverified(note) ?? ''));
  const signed: Signed = {
    check: 7,
    file,
    signers: signers.filter(({ cosignedAt }) => cosignedAt === undefined).map(nameOf),
  };
  if (parsed.kind === 'refused') {
    findings.fail(7, { file, detail: parsed.detail });
    return { checkpoint: undefined, signed };
  }
  const { checkpoint } = parsed;
  const stated = `${range.origin} ${range.size.toString()} ${range.root}`;
  const found = `${checkpoint.origin} ${checkpoint.size.toString()} ${toHex(checkpoint.root)}`;
  if (found !== stated)
    findings.fail(7, { file, expected: stated, found, detail: 'not the checkpoint of the manifest' });
  findings.note(7, {
    file,
    found: signers.map(nameOf).join(', '),
    detail: `size ${checkpoint.size.toString()} signed by`,
  });
  return { checkpoint, signed };
};

const checkQuorum = (signers: readonly NoteSignature[], trust: Trust, fail: (detail: string) => void): void => {
  if (signers.every(({ cosignedAt }) => cosignedAt !== undefined)) fail('no trusted log key signed it');
  const witnesses = new Set(signers.filter(({ cosignedAt }) => cosignedAt !== undefined).map(nameOf));
  if (witnesses.size < trust.quorum) {
    fail(`${witnesses.size.toString()} of ${trust.quorum.toString()} trusted witnesses cosigned it`);
  }
};

/**
 * Check 3 and 7, second half: a key that was retired before an entry was recorded cannot vouch for that entry.
 * `newest`: the latest `recorded_at` in the bundle, the only time that its bytes attest; a checkpoint answers for its own
 * journal alone, so an idle one may still bear the signature of a key that has been retired since.
 */
export const checkValidity = (
  keys: readonly BundleKey[] | undefined,
  signed: readonly Signed[],
  { newest, findings }: { readonly newest: string; readonly findings: Findings },
): void => {
  if (keys === undefined) {
    findings.fail(3, { file: VKEYS, detail: 'a line is malformed' });
    return;
  }
  for (const { check, file, signers, newest: covered = newest } of signed) {
    for (const signer of signers) {
      const listed = keys.filter(({ vkey }) => keyName(vkey) === signer);
      const isValid = listed.some(({ validUntil }) => validUntil === null || validUntil >= covered);
      const detail =
        listed.length === 0 ? 'its key is not in keys/vkeys.txt' : 'its key was retired before the newest entry';
      if (!isValid) findings.fail(check, { file, found: signer, detail });
    }
  }
};

const nameOf = ({ name, keyHash }: { readonly name: string; readonly keyHash: string }): string => `${name}+${keyHash}`;
const keyName = (vkey: string): string => {
  const parsed = parseVkey(vkey);
  return parsed.kind === 'vkey' ? nameOf(parsed.verifier) : '';
};
const oneLine = (text: string): string => text.trimEnd().replaceAll('\n', ' ');
