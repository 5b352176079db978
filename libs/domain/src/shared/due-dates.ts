import type { Instant } from './brand.js';
import { PersistentMap } from './persistent-map.js';

/**
 * Ids by the instant that each waits for: a shelf per year, in it one per month, and so on down to the minute, so that
 * what is due is found without a look at what is not. Made of persistent maps, so equal content has one shape.
 */
export type DueDates = PersistentMap<DueDates | Instant>;

export const noDueDates: DueDates = PersistentMap.empty;

/** Lengths of `2026`, `2026-11`, `2026-11-10`, `2026-11-10T10` and `2026-11-10T10:00`. */
const SHELVES = [4, 7, 10, 13, 16];

const shelfIn = (dates: DueDates, name: string): DueDates => {
  const shelf = dates.get(name);
  return shelf instanceof PersistentMap ? shelf : noDueDates;
};

/** Changes the innermost shelf of an instant; a shelf that it leaves empty goes. */
const onShelf = (dates: DueDates, at: Instant, change: (shelf: DueDates) => DueDates, depth = 0): DueDates => {
  const length = SHELVES[depth];
  if (length === undefined) return change(dates);
  const name = at.slice(0, length);
  const shelf = onShelf(shelfIn(dates, name), at, change, depth + 1);
  return shelf.size === 0 ? dates.delete(name) : dates.set(name, shelf);
};

/** Puts an id down for an instant; the same dates when it is there already. An id has one instant at a time. */
export const withDueDate = (dates: DueDates, id: string, at: Instant): DueDates =>
  onShelf(dates, at, (shelf) => shelf.set(id, at));

/** Takes an id away that was put down for this instant; the same dates when it was not. */
export const withoutDueDate = (dates: DueDates, id: string, at: Instant): DueDates =>
  onShelf(dates, at, (shelf) => shelf.delete(id));

/**
 * Yields the ids whose instant is not after `until`, in no particular order. The cost is that of what it yields, plus at
 * most some hundred names of shelves and the ids of one minute.
 */
export function* dueUntil(dates: DueDates, until: Instant): Generator<string, void, undefined> {
  for (const [name, within] of dates) {
    if (!(within instanceof PersistentMap)) {
      if (within <= until) yield name;
    } else if (name <= until.slice(0, name.length)) yield* dueUntil(within, until);
  }
}
