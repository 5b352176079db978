import { PersistentMap } from './persistent-map.js';

interface Generations<V> {
  readonly recent: PersistentMap<V>;
  readonly older: PersistentMap<V>;
  /** Of generations that were dropped; default: nothing. */
  readonly needed?: PersistentMap<V>;
}

/** What is still needed of the given maps. */
const neededOf = <V>(maps: readonly PersistentMap<V>[], isNeeded: (value: V) => boolean): PersistentMap<V> => {
  let needed: PersistentMap<V> = PersistentMap.empty;
  for (const map of maps) for (const [key, value] of map) if (isNeeded(value)) needed = needed.set(key, value);
  return needed;
};

/**
 * A persistent map that remembers at least the newest `capacity` keys and at most twice as many: two generations, of which
 * the older is dropped, so that forgetting costs nothing per key. Beyond that it remembers what is still needed when its
 * generation is dropped, for as long as it is.
 */
export class BoundedMap<V> {
  readonly recent: PersistentMap<V>;
  readonly older: PersistentMap<V>;
  readonly needed: PersistentMap<V>;

  private constructor(
    readonly capacity: number,
    { recent, older, needed = PersistentMap.empty }: Generations<V>,
    /** How many keys were dropped so far; 0: a key that is not here was never set. */
    readonly forgotten: number,
  ) {
    this.recent = recent;
    this.older = older;
    this.needed = needed;
  }

  static ofCapacity<V>(capacity: number): BoundedMap<V> {
    return new BoundedMap<V>(capacity, { recent: PersistentMap.empty, older: PersistentMap.empty }, 0);
  }

  /** Puts a map together again from its parts, as a snapshot keeps them. */
  static restore<V>(parts: Generations<V> & { readonly capacity: number; readonly forgotten: number }): BoundedMap<V> {
    return new BoundedMap(parts.capacity, parts, parts.forgotten);
  }

  get size(): number {
    return this.recent.size + this.older.size + this.needed.size;
  }

  get(key: string): V | undefined {
    return this.recent.get(key) ?? this.older.get(key) ?? this.needed.get(key);
  }

  has(key: string): boolean {
    return this.recent.has(key) || this.older.has(key) || this.needed.has(key);
  }

  /**
   * Remembers a key as the newest.
   *
   * @param isNeeded of a value whose time has come: whether it is remembered all the same. Asked once a generation.
   */
  set(key: string, value: V, isNeeded?: (value: V) => boolean): BoundedMap<V> {
    const [older, before] = [this.older.delete(key), this.needed.delete(key)];
    const recent = this.recent.set(key, value);
    if (recent.size <= this.capacity)
      return new BoundedMap(this.capacity, { recent, older, needed: before }, this.forgotten);
    const needed = isNeeded === undefined ? PersistentMap.empty : neededOf([before, older], isNeeded);
    const forgotten = this.forgotten + older.size + before.size - needed.size;
    return new BoundedMap<V>(this.capacity, { recent: PersistentMap.empty, older: recent, needed }, forgotten);
  }
}
