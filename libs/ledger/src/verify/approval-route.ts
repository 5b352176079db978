import { isJsonObject, type JsonValue } from '../json/json-value.js';
import { integerAt, PayloadDefect, textAt } from './payload.js';

/** A stage that needs so many different persons. */
interface Stage {
  readonly id: string;
  readonly quorum: number;
}

/** Sets of stages, each of which grants. */
export type Ways = readonly (readonly Stage[])[];

const listAt = (value: JsonValue, member: string): readonly JsonValue[] | undefined => {
  const list = isJsonObject(value) ? value[member] : undefined;
  return Array.isArray(list) ? list : undefined;
};

const stageOf = (tree: JsonValue): Stage => ({ id: textAt(tree, 'id'), quorum: integerAt(tree, 'quorum') });

/** More ways than any policy may pin: what claims them was made to keep a verifier busy. */
const WAYS_MAX = 4096;

const bounded = (ways: Ways): Ways => {
  if (ways.length > WAYS_MAX) throw new PayloadDefect('the route has too many branches');
  return ways;
};

/**
 * The ways in which a pinned route may be fulfilled.
 * @throws PayloadDefect when a stage has no id or quorum, or there are more ways than policies allow.
 * @source contract section 8.3
 */
export const waysOf = (tree: JsonValue): Ways => {
  const any = listAt(tree, 'any');
  if (any !== undefined) return bounded(any.flatMap(waysOf));
  const all = listAt(tree, 'all');
  if (all === undefined) return [[stageOf(tree)]];
  return all.reduce<Ways>(
    (ways, branch) => bounded(ways.flatMap((way) => waysOf(branch).map((more) => [...way, ...more]))),
    [[]],
  );
};

/** Stages in which each of the persons who agreed may count. */
export type Agreed = readonly (readonly string[])[];

/** Whether every person can be given one stage so that all of them have their quorum: a matching, by augmenting paths. */
const isFilled = (way: readonly Stage[], agreed: Agreed): boolean => {
  const seats = way.flatMap(({ id, quorum }) => Array.from({ length: quorum }, () => id));
  const seatOf = new Map<number, number>();
  const seat = (place: number, tried: Set<number>): boolean =>
    agreed.some((stages, person) => {
      const wanted = seats[place];
      if (tried.has(person) || wanted === undefined || !stages.includes(wanted)) return false;
      tried.add(person);
      const occupied = seatOf.get(person);
      if (occupied !== undefined && !seat(occupied, tried)) return false;
      seatOf.set(person, place);
      return true;
    });
  return seats.every((_, place) => seat(place, new Set()));
};

/** Whether the persons who agreed fulfil one of the ways, each of them counted in one stage only. */
export const isFulfilled = (ways: Ways, agreed: Agreed): boolean => ways.some((way) => isFilled(way, agreed));
