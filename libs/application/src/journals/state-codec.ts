import { BoundedMap, PersistentMap } from '@verdict/domain';

type Tagged =
  | { readonly $int: string }
  | { readonly $map: readonly (readonly [string, unknown])[] }
  | {
      readonly $bounded: {
        readonly capacity: number;
        readonly forgotten: number;
        readonly recent: unknown;
        readonly older: unknown;
      };
    };

const toPlain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return { $int: value.toString() } satisfies Tagged;
  if (value instanceof PersistentMap) {
    return { $map: [...value].map(([key, each]) => [key, toPlain(each)] as const) } satisfies Tagged;
  }
  if (value instanceof BoundedMap) {
    const { capacity, forgotten, recent, older } = value;
    return { $bounded: { capacity, forgotten, recent: toPlain(recent), older: toPlain(older) } } satisfies Tagged;
  }
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toPlain(each)]));
  }
  return value;
};

const isTagged = (value: object, tag: string): boolean => Object.hasOwn(value, tag) && Object.keys(value).length === 1;

const fromPlain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(fromPlain);
  if (typeof value !== 'object' || value === null) return value;
  if (isTagged(value, '$int')) return BigInt((value as { $int: string }).$int);
  if (isTagged(value, '$map')) {
    const pairs = (value as { $map: readonly [string, unknown][] }).$map;
    return PersistentMap.from(pairs.map(([key, each]) => [key, fromPlain(each)] as const));
  }
  if (isTagged(value, '$bounded')) {
    const { $bounded } = value as Extract<Tagged, { $bounded: unknown }>;
    const recent = fromPlain($bounded.recent) as PersistentMap<unknown>;
    const older = fromPlain($bounded.older) as PersistentMap<unknown>;
    return BoundedMap.restore({ ...$bounded, recent, older });
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fromPlain(each)]));
};

/**
 * Bytes of a folded state: JSON in which bigint and persistent maps are tagged. Only for snapshots, which are a cache:
 * the schema version beside them says whether today's code can read them.
 */
export const encodeState = (state: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(toPlain(state)));
export const decodeState = (bytes: Uint8Array): unknown => fromPlain(JSON.parse(new TextDecoder().decode(bytes)));
