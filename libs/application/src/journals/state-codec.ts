import { BoundedMap, PersistentMap } from '@verdict/domain';
import { othersTurn } from '../shared/breathe.js';

type Tagged =
  | { readonly $int: string }
  | { readonly $map: readonly (readonly [string, unknown])[] }
  | {
      readonly $bounded: {
        readonly capacity: number;
        readonly forgotten: number;
        readonly recent: unknown;
        readonly older: unknown;
        readonly needed?: unknown;
      };
    };

/** Where nothing is needed beyond its time, nothing is said of it: as snapshots were before there was such a thing. */
const mapsOf = ({ capacity, forgotten, recent, older, needed }: BoundedMap<unknown>) => ({
  ...{ capacity, forgotten, recent, older },
  ...(needed.size === 0 ? {} : { needed }),
});

const toPlain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return { $int: value.toString() } satisfies Tagged;
  if (value instanceof PersistentMap) {
    return { $map: [...value].map(([key, each]) => [key, toPlain(each)] as const) } satisfies Tagged;
  }
  if (value instanceof BoundedMap) {
    const { capacity, forgotten, ...maps } = mapsOf(value);
    const plain = Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, toPlain(map)]));
    return { $bounded: { capacity, forgotten, ...plain } };
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
    const needed =
      $bounded.needed === undefined ? {} : { needed: fromPlain($bounded.needed) as PersistentMap<unknown> };
    return BoundedMap.restore({ capacity: $bounded.capacity, forgotten: $bounded.forgotten, recent, older, ...needed });
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fromPlain(each)]));
};

/** Text of a value, a piece for each entry of a large map: whoever writes it can rest in between. */
function* piecesOf(value: unknown): Generator<string, void, undefined> {
  if (value instanceof PersistentMap) {
    yield '{"$map":[';
    let comma = '';
    for (const pair of value as PersistentMap<unknown>) {
      yield comma + JSON.stringify(toPlain(pair));
      comma = ',';
    }
    yield ']}';
  } else if (value instanceof BoundedMap) {
    yield '{"$bounded":';
    yield* membersOf(mapsOf(value));
    yield '}';
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) yield* membersOf(value);
  else yield JSON.stringify(toPlain(value));
}

function* membersOf(value: object): Generator<string, void, undefined> {
  let before = '{';
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    yield* piecesOf(member);
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}

/**
 * Bytes of a folded state: JSON in which bigint and persistent maps are tagged. Only for snapshots, which are a cache:
 * the schema version beside them says whether today's code can read them.
 */
export const encodeState = (state: unknown): Uint8Array => Buffer.from([...piecesOf(state)].join(''), 'utf8');
export const decodeState = (bytes: Uint8Array): unknown => fromPlain(JSON.parse(new TextDecoder().decode(bytes)));

/** Takes about a millisecond. */
const CHUNK_LENGTH = 64 * 1024;

/** As `encodeState`, while others have their turns: a large state takes longer than a verdict may wait. */
export const encodeStateInTurns = async (state: unknown): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  let text = '';
  for (const piece of piecesOf(state)) {
    text += piece;
    if (text.length < CHUNK_LENGTH) continue;
    chunks.push(Buffer.from(text, 'utf8'));
    text = '';
    await othersTurn();
  }
  return Buffer.concat([...chunks, Buffer.from(text, 'utf8')]);
};
