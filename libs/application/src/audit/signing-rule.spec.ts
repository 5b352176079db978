import { describe, expect, it } from '@jest/globals';
import type { SignedHead } from '../ports/audit.js';
import { judgeCandidate } from './signing-rule.js';

const root = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const last: SignedHead = {
  ...{
    journal: 'decisions-acme',
    size: 8n,
    root: root(8),
    frontier: new Uint8Array(),
    lastLeaf: root(7),
    refusal: null,
  },
};
const base = { size: 8n, root: root(8) };

describe('judgeCandidate', () => {
  it('lets a tree be signed that grew from the signed one', () =>
    expect(judgeCandidate(last, { base, size: 9n, root: root(9) })).toEqual({ kind: 'sign' }));
  it('signs the same tree once', () =>
    expect(judgeCandidate(last, { base, size: 8n, root: root(8) })).toEqual({ kind: 'nothing' }));
  it('refuses another root of the same size', () =>
    expect(judgeCandidate(last, { base, size: 8n, root: root(1) })).toMatchObject({ kind: 'refuse' }));
  it('refuses a smaller tree', () =>
    expect(judgeCandidate(last, { base, size: 7n, root: root(7) })).toMatchObject({ kind: 'refuse' }));
  it('refuses a tree that grew from another one of the signed size', () =>
    expect(judgeCandidate(last, { base: { size: 8n, root: root(1) }, size: 9n, root: root(9) })).toMatchObject({
      kind: 'refuse',
    }));
  it('refuses when less is stored than this process saw signed', () =>
    expect(judgeCandidate(last, { base: { size: 9n, root: root(9) }, size: 10n, root: root(10) })).toMatchObject({
      kind: 'refuse',
    }));
  it('sends a tree that grew from an older one back to grow from the newest', () =>
    expect(judgeCandidate(last, { base: { size: 4n, root: root(4) }, size: 6n, root: root(6) })).toEqual({
      kind: 'retry',
    }));
  it('signs nothing for a stopped journal', () =>
    expect(judgeCandidate({ ...last, refusal: 'forked' }, { base, size: 9n, root: root(9) })).toEqual({
      kind: 'nothing',
    }));
});
