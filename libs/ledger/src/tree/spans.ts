import { Frontier } from './frontier.js';

/**
 * Leaves [from, to) of a tree. Every hash of every proof is the root of some span of the leaves, so a proof is first a
 * list of spans and then one pass over the leaves that hashes them.
 */
export interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

export type LeafHashes = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Spans hashed by the inclusion proof of leaf `index` in a tree of `size`, leaf upwards. @source RFC 6962 section 2.1.1 */
export const inclusionSpans = (index: bigint, size: bigint): readonly Span[] => {
  if (index < 0n || index >= size) throw new RangeError(`no leaf ${index.toString()} in a tree of ${size.toString()}`);
  const downwards: Span[] = [];
  let span: Span = { from: 0n, to: size };
  while (span.to - span.from > 1n) {
    const middle = span.from + splitOf(span.to - span.from);
    const left = { from: span.from, to: middle };
    const right = { from: middle, to: span.to };
    downwards.push(index < middle ? right : left);
    span = index < middle ? left : right;
  }
  return downwards.reverse();
};

/** Spans hashed by the proof that the tree of `oldSize` is a prefix of that of `size`. @source RFC 6962 section 2.1.2 */
export const consistencySpans = (oldSize: bigint, size: bigint): readonly Span[] => {
  if (oldSize < 0n || oldSize > size)
    throw new RangeError(`${oldSize.toString()} is not a prefix of ${size.toString()}`);
  if (oldSize === 0n || oldSize === size) return [];
  const downwards: Span[] = [];
  let span: Span = { from: 0n, to: size };
  while (span.to !== oldSize) {
    const middle = span.from + splitOf(span.to - span.from);
    const left = { from: span.from, to: middle };
    const right = { from: middle, to: span.to };
    downwards.push(oldSize <= middle ? right : left);
    span = oldSize <= middle ? left : right;
  }
  // A verifier knows the old root; only when the old tree is not a whole left edge does it need this inner hash.
  const inner = span.from === 0n ? [] : [span];
  return [...inner, ...downwards.reverse()];
};

/** The fewest complete aligned subtrees that make up [from, to), left to right: a compact range. */
export const coverSpans = (from: bigint, to: bigint): readonly Span[] => {
  const spans: Span[] = [];
  for (let at = from; at < to;) {
    let width = at === 0n ? splitOf((to - at) << 1n) : at & -at;
    while (at + width > to) width >>= 1n;
    spans.push({ from: at, to: at + width });
    at += width;
  }
  return spans;
};

/** Level of a complete subtree: log2 of its width. */
export const levelOf = ({ from, to }: Span): number => (to - from).toString(2).length - 1;

/** Largest power of two below `width`, for width >= 2: where RFC 6962 cuts a tree. */
const splitOf = (width: bigint): bigint => 1n << BigInt((width - 1n).toString(2).length - 1);

/** Roots of disjoint spans in one pass over leaves that start at index `first`; memory grows with the log of the width. */
export class SpanHasher {
  readonly #roots = new Map<Span, Uint8Array>();
  readonly #ascending: readonly Span[];
  #frontier = new Frontier();
  #current = 0;
  #index: bigint;

  constructor(
    readonly spans: readonly Span[],
    first = 0n,
  ) {
    this.#ascending = [...spans].sort((left, right) => (left.from < right.from ? -1 : 1));
    this.#index = first;
  }

  /** Takes the hash of the next leaf. */
  push(leaf: Uint8Array): void {
    const span = this.#ascending[this.#current];
    if (span !== undefined && this.#index >= span.from) {
      this.#frontier.append(leaf);
      if (this.#index + 1n === span.to) this.#finish(span);
    }
    this.#index += 1n;
  }

  /** The roots in the order in which the spans were given. @throws RangeError when the leaves ended too early. */
  roots(): readonly Uint8Array[] {
    return this.spans.map((span) => {
      const root = this.#roots.get(span);
      if (root === undefined)
        throw new RangeError(`leaves end at ${this.#index.toString()}, before ${span.to.toString()}`);
      return root;
    });
  }

  #finish(span: Span): void {
    this.#roots.set(span, this.#frontier.root());
    this.#frontier = new Frontier();
    this.#current += 1;
  }
}
