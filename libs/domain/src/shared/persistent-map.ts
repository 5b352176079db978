const BITS = 5;
const MASK = 31;
/** Seven levels of five bits use up a hash of 32 bits; keys that still agree share a Bucket. */
const DEPTH_MAX = 7;

/** One object per entry; the hash is made again when a leaf must move down, which is rare. */
class Leaf<V> {
  constructor(
    readonly key: string,
    readonly value: V,
  ) {}
}
/** Up to 32 children, as many as `bitmap` has bits, in bit order. */
class Branch<V> {
  constructor(
    readonly bitmap: number,
    readonly children: readonly Node<V>[],
  ) {}
}
/** Keys of one hash, sorted: found in log n, so whoever makes up colliding keys gains little. */
class Bucket<V> {
  constructor(readonly leaves: readonly Leaf<V>[]) {}
}
type Node<V> = Leaf<V> | Branch<V> | Bucket<V>;

/** FNV-1a over UTF-16 code units, mixed as in MurmurHash3, so that the low bits depend on all. No seed: maps of equal
 *  content iterate in the same order in every process. */
const hashOf = (key: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
};

const bitOf = (hash: number, depth: number): number => 1 << ((hash >>> (depth * BITS)) & MASK);

const countBits = (word: number): number => {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

/** First place in a sorted bucket whose key is not below `key`. */
const placeOf = <V>(leaves: readonly Leaf<V>[], key: string): number => {
  let low = 0;
  let high = leaves.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const leaf = leaves[middle];
    if (leaf !== undefined && leaf.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
};

const find = <V>(root: Node<V> | undefined, key: string, hash: number): Leaf<V> | undefined => {
  let node = root;
  for (let depth = 0; node instanceof Branch; depth += 1) {
    const bit = bitOf(hash, depth);
    if ((node.bitmap & bit) === 0) return undefined;
    node = node.children[countBits(node.bitmap & (bit - 1))];
  }
  const leaf = node instanceof Bucket ? node.leaves[placeOf(node.leaves, key)] : node;
  return leaf?.key === key ? leaf : undefined;
};

/** A node that holds two leaves with different keys. */
const pair = <V>(a: Leaf<V>, b: Leaf<V>, depth: number): Node<V> => {
  if (depth >= DEPTH_MAX) return new Bucket(a.key < b.key ? [a, b] : [b, a]);
  const bitA = bitOf(hashOf(a.key), depth);
  const bitB = bitOf(hashOf(b.key), depth);
  if (bitA === bitB) return new Branch(bitA, [pair(a, b, depth + 1)]);
  return new Branch(bitA | bitB, bitA >>> 0 < bitB >>> 0 ? [a, b] : [b, a]);
};

const insertInBucket = <V>(bucket: Bucket<V>, leaf: Leaf<V>): Bucket<V> => {
  const place = placeOf(bucket.leaves, leaf.key);
  const isThere = bucket.leaves[place]?.key === leaf.key;
  return new Bucket(isThere ? bucket.leaves.with(place, leaf) : bucket.leaves.toSpliced(place, 0, leaf));
};

const insert = <V>(node: Node<V>, leaf: Leaf<V>, hash: number, depth: number): Node<V> => {
  if (node instanceof Leaf) return node.key === leaf.key ? leaf : pair(node, leaf, depth);
  if (node instanceof Bucket) return insertInBucket(node, leaf);
  const bit = bitOf(hash, depth);
  const place = countBits(node.bitmap & (bit - 1));
  const child = node.children[place];
  if ((node.bitmap & bit) === 0 || child === undefined)
    return new Branch(node.bitmap | bit, node.children.toSpliced(place, 0, leaf));
  return new Branch(node.bitmap, node.children.with(place, insert(child, leaf, hash, depth + 1)));
};

/** A branch with one leaf below it is that leaf, so equal content has one shape; a bucket stays at its depth. */
const branchOf = <V>(bitmap: number, children: readonly Node<V>[]): Node<V> | undefined => {
  const [only] = children;
  if (children.length === 0) return undefined;
  return children.length === 1 && only instanceof Leaf ? only : new Branch(bitmap, children);
};

/** Called with a key that is there. */
const remove = <V>(node: Node<V>, key: string, hash: number, depth: number): Node<V> | undefined => {
  if (node instanceof Leaf) return undefined;
  if (node instanceof Bucket) {
    const leaves = node.leaves.toSpliced(placeOf(node.leaves, key), 1);
    return leaves.length === 1 ? leaves[0] : new Bucket(leaves);
  }
  const bit = bitOf(hash, depth);
  const place = countBits(node.bitmap & (bit - 1));
  const child = node.children[place];
  const rest = child === undefined ? undefined : remove(child, key, hash, depth + 1);
  return rest === undefined
    ? branchOf(node.bitmap & ~bit, node.children.toSpliced(place, 1))
    : branchOf(node.bitmap, node.children.with(place, rest));
};

function* leavesOf<V>(node: Node<V> | undefined): Generator<Leaf<V>, void, undefined> {
  if (node === undefined) return;
  if (node instanceof Leaf) yield node;
  else for (const child of node instanceof Bucket ? node.leaves : node.children) yield* leavesOf(child);
}

/**
 * A map that is never changed: `set` and `delete` answer a new map that shares what did not change, so a snapshot is a
 * reference and undoing a speculative batch is forgetting it. Keys are texts; a value may be anything but undefined.
 *
 * Cost: about log32(size) small arrays copied per change, about 100 bytes a key kept.
 *
 * @source P. Bagwell, Ideal Hash Trees (2001); style section 2, "State is persistent"
 */
export class PersistentMap<V> implements Iterable<readonly [string, V]> {
  /** The map without entries, for any kind of value. */
  static readonly empty: PersistentMap<never> = new PersistentMap<never>(undefined, 0);

  private constructor(
    private readonly root: Node<V> | undefined,
    readonly size: number,
  ) {}

  /** Later pairs win. */
  static from<V>(pairs: Iterable<readonly [string, V]>): PersistentMap<V> {
    let map: PersistentMap<V> = PersistentMap.empty;
    for (const [key, value] of pairs) map = map.set(key, value);
    return map;
  }

  get(key: string): V | undefined {
    return this.root === undefined ? undefined : find(this.root, key, hashOf(key))?.value;
  }

  has(key: string): boolean {
    return this.root !== undefined && find(this.root, key, hashOf(key)) !== undefined;
  }

  /** The same map when the key has that very value already. */
  set(key: string, value: V): PersistentMap<V> {
    const hash = hashOf(key);
    const there = find(this.root, key, hash);
    if (there !== undefined && Object.is(there.value, value)) return this;
    const leaf = new Leaf(key, value);
    const root = this.root === undefined ? leaf : insert(this.root, leaf, hash, 0);
    return new PersistentMap(root, there === undefined ? this.size + 1 : this.size);
  }

  /** The same map when the key is not there. */
  delete(key: string): PersistentMap<V> {
    if (this.root === undefined) return this;
    const hash = hashOf(key);
    if (find(this.root, key, hash) === undefined) return this;
    return new PersistentMap(remove(this.root, key, hash, 0), this.size - 1);
  }

  /** In an order that depends on the keys alone, not on the history of the map. */
  *entries(): Generator<readonly [string, V], void, undefined> {
    for (const leaf of leavesOf(this.root)) yield [leaf.key, leaf.value];
  }

  *keys(): Generator<string, void, undefined> {
    for (const leaf of leavesOf(this.root)) yield leaf.key;
  }

  *values(): Generator<V, void, undefined> {
    for (const leaf of leavesOf(this.root)) yield leaf.value;
  }

  [Symbol.iterator](): Generator<readonly [string, V], void, undefined> {
    return this.entries();
  }
}
