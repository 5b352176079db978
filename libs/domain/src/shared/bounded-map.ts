import { PersistentMap } from './persistent-map.js';

/**
 * A persistent map that remembers at least the newest `capacity` keys and at most twice as many: two generations, of which
 * the older is dropped whole, so that forgetting costs nothing per key.
 */
export class BoundedMap<V> {
  private constructor(
    readonly capacity: number,
    readonly recent: PersistentMap<V>,
    readonly older: PersistentMap<V>,
    /** How many keys were dropped so far; 0: a key that is not here was never set. */
    readonly forgotten: number,
  ) {}

  static ofCapacity<V>(capacity: number): BoundedMap<V> {
    return new BoundedMap<V>(capacity, PersistentMap.empty, PersistentMap.empty, 0);
  }

  /** Puts a map together again from its parts, as a snapshot keeps them. */
  static restore<V>(parts: {
    readonly capacity: number;
    readonly recent: PersistentMap<V>;
    readonly older: PersistentMap<V>;
    readonly forgotten: number;
  }): BoundedMap<V> {
    return new BoundedMap(parts.capacity, parts.recent, parts.older, parts.forgotten);
  }

  get size(): number {
    return this.recent.size + this.older.size;
  }

  get(key: string): V | undefined {
    return this.recent.get(key) ?? this.older.get(key);
  }

  has(key: string): boolean {
    return this.recent.has(key) || this.older.has(key);
  }

  set(key: string, value: V): BoundedMap<V> {
    const older = this.older.delete(key);
    const recent = this.recent.set(key, value);
    if (recent.size <= this.capacity) return new BoundedMap(this.capacity, recent, older, this.forgotten);
    return new BoundedMap<V>(this.capacity, PersistentMap.empty, recent, this.forgotten + older.size);
  }
}
