import { describe, expect, it } from '@jest/globals';
import { emptyRoot, leafHashOfAny, toHex } from '../hash.js';
import { Frontier, FrontierInvalid } from './frontier.js';
import { consistencyProof, inclusionProof, rootOf } from './proofs.js';

const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const leaves = INPUTS.map((hex) => leafHashOfAny(Buffer.from(hex, 'hex')));
const hexes = (hashes: readonly Uint8Array[]): readonly string[] => hashes.map(toHex);

describe('the tree of RFC 6962', () => {
  it('has the published roots of the certificate transparency vectors', () => {
    expect(toHex(rootOf(leaves))).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
    expect(toHex(rootOf(leaves.slice(0, 1)))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
    expect(toHex(rootOf([]))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(rootOf([])).toEqual(emptyRoot());
  });

  it('gives the hashes named by the example of RFC 6962 section 2.1.3 for seven leaves', () => {
    const seven = leaves.slice(0, 7);
    const [a, b, c, d, e, f, j] = seven;
    const rootsOf = (...parts: (readonly (Uint8Array | undefined)[])[]): readonly string[] =>
      parts.map((part) => toHex(rootOf(part.filter((leaf) => leaf !== undefined))));
    expect(hexes(inclusionProof(seven, 0n))).toEqual(rootsOf([b], [c, d], [e, f, j]));
    expect(hexes(inclusionProof(seven, 3n))).toEqual(rootsOf([c], [a, b], [e, f, j]));
    expect(hexes(inclusionProof(seven, 4n))).toEqual(rootsOf([f], [j], [a, b, c, d]));
    expect(hexes(inclusionProof(seven, 6n))).toEqual(rootsOf([e, f], [a, b, c, d]));
    expect(hexes(consistencyProof(seven, 3n))).toEqual(rootsOf([c], [d], [a, b], [e, f, j]));
    expect(hexes(consistencyProof(seven, 4n))).toEqual(rootsOf([e, f, j]));
    expect(hexes(consistencyProof(seven, 6n))).toEqual(rootsOf([e, f], [j], [a, b, c, d]));
  });
});

describe('Frontier', () => {
  it('continues after a restore as if nothing had happened', () => {
    const frontier = new Frontier();
    leaves.slice(0, 5).forEach((leaf) => {
      frontier.append(leaf);
    });
    const restored = Frontier.restore(frontier.serialise());
    leaves.slice(5).forEach((leaf) => {
      restored.append(leaf);
    });
    expect(restored.root()).toEqual(rootOf(leaves));
    expect([frontier.size, restored.size]).toEqual([5n, 8n]);
  });
  it('refuses hashes that do not fit the size', () => {
    const bytes = new Frontier(1n, leaves.slice(0, 1)).serialise();
    bytes[7] = 3;
    expect(() => Frontier.restore(bytes)).toThrow(FrontierInvalid);
    expect(() => Frontier.restore(bytes.subarray(1))).toThrow(FrontierInvalid);
  });
  it('refuses a subtree that cannot begin here', () => {
    expect(() => {
      new Frontier(1n, leaves.slice(0, 1)).appendSubtree(1, leaves[0] ?? emptyRoot());
    }).toThrow(RangeError);
  });
});
