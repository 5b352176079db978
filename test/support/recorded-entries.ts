import { JOURNAL_KINDS, type JournalKind } from '@verdict/application';
import { readRecording, releases } from '../replay/recording.js';

type Member = { [name: string]: unknown } | unknown[];

export interface WireEntry {
  envelope: { [member: string]: unknown; type: string; type_v: number; origin: string; revision: number };
  payload: Record<string, unknown>;
}
export interface RecordedLine {
  readonly release: string;
  readonly kind: JournalKind;
  /** The canonical text, as it goes over the wire. */
  readonly line: string;
  readonly entry: WireEntry;
}

export const entryOf = (line: string): WireEntry => JSON.parse(line) as WireEntry;

/** Every entry of every recorded journal, oldest release first. */
export const recordedEntries = (): readonly RecordedLine[] =>
  releases().flatMap((release) => {
    const { recording } = readRecording(release);
    return JOURNAL_KINDS.flatMap((kind) =>
      recording[kind].map((line) => ({ release, kind, line, entry: entryOf(line) })),
    );
  });

/** One of each shape: the type in its version, with the longest text, as it says most. */
export const fullestOfEach = (recorded: readonly RecordedLine[]): readonly RecordedLine[] => {
  const fullest = new Map<string, RecordedLine>();
  for (const each of recorded) {
    const key = `${each.kind} ${each.entry.envelope.type} ${each.entry.envelope.type_v}`;
    if (each.line.length > (fullest.get(key)?.line.length ?? 0)) fullest.set(key, each);
  }
  return [...fullest.values()];
};

/** Maps whose members have names of their own: one less, or one more, is another map and legal. */
const MAPS = new Set([
  'observed',
  'options',
  'classes',
  'terraform',
  'k8s_admission',
  'cloud_event',
  'defaults',
  'match',
]);

export interface Mutant {
  readonly change: string;
  readonly entry: WireEntry;
}

const isMember = (value: unknown): value is Member => typeof value === 'object' && value !== null;

interface Place {
  readonly path: readonly string[];
  readonly isFixed: boolean;
}

const placesIn = (value: unknown, path: readonly string[] = []): readonly Place[] => {
  if (!isMember(value)) return [];
  const isFixed = !Array.isArray(value) && !MAPS.has(path.at(-1) ?? '');
  return Object.entries(value).flatMap(([name, each]) => [
    { path: [...path, name], isFixed },
    ...placesIn(each, [...path, name]),
  ]);
};

const changed = (
  entry: WireEntry,
  path: readonly string[],
  change: (holder: Member, name: string) => void,
): WireEntry => {
  const copy = structuredClone(entry);
  const holder = path.slice(0, -1).reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], copy);
  change(holder as Member, path.at(-1)!);
  return copy;
};

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((held, name) => (isMember(held) ? Reflect.get(held, name) : undefined), value);

const isWithout = (entry: WireEntry, path: readonly string[]): boolean => {
  const holder = at(entry, path.slice(0, -1));
  return isMember(holder) && !Array.isArray(holder) && !Reflect.has(holder, path.at(-1) ?? '');
};

/** Recorded entries of the same type in the same version. */
export const likenessesOf = (recorded: readonly RecordedLine[], { kind, entry }: RecordedLine): readonly WireEntry[] =>
  recorded
    .filter(
      (each) =>
        each.kind === kind &&
        each.entry.envelope.type === entry.envelope.type &&
        each.entry.envelope.type_v === entry.envelope.type_v,
    )
    .map((each) => each.entry);

/**
 * Every member left out once, and every value once replaced by what no member may be: a number that is not whole. A member
 * that a recorded entry of the type does without may be missing: `recorded` are those.
 */
export const mutantsOf = (entry: WireEntry, recorded: readonly WireEntry[] = []): readonly Mutant[] =>
  placesIn(entry).flatMap(({ path, isFixed }) => [
    {
      change: `/${path.join('/')} is -0.5`,
      entry: changed(entry, path, (holder, name) => Reflect.set(holder, name, -0.5)),
    },
    ...(isFixed && !recorded.some((other) => isWithout(other, path))
      ? [
          {
            change: `/${path.join('/')} is missing`,
            entry: changed(entry, path, (holder, name) => Reflect.deleteProperty(holder, name)),
          },
        ]
      : []),
  ]);

/** `entry` with one value replaced. */
export const withValue = (entry: WireEntry, path: string, value: unknown): WireEntry =>
  changed(entry, path.split('/').slice(1), (holder, name) => Reflect.set(holder, name, value));
