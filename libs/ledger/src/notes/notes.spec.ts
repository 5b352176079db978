import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { toHex } from '../hash.js';
import { formatCheckpoint, parseCheckpoint } from './checkpoint.js';
import { cosignatureLine, openNote, signNote } from './note.js';
import { formatVkey, keyHash, parseVkey, rawPublicKey } from './vkey.js';

// The example of the Go reference implementation, golang.org/x/mod/sumdb/note.
const VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const SKEY = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const NOTE = `${TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;
const seed = Buffer.from(SKEY.split('+').slice(4).join('+'), 'base64').subarray(1);
const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
  format: 'der',
  type: 'pkcs8',
});
const stranger = generateKeyPairSync('ed25519').privateKey;

describe('verifier keys', () => {
  it('read and write the published example', () => {
    const parsed = parseVkey(VKEY);
    if (parsed.kind === 'refused') throw new Error(parsed.code);
    expect(formatVkey(parsed.verifier.name, parsed.verifier.publicKey)).toBe(VKEY);
    expect(formatVkey('PeterNeumann', privateKey)).toBe(VKEY);
    expect(toHex(keyHash('PeterNeumann', parsed.verifier.publicKey))).toBe('c74f20a3');
  });
  it('refuse every part of the example and every change of one of its bytes', () => {
    for (let from = 0; from <= VKEY.length; from += 1) {
      for (let to = from + 1; to <= VKEY.length; to += 1) {
        if (to - from < VKEY.length) expect(parseVkey(VKEY.slice(from, to)).kind).toBe('refused');
      }
    }
    for (let at = 0; at < VKEY.length; at += 1) {
      const changed = `${VKEY.slice(0, at)}${String.fromCharCode(VKEY.charCodeAt(at) + 1)}${VKEY.slice(at + 1)}`;
      expect(parseVkey(changed).kind).toBe('refused');
    }
  });
  it.each([
    ['PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==', 'a key of another length'],
    ['PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'an unknown algorithm'],
  ])('refuse %s: %s', (vkey) => expect(parseVkey(vkey).kind).toBe('refused'));
});

describe('signed notes', () => {
  it('are signed byte for byte as published', async () => {
    expect(await signNote({ text: TEXT, name: 'PeterNeumann', privateKey })).toBe(NOTE);
  });
  it('are signed the same by a key that lives elsewhere', async () => {
    const elsewhere = (message: Uint8Array): Promise<Uint8Array> => Promise.resolve(sign(null, message, privateKey));
    expect(
      await signNote({ text: TEXT, name: 'PeterNeumann', privateKey: elsewhere, publicKey: rawPublicKey(privateKey) }),
    ).toBe(NOTE);
  });
  it('open with the published key', () => {
    expect(openNote(NOTE, [VKEY])).toMatchObject({
      kind: 'opened',
      text: TEXT,
      signers: [{ name: 'PeterNeumann', keyHash: 'c74f20a3' }],
    });
  });
  it('do not open with another key, nor with none', () => {
    expect(openNote(NOTE, [formatVkey('PeterNeumann', stranger)])).toMatchObject({ code: 'no_known_signature' });
    expect(openNote(NOTE, [])).toMatchObject({ code: 'no_known_signature' });
    expect(openNote(NOTE, ['nonsense'])).toMatchObject({ code: 'vkey_malformed' });
  });
  it('do not open after a change of any byte', () => {
    const bytes = Buffer.from(NOTE, 'utf8');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(openNote(changed.toString('utf8'), [VKEY]).kind).toBe('refused');
    }
  });
  it.each(['no newline', 'a\u0001b\n', 'tab\t\n', ''])('cannot hold the text %j', async (text) => {
    await expect(signNote({ text, name: 'x', privateKey })).rejects.toThrow(RangeError);
  });
  it('count a witness only for the time and text that it signed', async () => {
    const witness = formatVkey('witness.example', stranger, 'cosignature');
    const line = await cosignatureLine({
      text: TEXT,
      name: 'witness.example',
      privateKey: stranger,
      timestamp: 1_700_000_000n,
    });
    expect(openNote(NOTE + line, [VKEY, witness])).toMatchObject({
      signers: [{ name: 'PeterNeumann' }, { name: 'witness.example', cosignedAt: 1_700_000_000n }],
    });
    const other = await cosignatureLine({
      text: `${TEXT}more\n`,
      name: 'witness.example',
      privateKey: stranger,
      timestamp: 1n,
    });
    expect(openNote(NOTE + other, [VKEY, witness])).toMatchObject({ code: 'signature_invalid' });
    expect(openNote(NOTE + other, [VKEY]).kind).toBe('opened');
  });
});

describe('checkpoints', () => {
  const root = new Uint8Array(32).fill(0x42);
  it('are origin, size and root on a line each', () => {
    const text = formatCheckpoint({ origin: 'ledger.example/acme/policy', size: 12n, root });
    expect(text).toBe('ledger.example/acme/policy\n12\nQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=\n');
    expect(parseCheckpoint(text)).toEqual({
      kind: 'checkpoint',
      checkpoint: { origin: 'ledger.example/acme/policy', size: 12n, root },
      extensions: [],
    });
    expect(parseCheckpoint(`${text}ext 1\n`)).toMatchObject({ extensions: ['ext 1'] });
  });
  it.each([
    'o\n8\n',
    '\n8\nQkJC\n',
    'o\n08\nQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=\n',
    'o\n-1\nQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=\n',
    'o\n8\nQkJC\n',
    'o\n8\nQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=',
    'o\n8\nQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=\n\nx\n',
  ])('refuses %j', (text) => expect(parseCheckpoint(text).kind).toBe('refused'));
});
